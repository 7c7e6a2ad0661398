// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/log_follower.hpp"

namespace lemu::emulator {

void LogFollower::begin(std::shared_ptr<FunctionLog> log, const http::Reply& reply) {
  const auto follower = std::make_shared<LogFollower>(std::move(log));
  // The connection owns the follower by this function.
  follower->stream_ = reply.begin({.content_type = "text/plain; charset=utf-8"},
                                  [follower](http::StreamEvent event) { follower->on_event(event); });
  follower->on_more();
}

void LogFollower::on_more() {
  const std::shared_ptr<LogFollower> alive = shared_from_this();  // writing may end the connection
  if (full_) return;
  const FunctionLog::Page page = log_->since(position_);
  position_ = page.next;
  full_ = !page.text.empty() && stream_.write(page.text) == http::Stream::Room::full;
  if (log_->finished()) stream_.finish();
}

void LogFollower::on_event(http::StreamEvent event) {
  if (event != http::StreamEvent::writable) return;
  full_ = false;
  on_more();
}

}  // namespace lemu::emulator
