// SPDX-License-Identifier: Apache-2.0
// EventStreamReader: the other side of event_stream.hpp: takes application/vnd.amazon.eventstream apart
// again, in whatever pieces it comes. Owned by who reads a response; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lemu::emulator {

struct StreamedEvent {
  std::string type;  ///< "PayloadChunk"
  std::string payload;
};

class EventStreamReader {
 public:
  void feed(std::string_view bytes) { unread_.append(bytes); }
  /// The next event that is there whole; nothing while more is needed. After an error there is no next one.
  [[nodiscard]] Result<std::optional<StreamedEvent>> next();

 private:
  std::string unread_;
};

}  // namespace lemu::emulator
