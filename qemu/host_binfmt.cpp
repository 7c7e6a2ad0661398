// SPDX-License-Identifier: Apache-2.0
#include "qemu/host_binfmt.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "base/syscall.hpp"
#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

// The kernel allows a registration of 1,920 bytes.
constexpr std::size_t kMostText = 8192;
// The limit that binfmt-misc.rst states.
constexpr std::size_t kLongestInterpreter = 127;

// The first 20 bytes of an ELF program: class 64, little-endian, version 1; any OS ABI; ET_EXEC or ET_DYN
// (the mask drops the lowest bit); then e_machine. As in qemu-binfmt-conf.sh and Debian's
// /usr/lib/binfmt.d/qemu-*.conf.
constexpr std::size_t kMagicSize = 20;
constexpr std::size_t kMachineAt = 18;
constexpr char kMagic[kMagicSize + 1] =
    "\x7f"
    "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\0\0";
constexpr char kMask[kMagicSize + 1] =
    "\xff\xff\xff\xff\xff\xff\xff\0\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";

std::string program_head(Arch arch) {
  std::string head(kMagic, kMagicSize);
  const std::uint16_t machine = names_of(arch).elf_machine;
  head[kMachineAt] = static_cast<char>(machine & 0xff);
  head[kMachineAt + 1] = static_cast<char>(machine >> 8);
  return head;
}

std::string escaped(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text.append("\\x").append(1, kDigits[value >> 4]).append(1, kDigits[value & 15]);
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* const end = digits.data() + i + 2;
    if (std::from_chars(digits.data() + i, end, value, 16).ptr != end) return std::nullopt;
    bytes += static_cast<char>(value);
  }
  return bytes;
}

/// "key rest of line"; false for a value that is not what the key needs.
bool take_field(Registration& registration, std::string_view key, std::string_view value) {
  if (key == "interpreter") registration.interpreter = value;
  if (key == "flags:") registration.flags = value;
  if (key == "offset") {
    const char* const end = value.data() + value.size();
    return std::from_chars(value.data(), end, registration.offset).ptr == end;
  }
  if (key == "magic" || key == "mask") {
    std::optional<std::string> bytes = from_hex(value);
    if (!bytes) return false;
    (key == "magic" ? registration.magic : registration.mask) = *std::move(bytes);
  }
  return true;
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
  if (!listing) return fail_errno<"binfmt-not-listed">(errno, at<"folder">(folder));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && name != "register" && name != "status") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

bool Registration::takes(std::string_view head) const {
  if (magic.empty() || head.size() < offset || head.size() - offset < magic.size()) return false;
  for (std::size_t i = 0; i < magic.size(); ++i) {
    const int care = i < mask.size() ? static_cast<unsigned char>(mask[i]) : 0xff;
    if (((head[offset + i] ^ magic[i]) & care) != 0) return false;
  }
  return true;
}

const Registration* HostBinfmt::taker_of(Arch arch) const {
  if (mounted == Switch::off || state == Switch::off) return nullptr;
  const std::string head = program_head(arch);
  for (const Registration& registration : registrations)
    if (registration.state == Switch::on && registration.takes(head)) return &registration;
  return nullptr;
}

Result<Registration> parse_registration(std::string_view name, std::string_view text) {
  Registration registration;
  registration.name = name;
  bool known = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line == "enabled" || line == "disabled") {
      known = true;
      registration.state = line == "enabled" ? Switch::on : Switch::off;
      continue;
    }
    const std::size_t blank = line.find(' ');
    const std::string_view value =
        blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
    if (!take_field(registration, line.substr(0, blank), value))
      return fail<"binfmt-registration-unreadable">(
          at<"name">(registration.name), at<"reason">("unreadable line \"" + std::string(line) + "\""));
  }
  if (!known)
    return fail<"binfmt-registration-unreadable">(at<"name">(registration.name), at<"reason">("no state"));
  return registration;
}

Result<HostBinfmt> read_host_binfmt(const std::string& folder) {
  HostBinfmt host;
  Result<std::string> status = read_file(folder + "/status", kMostText);
  if (!status && status.error().os_error == ENOENT) return host;
  LEMU_TRY(status);
  host.mounted = Switch::on;
  host.state = status->starts_with("enabled") ? Switch::on : Switch::off;
  Result<std::vector<std::string>> names = names_in(folder);
  LEMU_TRY(names);
  for (const std::string& name : *names) {
    Result<std::string> text = read_file(folder + "/" + name, kMostText);
    if (!text) continue;  // removed since it was listed
    Result<Registration> registration = parse_registration(name, *text);
    LEMU_TRY(registration);
    host.registrations.push_back(*std::move(registration));
  }
  return host;
}

Result<std::string> registration_line(std::string_view name, Arch arch, std::string_view interpreter) {
  if (interpreter.empty() || interpreter.size() > kLongestInterpreter ||
      interpreter.find_first_of(std::string_view(":\n\0", 3)) != std::string_view::npos)
    return fail<"binfmt-interpreter-name">(at<"name">(interpreter));
  std::string line = ":";
  line.append(name).append(":M::").append(escaped(program_head(arch))).append(":");
  line.append(escaped(std::string_view(kMask, kMagicSize))).append(":").append(interpreter).append(":FP");
  return line;
}

}  // namespace lemu::qemu
