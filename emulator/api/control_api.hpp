// SPDX-License-Identifier: Apache-2.0
// ControlApi: who answers at the daemon's control socket. Owned by the daemon; lives on its io_context's
// thread.
#pragma once

#include "emulator/api/admin_handler.hpp"
#include "emulator/environment/identifiers.hpp"

namespace lemu::emulator {

class ControlApi final : public http::Handler {
 public:
  /// `stop` ends the daemon as SIGTERM does.
  ControlApi(FunctionRegistry& functions, AsyncQueue& events, Identifiers& ids, AdminHandler::StopCall stop)
      : ids_(ids), admin_(functions, events, std::move(stop)) {}

  http::HeadVerdict on_head(const http::Request& request) override;
  void on_request(http::Request& request, http::Reply http) override;
  void on_peer_gone(const http::Reply&) override {}

 private:
  Identifiers& ids_;
  AdminHandler admin_;
};

}  // namespace lemu::emulator
