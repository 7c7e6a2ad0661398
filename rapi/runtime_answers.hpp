// SPDX-License-Identifier: Apache-2.0
// What the Runtime API answers, to the byte: the bodies are those of aws-lambda-rie, as Go's JSON encoder
// writes them: one line, ended. Pure, but for send_event.
#pragma once

#include <string>
#include <string_view>

#include "base/http/http.hpp"
#include "rapi/runtime_state.hpp"

namespace lemu::rapi {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kText = "text/plain; charset=utf-8";

inline constexpr http::Response kAccepted{202, kJson, "{\"status\":\"OK\"}\n"};
inline constexpr http::Response kPong{200, kText, "pong"};

/// Why a request is refused, and the answer that says so.
struct Refusal {
  unsigned status = 400;
  std::string type;  ///< errorType
  std::string message;
  enum class Form {
    json,     ///< with message and type
    text,     ///< Go's words for a path that is not there
    nothing,  ///< no body
  } form = Form::json;
  std::string_view allow = {};  ///< static text

  [[nodiscard]] http::Refusal answer() const;
};

[[nodiscard]] Refusal invalid_request_id();
[[nodiscard]] Refusal invalid_transition(RuntimePhase from, RuntimeCall call);
[[nodiscard]] Refusal truncated_body();
[[nodiscard]] Refusal too_large_body(std::size_t limit);
[[nodiscard]] Refusal invalid_mode();
/// A web page's request, by its header.
[[nodiscard]] Refusal not_for_pages();
[[nodiscard]] Refusal no_such_path(std::string_view path);
[[nodiscard]] Refusal wrong_method(std::string_view allowed);

/// The answer to `next`.
http::Reply::Sent send_event(const http::Reply& reply, const std::shared_ptr<const Event>& shared);

}  // namespace lemu::rapi
