// SPDX-License-Identifier: Apache-2.0
#include "base/error_row.hpp"

#include <cstring>
#include <stdexcept>

#include "base/printable.hpp"

namespace lemu {
namespace {

struct Filling {
  const Places& places;
  std::span<const std::string> values;
  std::string os_error;

  [[nodiscard]] const std::string& value_of(std::string_view name) const {
    if (name == kOsErrorPlace) return os_error;
    return values[places.index_of(name)];
  }

  [[nodiscard]] std::string filled(std::string_view pattern) const {
    std::string text;
    Place place = next_place(pattern);
    for (; !place.name.empty(); place = next_place(place.rest)) {
      const std::string& value = value_of(place.name);
      text.append(place.before).append(place.in_command ? shell_word(value) : printable(value));
    }
    return text.append(place.before);
  }
};

}  // namespace

Error make_error(const ErrorRow& row, std::span<const std::string> values, int os_error) {
  const Places places = places_of(row);
  if (values.size() != places.count)
    throw std::logic_error(std::string(row.slug) + ": " + std::to_string(values.size()) + " values for " +
                           std::to_string(places.count) + " places");
  const Filling filling{places, values, places.os_error ? ::strerror(os_error) : std::string()};
  Error error;
  error.kind = row.kind;
  error.message = filling.filled(row.message);
  error.remedy = filling.filled(row.remedy);
  error.os_error = os_error;
  error.aws_message = filling.filled(row.aws);
  error.slug = row.slug;
  return error;
}

}  // namespace lemu
