// SPDX-License-Identifier: Apache-2.0
// What the kernel says of memory, mounts and binfmt_misc. The texts hold names that a function or a user
// chose. Memory is split without any getting lost; mounts and registrations read the same when they are
// written out again.
#include <algorithm>

#include "qemu/host_binfmt.hpp"
#include "qemu/memory_split.hpp"
#include "qemu/mount_table.hpp"
#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::qemu;

namespace {

/// One mapping's text: a header whose words come from the input, and its memory.
struct Made {
  std::string text;
  std::uint64_t rss = 0;
};

Made make_smaps(fuzz::Input input) {
  Made made;
  std::uint64_t at = 0x10000;
  while (!input.empty()) {
    const std::uint8_t kind = input.byte();
    const std::uint64_t size = std::uint64_t{input.byte()} * 4096, rss = input.byte();
    std::string name(input.bytes(kind % 16));
    for (char& c : name)
      if (c == '\n') c = ' ';  // the kernel writes it as \012
    char range[64];
    std::snprintf(range, sizeof range, "%llx-%llx ", static_cast<unsigned long long>(at),
                  static_cast<unsigned long long>(at + size));
    made.text.append(range).append(kind & 16 ? "r-xp" : "rw-p").append(" 00000000 ");
    made.text.append(kind & 32 ? "08:01 77" : "00:00 0").append("   ").append(name).append("\n");
    made.text.append("Rss: ").append(std::to_string(rss)).append(" kB\nPss: 0 kB\n");
    made.rss += rss * 1024;
    at += size;
  }
  return made;
}

void check_smaps(std::string_view text) {
  static_cast<void>(split_smaps(text));
  const Made made = make_smaps(fuzz::Input(text));
  const MemorySplit split = split_smaps(made.text);
  LEMU_HOLDS(split.guest_rss + split.emulator_rss == made.rss);
  LEMU_HOLDS(split.guest_pss == 0);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
      char octal[5];
      std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += octal;
    } else {
      out += c;
    }
  }
  return out;
}

void check_mountinfo(std::string_view text) {
  const std::vector<MountPoint> table = parse_mountinfo(text);
  std::string written;
  for (const MountPoint& mount : table) {
    LEMU_HOLDS(!mount.type.empty() && mount.type.find_first_of(" \n") == std::string::npos);
    written.append("1 2 0:3 ").append(escaped(mount.root)).append(" ").append(escaped(mount.place));
    written.append(" rw - ").append(mount.type).append(" source ").append(mount.super_options).append("\n");
  }
  const std::vector<MountPoint> again = parse_mountinfo(written);
  LEMU_HOLDS(again.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    LEMU_HOLDS(again[i].root == table[i].root && again[i].place == table[i].place);
    LEMU_HOLDS(again[i].type == table[i].type && again[i].super_options == table[i].super_options);
  }
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += digits;
  }
  return out;
}

void check_registration(std::string_view text) {
  const Result<Registration> read = parse_registration("name", text);
  if (!read) return;
  static_cast<void>(read->takes(text));
  std::string written = read->state == Switch::on ? "enabled\n" : "disabled\n";
  written.append("interpreter ").append(read->interpreter).append("\nflags: ").append(read->flags);
  written.append("\noffset ")
      .append(std::to_string(read->offset))
      .append("\nmagic ")
      .append(hex(read->magic));
  written.append("\nmask ").append(hex(read->mask)).append("\n");
  const Result<Registration> again = parse_registration("name", written);
  LEMU_HOLDS(again && again->state == read->state && again->interpreter == read->interpreter);
  LEMU_HOLDS(again->flags == read->flags && again->offset == read->offset);
  LEMU_HOLDS(again->magic == read->magic && again->mask == read->mask);
}

void check_line(std::string_view interpreter) {
  const Result<std::string> line = registration_line("lemu", Arch::arm64, interpreter);
  if (!line) return;
  LEMU_HOLDS(std::count(line->begin(), line->end(), ':') == 7);
  LEMU_HOLDS(line->find_first_of(std::string_view("\n\0", 2)) == std::string::npos);
  LEMU_HOLDS(line->size() < 1920);  // the kernel's limit
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(fuzz::text_of(data, size));
  switch (input.byte()) {
    case 'm': check_smaps(input.rest()); break;
    case 't': check_mountinfo(input.rest()); break;
    case 'b': check_registration(input.rest()); break;
    default: check_line(input.rest());
  }
  return 0;
}
