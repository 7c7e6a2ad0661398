// SPDX-License-Identifier: Apache-2.0
// AdminHandler: what looks after the daemon: what runs, logs, asynchronous events, the end. Owned by the
// control API; lives on its io_context's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/http/http.hpp"
#include "emulator/api/api_reply.hpp"
#include "emulator/api/function_registry.hpp"
#include "emulator/api/routes.hpp"
#include "emulator/async/async_queue.hpp"

namespace lemu::emulator {

class AdminHandler {
 public:
  using StopCall = std::function<void(const http::Reply&)>;
  /// `stop` ends the daemon as SIGTERM does; the reply is for stopped().
  AdminHandler(FunctionRegistry& functions, AsyncQueue& events, StopCall stop)
      : functions_(functions), events_(events), stop_(std::move(stop)) {}

  void environments(const RouteCall& call);
  /// The end of the log; with ?follow=1 also what follows, up to the daemon's end.
  void logs(const RouteCall& call);
  void stop(const RouteCall& call) { stop_(call.http); }
  /// Answers who asked for the end.
  static void stopped(const http::Reply& reply);
  void list_events(const RouteCall& call);
  /// `name` is the request id.
  void show_letter(const RouteCall& call);
  void redrive(const RouteCall& call);

 private:
  FunctionRegistry& functions_;
  AsyncQueue& events_;
  StopCall stop_;
};

}  // namespace lemu::emulator
