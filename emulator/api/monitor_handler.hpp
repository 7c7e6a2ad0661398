// SPDX-License-Identifier: Apache-2.0
// MonitorHandler: what the daemon tells whoever invokes: that it is there, and figures for Prometheus. Owned
// by the daemon's API; lives on its io_context's thread.
#pragma once

#include "base/http/http.hpp"
#include "emulator/api/function_registry.hpp"
#include "emulator/async/async_queue.hpp"

namespace lemu::emulator {

class MonitorHandler {
 public:
  MonitorHandler(const FunctionRegistry& functions, const AsyncQueue& events)
      : functions_(functions), events_(events) {}

  static void health(const http::Reply& reply);
  void metrics(const http::Reply& reply) const;

 private:
  const FunctionRegistry& functions_;
  const AsyncQueue& events_;
};

}  // namespace lemu::emulator
