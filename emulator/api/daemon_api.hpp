// SPDX-License-Identifier: Apache-2.0
// DaemonApi: who answers the daemon's port: guards it, and has its routes, AWS's Lambda API among them. Owned
// by the daemon; lives on its io_context's thread.
#pragma once

#include "base/http/host_guard.hpp"
#include "emulator/api/invoke_handler.hpp"
#include "emulator/api/monitor_handler.hpp"
#include "emulator/api/routes.hpp"
#include "emulator/environment/identifiers.hpp"

namespace lemu::emulator {

class DaemonApi final : public http::Handler {
 public:
  DaemonApi(http::HostGuard guard, FunctionRegistry& functions, AsyncQueue& events, Identifiers& ids,
            std::size_t payload_limit)
      : guard_(std::move(guard)),
        ids_(ids),
        payload_limit_(payload_limit),
        invoke_(functions, events, ids, payload_limit),
        monitor_(functions, events) {}

  /// From now on invocations are refused: the daemon is ending.
  void stop_taking() { ending_ = true; }

  http::HeadVerdict on_head(const http::Request& request) override;
  void on_request(http::Request& request, http::Reply reply) override;
  void on_peer_gone(const http::Reply& reply) override { invoke_.caller_gone(reply); }

 private:
  static std::span<const Route<DaemonApi>> routes();
  template <InvokeOperation operation>
  void invoke(const RouteCall& call);
  void health(const RouteCall& call) { MonitorHandler::health(call.http); }
  void metrics(const RouteCall& call) { monitor_.metrics(call.http); }
  [[nodiscard]] std::size_t limit_by_type(const http::Request& request) const;
  [[nodiscard]] std::size_t limit_of_events(const http::Request& request) const;

  http::HostGuard guard_;
  Identifiers& ids_;
  const std::size_t payload_limit_;
  InvokeHandler invoke_;
  MonitorHandler monitor_;
  bool ending_ = false;
};

}  // namespace lemu::emulator
