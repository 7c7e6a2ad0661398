// SPDX-License-Identifier: Apache-2.0
#include "base/http/date.hpp"

#include <array>

namespace lemu::http {

/// lemu sets no locale, so strftime writes English names.
std::string http_date(std::time_t when) {
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace lemu::http
