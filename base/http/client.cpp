// SPDX-License-Identifier: Apache-2.0
#include "base/http/client.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "base/http/errors.hpp"
#include "base/words.hpp"

namespace lemu::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;

beast::request<beast::string_body> request_for(const ClientRequest& wanted, const std::string& host) {
  beast::request<beast::string_body> request;
  request.method_string(wanted.method);
  request.target(wanted.target);
  for (const auto& [name, value] : wanted.fields) request.set(name, value);
  request.body() = wanted.body;
  request.set(beast::field::host, host);
  request.prepare_payload();
  return request;
}

}  // namespace

std::string_view ClientAnswer::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (same_word(key, name)) return value;
  return {};
}

Result<ClientAnswer> exchange(Fd connection, const std::string& host, const std::string& url,
                              const ClientRequest& wanted, const AnswerPiece& piece) {
  asio::io_context context;
  asio::generic::stream_protocol::socket socket(context);
  boost::beast::error_code code;
  socket.assign(asio::generic::stream_protocol(AF_UNSPEC, 0), connection.get(), code);
  if (!code) static_cast<void>(connection.release());
  beast::request<beast::string_body> request = request_for(wanted, host);
  // Who refuses a caller may answer before it has read all: what it says counts.
  boost::beast::error_code writing;
  if (!code) beast::write(socket, request, writing);
  boost::beast::flat_buffer buffer;
  beast::response_parser<beast::string_body> parser;
  parser.body_limit(boost::none);
  if (!code) beast::read_header(socket, buffer, parser, code);
  const bool refused = !code && parser.get().result_int() >= 300;
  while (!code && !parser.is_done()) {
    beast::read_some(socket, buffer, parser, code);
    if (!piece || refused) continue;
    LEMU_TRY(piece(parser.get().body()));
    parser.get().body().clear();
  }
  if (code)
    return fail<"endpoint-silent">(at<"url">(url), at<"reason">((writing ? writing : code).message()));

  ClientAnswer answer;
  answer.status = parser.get().result_int();
  for (const auto& field : parser.get())
    answer.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  answer.body = std::move(parser.get().body());
  return answer;
}

}  // namespace lemu::http
