// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/identifiers.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace lemu::emulator {
namespace {

/// Fills the array with random hexadecimal digits; its size.
std::size_t fill(std::array<char, 512>& digits) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::size_t got = 0;
  while (got < digits.size()) {
    const ssize_t n = ::getrandom(digits.data() + got, digits.size() - got, 0);
    if (n > 0) got += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) std::abort();  // getrandom(2) has no other failure on the kernels lemu needs
  }
  for (char& c : digits) c = kDigits[static_cast<unsigned char>(c) & 15];
  return digits.size();
}

/// The value of "Key=value" among those with semicolons between; empty when there is none.
std::string_view member(std::string_view fields, std::string_view key) {
  while (!fields.empty()) {
    const std::size_t end = std::min(fields.find(';'), fields.size());
    std::string_view field = fields.substr(0, end);
    while (field.starts_with(' ')) field.remove_prefix(1);
    if (field.size() > key.size() && field.starts_with(key) && field[key.size()] == '=')
      return field.substr(key.size() + 1);
    fields.remove_prefix(std::min(end + 1, fields.size()));
  }
  return {};
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// "1-<8 hex>-<24 hex>"
bool is_root(std::string_view text) {
  return text.size() == 35 && text.starts_with("1-") && is_hex(text.substr(2, 8), 8) && text[10] == '-' &&
         is_hex(text.substr(11), 24);
}

}  // namespace

std::string RandomIdentifiers::hex(std::size_t digits) {
  std::string text;
  while (text.size() < digits) {
    if (left_ == 0) left_ = fill(digits_);
    const std::size_t taken = std::min(left_, digits - text.size());
    text.append(digits_.data() + digits_.size() - left_, taken);
    left_ -= taken;
  }
  return text;
}

std::string make_request_id(Identifiers& ids) {
  const std::string digits = ids.hex(31);
  std::string id = digits.substr(0, 8) + '-' + digits.substr(8, 4) + "-4" + digits.substr(12, 3) + "-x" +
                   digits.substr(16, 3) + '-' + digits.substr(19, 12);
  // The variant of RFC 9562: the two highest bits are 10.
  constexpr char kVariant[] = "89ab";
  id[19] = kVariant[static_cast<unsigned char>(digits[15]) & 3];
  return id;
}

std::string make_trace_id(Identifiers& ids, std::chrono::system_clock::time_point now) {
  char seconds[16];
  std::snprintf(seconds, sizeof seconds, "%08llx",
                static_cast<unsigned long long>(std::chrono::system_clock::to_time_t(now)) & 0xffffffffULL);
  return "Root=1-" + std::string(seconds) + '-' + ids.hex(24) + ";Parent=" + ids.hex(16) + ";Sampled=0";
}

std::string complete_trace_id(std::string_view given, Identifiers& ids,
                              std::chrono::system_clock::time_point now) {
  const std::string_view root = member(given, "Root"), parent = member(given, "Parent"),
                         lineage = member(given, "Lineage");
  if (!is_root(root)) return make_trace_id(ids, now);
  std::string trace = "Root=" + std::string(root) + ";Parent=";
  trace += is_hex(parent, 16) ? std::string(parent) : ids.hex(16);
  trace += member(given, "Sampled") == "1" ? ";Sampled=1" : ";Sampled=0";
  if (!lineage.empty()) trace.append(";Lineage=").append(lineage);
  return trace;
}

}  // namespace lemu::emulator
