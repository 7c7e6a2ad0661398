// SPDX-License-Identifier: Apache-2.0
// DaemonApi: who answers the daemon's port: guards it, finds the route, hands the request on. Owned by the
// daemon; lives on its io_context's thread.
#pragma once

#include "emulator/api/host_guard.hpp"
#include "emulator/api/invoke_handler.hpp"
#include "emulator/api/routes.hpp"
#include "emulator/invoke/identifiers.hpp"
#include "rapi/http.hpp"

namespace lemu::emulator {

class DaemonApi final : public rapi::HttpHandler {
 public:
  DaemonApi(HostGuard guard, FunctionRegistry& functions, Identifiers& ids)
      : guard_(std::move(guard)), ids_(ids), invoke_(functions, ids) {}

  rapi::HeadVerdict on_head(const rapi::HttpRequest& request) override;
  void on_request(rapi::HttpRequest& request, rapi::HttpReply reply) override;
  /// A caller that closed its side may still read its answer.
  void on_peer_gone(const rapi::HttpReply&) override {}

 private:
  HostGuard guard_;
  Identifiers& ids_;
  InvokeHandler invoke_;
};

}  // namespace lemu::emulator
