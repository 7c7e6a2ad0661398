// SPDX-License-Identifier: Apache-2.0
// Identifiers: where request ids, trace ids and log stream ids come from. An interface, so that tests know
// them beforehand.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace lemu::emulator {

class Identifiers {
 public:
  virtual ~Identifiers() = default;
  /// `digits` lower-case hexadecimal digits.
  virtual std::string hex(std::size_t digits) = 0;
};

/// From getrandom(2), some hundred digits at a time.
class RandomIdentifiers : public Identifiers {
 public:
  std::string hex(std::size_t digits) override;

 private:
  std::array<char, 512> digits_;
  std::size_t left_ = 0;
};

/// A version 4 UUID (RFC 9562), as Lambda's request ids are.
[[nodiscard]] std::string make_request_id(Identifiers& ids);
/// "Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0": the time and random digits (AWS X-Ray, "Tracing
/// header").
[[nodiscard]] std::string make_trace_id(Identifiers& ids, std::chrono::system_clock::time_point now);
/// What a function gets of a caller's X-Amzn-Trace-Id: a trace of its own where that names no Root, what is
/// missing of Parent and Sampled made, a Lineage kept.
[[nodiscard]] std::string complete_trace_id(std::string_view given, Identifiers& ids,
                                            std::chrono::system_clock::time_point now);

}  // namespace lemu::emulator
