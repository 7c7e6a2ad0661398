// SPDX-License-Identifier: Apache-2.0
// One request to a daemon and its answer, over a connection that is there: TCP, or the control socket.
// Blocking.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::http {

struct ClientAnswer {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  /// The first field of that name, in any case; empty when there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

struct ClientRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
};

/// Takes the body of a good answer as it comes, in place of the result. An error ends the request, and is its
/// result.
using AnswerPiece = std::function<Status(std::string_view)>;

/// `host` is for the request's Host field; `url` names the daemon in errors.
[[nodiscard]] Result<ClientAnswer> exchange(Fd connection, const std::string& host, const std::string& url,
                                            const ClientRequest& wanted, const AnswerPiece& piece);

}  // namespace lemu::http
