// SPDX-License-Identifier: Apache-2.0
#include "zip_builder.hpp"

#include <algorithm>
#include <string_view>

namespace lemu::images::testing {
namespace {

std::string le(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::uint32_t crc32(std::string_view data) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xEDB8'8320 : 0);
  }
  return ~crc;
}

std::string deflate_stored(std::string_view data) {
  std::string out;
  do {
    const std::string_view block = data.substr(0, 0xFFFF);
    data.remove_prefix(block.size());
    out += le(data.empty() ? 1 : 0, 1) + le(block.size(), 2) + le(~block.size() & 0xFFFF, 2);
    out += block;
  } while (!data.empty());
  return out;
}

struct Numbers {
  std::string data;
  std::uint32_t crc;
  std::uint64_t size;
};

Numbers numbers_of(const Part& part) {
  return {part.method == 8 ? deflate_stored(part.content) : part.content,
          part.declared_crc.value_or(crc32(part.content)), part.declared_size.value_or(part.content.size())};
}

/// The fields that both headers share, from "flags" to "uncompressed size".
std::string common(const Part& part, const Numbers& n) {
  const bool wide = part.wide == Wide::zip64;
  return le(part.flags, 2) + le(part.method, 2) + le(0, 4) + le(n.crc, 4) +
         le(wide ? 0xFFFF'FFFF : n.data.size(), 4) + le(wide ? 0xFFFF'FFFF : n.size, 4);
}

}  // namespace

std::string make_zip(const std::vector<Part>& parts, const ZipOptions& options) {
  std::string zip;
  std::vector<std::string> records;
  for (const Part& part : parts) {
    const Numbers n = numbers_of(part);
    const std::string local = part.local_name.value_or(part.name);
    const std::uint64_t offset = zip.size();
    const bool wide = part.wide == Wide::zip64;
    const std::string sizes = le(n.size, 8) + le(n.data.size(), 8);
    const std::string local_extra = wide ? le(1, 2) + le(16, 2) + sizes : "";
    const std::string extra = wide ? le(1, 2) + le(24, 2) + sizes + le(offset, 8) : "";
    zip += "PK\x03\x04" + le(wide ? 45 : 20, 2) + common(part, n) + le(local.size(), 2) +
           le(local_extra.size(), 2) + local + local_extra + n.data;
    records.push_back("PK\x01\x02" + le(45, 1) + le(part.system, 1) + le(wide ? 45 : 20, 2) +
                      common(part, n) + le(part.name.size(), 2) + le(extra.size(), 2) + le(0, 2) + le(0, 2) +
                      le(0, 2) + le(static_cast<std::uint64_t>(part.mode) << 16, 4) +
                      le(wide ? 0xFFFF'FFFF : offset, 4) + part.name + extra);
  }
  const std::uint64_t start = zip.size();
  if (options.directory_order.empty())
    for (const std::string& record : records) zip += record;
  for (const std::size_t index : options.directory_order) zip += records[index];
  const std::uint64_t size = zip.size() - start, count = options.declared_entries.value_or(parts.size());
  const bool wide = options.wide == Wide::zip64;
  if (wide) {
    const std::uint64_t record = zip.size();
    zip += "PK\x06\x06" + le(44, 8) + le(45, 2) + le(45, 2) + le(0, 4) + le(0, 4) + le(count, 8) +
           le(count, 8) + le(size, 8) + le(start, 8);
    zip += "PK\x06\x07" + le(0, 4) + le(record, 8) + le(1, 4);
  }
  zip += "PK\x05\x06" + le(0, 4) + le(wide ? 0xFFFF : count, 2) + le(wide ? 0xFFFF : count, 2) +
         le(wide ? 0xFFFF'FFFF : size, 4) + le(wide ? 0xFFFF'FFFF : start + options.directory_shift, 4) +
         le(options.comment.size(), 2) + options.comment;
  return zip;
}

}  // namespace lemu::images::testing
