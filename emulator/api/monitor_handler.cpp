// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/monitor_handler.hpp"

#include "emulator/api/figures.hpp"

namespace lemu::emulator {

void MonitorHandler::health(const http::Reply& reply) {
  reply.send({.content_type = "application/json", .body = R"({"status":"ok"})"});
}

void MonitorHandler::metrics(const http::Reply& reply) const {
  std::vector<FunctionFigures> figures;
  for (const auto& [name, function] : functions_.all()) figures.push_back(figures_of(*function));
  reply.send({.content_type = "text/plain; version=0.0.4; charset=utf-8",
              .body = metrics_text(figures, events_.waiting_count())});
}

}  // namespace lemu::emulator
