// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/endpoint.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json_document.hpp"
#include "base/units.hpp"
#include "emulator/cli/command_line_values.hpp"
#include "emulator/cli/errors.hpp"

namespace lemu::emulator::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::string_view kScheme = "http://";
constexpr std::uint16_t kDefaultPort = 80;

tl::unexpected<Error> unreachable(const Endpoint& endpoint, const beast::error_code& code) {
  return fail<"endpoint-silent">(endpoint.url(), code.message());
}

}  // namespace

std::string_view EndpointAnswer::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
  return {};
}

Result<Endpoint> Endpoint::parse(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  rest = rest.substr(0, rest.find('/'));
  std::uint16_t port = kDefaultPort;
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos) {
    const std::optional<std::uint16_t> written = parse_port(rest.substr(colon + 1));
    if (!written) return fail<"endpoint-malformed">(url);
    port = *written;
    rest = rest.substr(0, colon);
  }
  const std::string host = rest == "localhost" ? "127.0.0.1" : std::string(rest);
  beast::error_code code;
  asio::ip::make_address_v4(host, code);
  if (code) return fail<"endpoint-malformed">(url);
  return Endpoint(host, port);
}

Result<EndpointAnswer> Endpoint::request(const EndpointRequest& wanted, const Piece& piece) const {
  asio::io_context context;
  tcp::socket socket(context);
  beast::error_code code;
  socket.connect({asio::ip::make_address_v4(host_), port_}, code);
  if (code) return unreachable(*this, code);

  http::request<http::string_body> request;
  request.method_string(wanted.method);
  request.target(wanted.target);
  for (const auto& [name, value] : wanted.fields) request.set(name, value);
  request.body() = wanted.body;
  request.set(http::field::host, host_ + ":" + std::to_string(port_));
  request.prepare_payload();
  http::write(socket, request, code);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  if (!code) http::read_header(socket, buffer, parser, code);
  const bool refused = !code && parser.get().result_int() >= 300;
  while (!code && !parser.is_done()) {
    http::read_some(socket, buffer, parser, code);
    if (!piece || refused) continue;
    if (Status taken = piece(parser.get().body()); !taken) return fail(std::move(taken.error()));
    parser.get().body().clear();
  }
  if (code) return unreachable(*this, code);

  EndpointAnswer answer;
  answer.status = parser.get().result_int();
  for (const auto& field : parser.get())
    answer.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  answer.body = std::move(parser.get().body());
  return answer;
}

std::string default_endpoint() {
  const char* named = std::getenv("LEMU_ENDPOINT");
  return named != nullptr && *named != '\0' ? named : "http://127.0.0.1:9000";
}

OptionSpec endpoint_option(std::string& into) {
  return {"--endpoint", "URL",
          "the running `lemu serve` (default: $LEMU_ENDPOINT, else http://127.0.0.1:9000)",
          "--endpoint http://127.0.0.1:9001", take_text(into)};
}

tl::unexpected<Error> refused_by(const Endpoint& endpoint, const EndpointAnswer& answer) {
  const nlohmann::ordered_json body = json_document(answer.body);
  std::string message = "status " + std::to_string(answer.status);
  if (body.is_object())
    for (const char* key : {"message", "Message"})
      if (body.contains(key) && body[key].is_string()) message = body[key].get<std::string>();
  const std::string_view name = answer.field("x-amzn-ErrorType");
  if (!name.empty()) message.insert(0, std::string(name) + ": ");
  constexpr unsigned too_many_requests = 429;
  if (answer.status >= 500 || answer.status == too_many_requests)
    return fail<"endpoint-failed">(endpoint.url(), message);
  return fail<"endpoint-refused">(endpoint.url(), message);
}

}  // namespace lemu::emulator::cli
