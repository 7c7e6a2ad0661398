// SPDX-License-Identifier: Apache-2.0
// Endpoint: a running daemon as the commands that talk to it see it: where its port is, and one request at a
// time. Blocking.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/http/client.hpp"
#include "base/tcp_end.hpp"
#include "emulator/cli/parser/command_line_parser.hpp"

namespace lemu::emulator::cli {

class Endpoint {
 public:
  /// "http://127.0.0.1:9000", "localhost:9000", "http://[::1]:9000", "http://build-host:9000". bad_usage for
  /// anything else.
  static Result<Endpoint> parse(const std::string& url);

  /// To the port. host_lacks when nobody answers there.
  [[nodiscard]] Result<http::ClientAnswer> request(const http::ClientRequest& wanted,
                                                   const http::AnswerPiece& piece = nullptr) const;
  /// To the control socket of the daemon that listens there, which must be on this machine, and this user's;
  /// root finds every user's.
  [[nodiscard]] Result<http::ClientAnswer> control(const http::ClientRequest& wanted,
                                                   const http::AnswerPiece& piece = nullptr) const;
  [[nodiscard]] std::string url() const { return "http://" + authority(); }

 private:
  Endpoint(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  [[nodiscard]] std::string authority() const { return host_ + ":" + std::to_string(port_); }
  [[nodiscard]] Result<std::vector<TcpEnd>> addresses() const;
  [[nodiscard]] Result<Fd> connect() const;
  [[nodiscard]] Result<Fd> connect_to_control_socket() const;

  std::string host_;  // as in a URL
  std::uint16_t port_;
};

/// $LEMU_ENDPOINT, else http://127.0.0.1:9000.
[[nodiscard]] std::string default_endpoint();
/// --endpoint, into a text that is parsed later.
[[nodiscard]] OptionSpec endpoint_option(std::string& into);

/// What the daemon's own error says, in a sentence.
[[nodiscard]] tl::unexpected<Error> refused_by(const Endpoint& endpoint, const http::ClientAnswer& answer);

}  // namespace lemu::emulator::cli
