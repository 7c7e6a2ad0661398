// SPDX-License-Identifier: Apache-2.0
#include "base/printable.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lemu {
namespace {

struct Range {
  std::uint32_t first, last;
};

/// Unicode's characters that have no picture of their own, but change how others are seen: control (Cc),
/// format (Cf, less those that are drawn), and the separators of lines and paragraphs.
constexpr std::array<Range, 15> kUnseen{{
    {0x00, 0x1f},
    {0x7f, 0x9f},
    {0xad, 0xad},          // soft hyphen
    {0x61c, 0x61c},        // Arabic letter mark
    {0x180e, 0x180e},      // Mongolian vowel separator
    {0x200b, 0x200f},      // zero-width characters; left-to-right and right-to-left marks
    {0x2028, 0x202e},      // separators; embeddings and overrides of direction
    {0x2060, 0x206f},      // joiners, isolates of direction, deprecated format characters
    {0x3164, 0x3164},      // Hangul filler
    {0xfeff, 0xfeff},      // zero-width no-break space
    {0xfff9, 0xfffb},      // interlinear annotation
    {0x1bca0, 0x1bca3},    // shorthand format
    {0x1d173, 0x1d17a},    // musical format
    {0xe0000, 0xe0fff},    // tags
    {0x10fffe, 0x10ffff},  // no characters
}};

bool is_unseen(std::uint32_t point) {
  return std::any_of(kUnseen.begin(), kUnseen.end(),
                     [point](const Range& range) { return point >= range.first && point <= range.last; });
}

/// The character that a text starts with.
struct Start {
  std::size_t size = 1;  ///< in bytes
  std::uint32_t point = 0;
  bool valid = false;  ///< false: the first byte is not the start of any (RFC 3629)
};

Start start_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {1, first, true};
  if (first < 0xc2 || first > 0xf4) return {};
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < size) return {};
  std::uint32_t point = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3fU);
  }
  const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (point < least || surrogate || point > 0x10ffff) return {};
  return {size, point, true};
}

void append_hex(std::string& text, std::uint32_t value, int digits) {
  for (int at = digits - 1; at >= 0; --at) text += "0123456789abcdef"[value >> (4 * at) & 15U];
}

void append_bytes(std::string& text, std::string_view bytes) {
  for (const char byte : bytes) {
    text += "\\x";
    append_hex(text, static_cast<unsigned char>(byte), 2);
  }
}

/// Copies the text; `escape` writes each character that is not to be seen, but the bytes of `kept`.
template <class Escape>
std::string copied(std::string_view text, std::string_view kept, Escape escape) {
  std::string copy;
  copy.reserve(text.size());
  while (!text.empty()) {
    const Start start = start_of(text);
    const std::string_view bytes = text.substr(0, start.size);
    if (start.valid && (!is_unseen(start.point) || kept.find(bytes) != std::string_view::npos))
      copy += bytes;
    else
      escape(copy, start, bytes);
    text.remove_prefix(start.size);
  }
  return copy;
}

void append_escaped(std::string& text, const Start&, std::string_view bytes) { append_bytes(text, bytes); }

bool is_plain(char c) {
  constexpr std::string_view kPlain = "%+,-./:@_";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPlain.find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

/// In $'…', each byte that is not printable as \xNN. A hexadecimal digit behind one is written so too: a
/// shell may read on.
std::string in_dollar_quotes(std::string_view word) {
  std::string text = "$'";
  bool after_hex = false;
  while (!word.empty()) {
    const Start start = start_of(word);
    const std::string_view bytes = word.substr(0, start.size);
    const bool digit = std::string_view("0123456789abcdefABCDEF").find(bytes) != std::string_view::npos;
    const bool hex = !start.valid || is_unseen(start.point) || (after_hex && digit);
    if (hex)
      append_bytes(text, bytes);
    else if (bytes == "'" || bytes == "\\")
      text.append("\\").append(bytes);
    else
      text += bytes;
    after_hex = hex;
    word.remove_prefix(start.size);
  }
  return text + "'";
}

}  // namespace

std::string printable(std::string_view text) { return copied(text, "", append_escaped); }

std::string printable_lines(std::string_view text) { return copied(text, "\n\t", append_escaped); }

std::string printable_json(std::string_view text) {
  const auto escape = [](std::string& copy, const Start& start, std::string_view) {
    constexpr std::uint32_t kNotUtf8 = 0xfffd, kPlanes = 0x10000;
    const std::uint32_t point = start.valid ? start.point : kNotUtf8;
    copy += "\\u";
    if (point >= kPlanes) {  // as a pair of surrogates: RFC 8259, section 7
      append_hex(copy, 0xd800 + ((point - kPlanes) >> 10), 4);
      copy += "\\u";
      append_hex(copy, 0xdc00 + ((point - kPlanes) & 0x3ffU), 4);
    } else {
      append_hex(copy, point, 4);
    }
  };
  return copied(text, "\n\r\t", escape);
}

std::string shell_word(std::string_view word) {
  if (word.empty()) return "''";
  const std::string named = (word.front() == '-' ? "./" : "") + std::string(word);
  if (printable(named) != named) return in_dollar_quotes(named);
  if (std::all_of(named.begin(), named.end(), is_plain)) return named;
  std::string text = "'";
  for (const char c : named) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace lemu
