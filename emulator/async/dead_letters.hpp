// SPDX-License-Identifier: Apache-2.0
// DeadLetters: the folder of asynchronous events that were given up: one file each, FUNCTION/REQUEST-ID.json,
// in the form in which Lambda sends them to a failure destination ("Capturing records of Lambda asynchronous
// invocations"). Owned by the daemon's queue; blocking; the journal's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "emulator/async/journal.hpp"

namespace lemu::emulator {

struct DeadLetter {
  AcceptedEvent event;
  std::string condition;                     ///< "RetriesExhausted"
  std::int64_t given_up_ms = 0;              ///< Unix time
  std::optional<std::string> response = {};  ///< the last answer, when there was one
};

/// The record's text: one JSON object.
[[nodiscard]] std::string record_of(const DeadLetter& letter);
/// The event of a record, to be accepted again as a new one under its old request id.
[[nodiscard]] Result<AcceptedEvent> event_of(std::string_view record);

class DeadLetters {
 public:
  explicit DeadLetters(std::string folder) : folder_(std::move(folder)) {}

  Status write(const DeadLetter& letter) const;
  /// The record's text; bad_input when there is none of that request id.
  [[nodiscard]] Result<std::string> read(const std::string& request_id) const;
  Status remove(const std::string& request_id) const;

  struct Entry {
    std::string request_id;
    std::string function;
  };
  [[nodiscard]] std::vector<Entry> list() const;

 private:
  [[nodiscard]] std::string path_of(const Entry& entry) const;
  [[nodiscard]] std::optional<std::string> find(const std::string& request_id) const;
  std::string folder_;
};

}  // namespace lemu::emulator
