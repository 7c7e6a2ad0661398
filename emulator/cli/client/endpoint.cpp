// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/client/endpoint.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/http/errors.hpp"
#include "base/http/host_guard.hpp"
#include "base/http/host_lookup.hpp"
#include "base/json_document.hpp"
#include "base/units.hpp"
#include "emulator/cli/client/control_lookup.hpp"
#include "emulator/cli/client/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::uint16_t kDefaultPort = 80;

/// Without brackets there is no telling where an IPv6 address ends.
bool is_host(const std::string& text) {
  if (text.starts_with('[')) return TcpEnd::of(text, 0).has_value();
  return http::is_host_name(text);
}

}  // namespace

Result<Endpoint> Endpoint::parse(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  rest = rest.substr(0, rest.find('/'));
  std::uint16_t port = kDefaultPort;
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && !rest.ends_with(']')) {
    const std::optional<std::uint16_t> written = parse_port(rest.substr(colon + 1));
    if (!written) return fail<"endpoint-malformed">(at<"url">(url));
    port = *written;
    rest = rest.substr(0, colon);
  }
  const std::string host(rest);
  if (!is_host(host)) return fail<"endpoint-malformed">(at<"url">(url));
  return Endpoint(host, port);
}

Result<std::vector<TcpEnd>> Endpoint::addresses() const {
  if (const std::optional<TcpEnd> numeric = TcpEnd::of(host_, port_)) return std::vector<TcpEnd>{*numeric};
  return http::look_up_host(host_, port_);
}

/// To the first address that takes it.
Result<Fd> Endpoint::connect() const {
  const Result<std::vector<TcpEnd>> ends = addresses();
  LEMU_TRY(ends);
  int code = 0;
  for (const TcpEnd& end : *ends) {
    Fd fd(::socket(end.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_storage address = end.socket_address();
    if (fd.valid() && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return fd;
    if (code == 0) code = errno;
  }
  return http::fail<"endpoint-silent">(at<"url">(url()), at<"reason">(std::strerror(code)));
}

Result<http::ClientAnswer> Endpoint::request(const http::ClientRequest& wanted,
                                             const http::AnswerPiece& piece) const {
  Result<Fd> connection = connect();
  LEMU_TRY(connection);
  return http::exchange(std::move(*connection), authority(), url(), wanted, piece);
}

/// Where there is no such socket, its port tells why.
Result<Fd> Endpoint::connect_to_control_socket() const {
  const Result<std::vector<TcpEnd>> ends = addresses();
  LEMU_TRY(ends);
  ControlLookup lookup;
  Result<Fd> found = lookup.find(*ends);
  if (found) return found;
  if (!lookup.is_of_this_machine()) return fail<"endpoint-remote">(at<"url">(url()));
  if (Result<Fd> port = connect(); !port) return port;
  if (const std::optional<uid_t> other = lookup.other_user())
    return fail<"endpoint-of-others">(at<"url">(url()), at<"uid">(*other));
  return fail<"endpoint-not-controlled">(at<"url">(url()), at<"folders">(lookup.places()));
}

Result<http::ClientAnswer> Endpoint::control(const http::ClientRequest& wanted,
                                             const http::AnswerPiece& piece) const {
  Result<Fd> connection = connect_to_control_socket();
  LEMU_TRY(connection);
  return http::exchange(std::move(*connection), authority(), url(), wanted, piece);
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

tl::unexpected<Error> refused_by(const Endpoint& endpoint, const http::ClientAnswer& answer) {
  const nlohmann::ordered_json body = json_document(answer.body);
  std::string message = "status " + std::to_string(answer.status);
  if (body.is_object())
    for (const char* key : {"message", "Message"})
      if (body.contains(key) && body[key].is_string()) message = body[key].get<std::string>();
  constexpr unsigned forbidden = 403;
  if (answer.status == forbidden && !body.is_object() && !answer.body.empty())
    message = answer.body.substr(0, answer.body.find('\n'));
  const std::string_view name = answer.field("x-amzn-ErrorType");
  if (!name.empty()) message.insert(0, std::string(name) + ": ");
  constexpr unsigned too_many_requests = 429;
  if (answer.status >= 500 || answer.status == too_many_requests)
    return fail<"endpoint-failed">(at<"url">(endpoint.url()), at<"reason">(message));
  return fail<"endpoint-refused">(at<"url">(endpoint.url()), at<"reason">(message));
}

}  // namespace lemu::emulator::cli
