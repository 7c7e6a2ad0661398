// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/invoke_request.hpp"

#include <algorithm>
#include <optional>

#include "base/base64.hpp"
#include "base/url.hpp"
#include "emulator/function/event.hpp"

namespace lemu::emulator {
namespace {

constexpr std::size_t kAsyncLimit = 1'048'576;
constexpr std::size_t kContextLimit = 3'583;  // of base64

std::string_view word_of(InvocationType type) {
  switch (type) {
    case InvocationType::request_response: return "RequestResponse";
    case InvocationType::event: return "Event";
    case InvocationType::dry_run: return "DryRun";
  }
  return {};
}

std::optional<InvocationType> parse_type(std::string_view word) {
  if (word.empty()) return InvocationType::request_response;
  for (const InvocationType type :
       {InvocationType::request_response, InvocationType::event, InvocationType::dry_run})
    if (word == word_of(type)) return type;
  return std::nullopt;
}

ApiError not_of_enum(std::string_view value, const char* member, const char* set) {
  return {ApiFault::invalid_parameter_value,
          "1 validation error detected: Value '" + std::string(value) + "' at '" + member +
              "' failed to satisfy constraint: Member must satisfy enum value set: " + set};
}

// As the service's model has it.
constexpr std::size_t kTenantLimit = 256;
constexpr char kTenantPattern[] = "[a-zA-Z0-9\\._:\\/=+\\-@ ]+";

bool is_tenant(std::string_view text) {
  return text.size() <= kTenantLimit && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("._:/=+-@ ").find(c) != std::string_view::npos;
         });
}

ApiError no_tenant(const std::string& text) {
  return {ApiFault::validation,
          "1 validation error detected: Value '" + text + "' at 'tenantId' failed to satisfy constraint: " +
              (text.size() > kTenantLimit
                   ? "Member must have length less than or equal to " + std::to_string(kTenantLimit)
                   : std::string("Member must satisfy regular expression pattern: ") + kTenantPattern)};
}

ApiError bad_context() {
  return {ApiFault::invalid_request_content, "Client context must be a valid Base64-encoded JSON object."};
}

tl::expected<std::string, ApiError> read_context(std::string_view encoded) {
  if (encoded.size() > kContextLimit) return tl::unexpected(bad_context());
  std::optional<std::string> context = base64_decode(encoded);
  if (!context || !check_client_context(*context)) return tl::unexpected(bad_context());
  return std::move(*context);
}

}  // namespace

std::size_t payload_limit(InvocationType type, std::size_t most) {
  return std::min(most, type == InvocationType::event ? kAsyncLimit : kEventLimit);
}

InvocationType invocation_type_of(const http::Request& request) {
  return parse_type(request.header("X-Amz-Invocation-Type")).value_or(InvocationType::request_response);
}

tl::expected<InvokeRequest, ApiError> read_invoke_request(const http::Request& request, std::string_view name,
                                                          InvokeOperation operation) {
  InvokeRequest read;
  tl::expected<FunctionReference, ApiError> reference =
      parse_function_reference(name, query_value(request.query(), "Qualifier"));
  if (!reference) return tl::unexpected(std::move(reference.error()));
  read.function = std::move(*reference);

  const std::string_view type = request.header("X-Amz-Invocation-Type");
  const std::optional<InvocationType> known = parse_type(type);
  if (!known) return tl::unexpected(not_of_enum(type, "invocationType", "[Event, RequestResponse, DryRun]"));
  const bool streams = operation == InvokeOperation::streaming || operation == InvokeOperation::reported;
  if (streams && *known == InvocationType::event)
    return tl::unexpected(not_of_enum(type, "invocationType", "[RequestResponse, DryRun]"));
  read.type = operation == InvokeOperation::asynchronous ? InvocationType::event : *known;
  const std::string_view log = request.header("X-Amz-Log-Type");
  if (!log.empty() && log != "None" && log != "Tail")
    return tl::unexpected(not_of_enum(log, "logType", "[None, Tail]"));
  read.log = log == "Tail" || operation == InvokeOperation::reported ? LogType::tail : LogType::none;

  if (const std::string_view context = request.header("X-Amz-Client-Context"); !context.empty()) {
    tl::expected<std::string, ApiError> json = read_context(context);
    if (!json) return tl::unexpected(std::move(json.error()));
    read.client_context = std::move(*json);
  }
  read.tenant = request.header("X-Amz-Tenant-Id");
  if (!is_tenant(read.tenant)) return tl::unexpected(no_tenant(read.tenant));
  read.trace = request.header("X-Amzn-Trace-Id");
  return read;
}

tl::expected<Payload, ApiError> take_payload(http::Request& request, InvocationType type, std::size_t limit) {
  switch (request.end) {
    case http::BodyEnd::complete: break;
    case http::BodyEnd::truncated:
      return tl::unexpected(ApiError{ApiFault::invalid_request_content,
                                     "The request's body ended before its declared length."});
    case http::BodyEnd::malformed:
      return tl::unexpected(
          ApiError{ApiFault::invalid_request_content, "The request's body is not in well-formed chunks."});
    case http::BodyEnd::late:
      return tl::unexpected(
          ApiError{ApiFault::request_timeout, "The request's body did not come within the time for it."});
    case http::BodyEnd::no_room:
      return tl::unexpected(ApiError{ApiFault::unavailable,
                                     "The payloads of other requests left no room for this one "
                                     "(--payloads-memory) within the time for it."});
    case http::BodyEnd::too_large: {
      const std::string_view length = request.header("Content-Length");
      const std::string most = std::to_string(limit);
      return tl::unexpected(ApiError{ApiFault::request_too_large,
                                     (length.empty() ? "More than " + most : std::string(length)) +
                                         " byte payload is too large for the " + std::string(word_of(type)) +
                                         " invocation type (limit " + most + " bytes)"});
    }
  }
  if (request.body.empty()) return Payload{"{}", {}};
  if (const Status valid = check_json(request.body, "the payload"); !valid)
    return tl::unexpected(ApiError{ApiFault::invalid_request_content,
                                   "Could not parse request body into json: Could not parse payload into "
                                   "json: " +
                                       valid.error().message});
  return Payload{std::move(request.body), std::move(request.room)};
}

}  // namespace lemu::emulator
