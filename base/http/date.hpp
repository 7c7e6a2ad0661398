// SPDX-License-Identifier: Apache-2.0
// Date: the time of day as HTTP writes it, made anew once a second. One per connection; one thread.
#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

namespace lemu::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
[[nodiscard]] std::string http_date(std::time_t when);

class Date {
 public:
  [[nodiscard]] std::string_view now() {
    const std::time_t second = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (second != second_ || text_.empty()) text_ = http_date(second_ = second);
    return text_;
  }

 private:
  std::time_t second_ = 0;
  std::string text_;
};

}  // namespace lemu::http
