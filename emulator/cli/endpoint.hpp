// SPDX-License-Identifier: Apache-2.0
// Endpoint: a running daemon as the commands that talk to one see it: its address, and one request at a time.
// Numeric addresses and `localhost` only: lemu is static and looks no names up. Blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "emulator/cli/command_line_parser.hpp"

namespace lemu::emulator::cli {

struct EndpointAnswer {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  /// The first field of that name, in any case; empty when there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

struct EndpointRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
};

class Endpoint {
 public:
  /// An error ends the request, and is its result.
  using Piece = std::function<Status(std::string_view)>;

  /// "http://127.0.0.1:9000", "localhost:9000". bad_usage for anything else.
  static Result<Endpoint> parse(const std::string& url);

  /// host_lacks when nobody answers there. `piece` gets the body of a good answer as it comes, in place of
  /// the result.
  [[nodiscard]] Result<EndpointAnswer> request(const EndpointRequest& wanted,
                                               const Piece& piece = nullptr) const;
  [[nodiscard]] std::string url() const { return "http://" + host_ + ":" + std::to_string(port_); }

 private:
  Endpoint(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  std::string host_;
  std::uint16_t port_;
};

/// $LEMU_ENDPOINT, else http://127.0.0.1:9000.
[[nodiscard]] std::string default_endpoint();
/// --endpoint, into a text that is parsed later.
[[nodiscard]] OptionSpec endpoint_option(std::string& into);

/// What the daemon's own error says, in a sentence.
[[nodiscard]] tl::unexpected<Error> refused_by(const Endpoint& endpoint, const EndpointAnswer& answer);

}  // namespace lemu::emulator::cli
