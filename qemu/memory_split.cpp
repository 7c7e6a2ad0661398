// SPDX-License-Identifier: Apache-2.0
#include "qemu/memory_split.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "qemu/proc_text.hpp"

namespace lemu::qemu {
namespace {

constexpr std::uint64_t kMib = 1024 * kKib;
/// QEMU's zero-initialised data is some 150 kB. A larger mapping right behind its image is the guest's,
/// merged with it.
constexpr std::uint64_t kLargestBss = kMib;

// The most that QEMU uses of each kind.
/// Debian 12's QEMU with its 20 libraries has 10 MB of its files in memory; a static one less.
constexpr std::uint64_t kMostImage = 32 * kMib;
/// The same: 2 MB of relocated and initialised data.
constexpr std::uint64_t kMostImageData = 4 * kMib;
/// The size of the buffer of translated code: DEFAULT_CODE_GEN_BUFFER_SIZE_1 for CONFIG_USER_ONLY in QEMU's
/// tcg/region.c.
constexpr std::uint64_t kCodeBuffer = 128 * kMib;
/// 2 MB for a C program. QEMU 7.2 keeps a record of each page that the guest has mapped: a JVM's 9 GB of
/// address space come to 57 MB.
constexpr std::uint64_t kMostKernelNamed = 128 * kMib;

struct Amount {
  std::uint64_t rss = 0;
  std::uint64_t pss = 0;

  Amount& operator+=(const Amount& other) {
    rss += other.rss;
    pss += other.pss;
    return *this;
  }
};

struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string_view permissions;
  std::string_view file;  ///< "DEVICE INODE", the file's identity; empty when anonymous
  std::string_view name;  ///< "[heap]", a path, or nothing
  Amount all;
  std::uint64_t anonymous = 0;  ///< of a file's private mapping: pages that were written
  std::optional<std::uint64_t> dirty_pss;

  [[nodiscard]] bool executable() const { return permissions.find('x') != std::string_view::npos; }
  [[nodiscard]] bool is_private() const { return permissions.ends_with('p'); }
  [[nodiscard]] std::uint64_t size() const { return end - start; }
  [[nodiscard]] Amount modified() const {
    const std::uint64_t rss = std::min(anonymous, all.rss);
    return {rss, std::min(all.pss, dirty_pss.value_or(rss))};
  }
};

/// "START-END PERMS OFFSET DEVICE INODE  NAME" (proc_pid_maps(5)); nothing for a line of another form.
std::optional<Mapping> parse_header(std::string_view line) {
  Mapping mapping;
  const std::string_view range = next_word(line);
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> start = to_number<std::uint64_t>(range.substr(0, dash), 16);
  const std::optional<std::uint64_t> end = to_number<std::uint64_t>(range.substr(dash + 1), 16);
  if (!start || !end) return std::nullopt;
  mapping.start = *start;
  mapping.end = *end;
  mapping.permissions = next_word(line);
  next_word(line);  // offset
  const std::string_view device = next_word(line);
  const std::string_view inode = next_word(line);
  if (inode.empty()) return std::nullopt;
  // Both words lie in the same text, one blank apart: together they name the file.
  if (inode != "0") mapping.file = {device.data(), static_cast<std::size_t>(inode.end() - device.begin())};
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  mapping.name = line;
  return mapping;
}

/// Swapped and huge pages are not in Rss and Pss.
void add_field(Mapping& mapping, std::string_view line) {
  const auto of = [line](std::string_view key) { return kib_field(line, key).value_or(0); };
  mapping.all += {of("Rss:"), of("Pss:")};
  mapping.all += {of("Swap:"), of("SwapPss:")};
  mapping.anonymous += of("Anonymous:") + of("Swap:");
  const std::uint64_t huge = of("Private_Hugetlb:") + of("Shared_Hugetlb:");
  mapping.all += {huge, huge};
  if (const std::optional<std::uint64_t> dirty = kib_field(line, "Pss_Dirty:")) mapping.dirty_pss = dirty;
}

std::vector<Mapping> parse_smaps(std::string_view smaps) {
  std::vector<Mapping> mappings;
  for_each_line(smaps, [&](std::string_view line) {
    // A field's line begins with an upper-case letter, a mapping's with lower-case hexadecimal digits.
    const bool field = !line.empty() && line.front() >= 'A' && line.front() <= 'Z';
    if (!field) {
      if (std::optional<Mapping> mapping = parse_header(line)) mappings.push_back(*mapping);
    } else if (!mappings.empty()) {
      add_field(mappings.back(), line);
    }
  });
  return mappings;
}

/// The kernel's names for what it made itself; "[anon:…]" is only a label on an anonymous mapping.
bool made_by_kernel(std::string_view name) { return name.starts_with('[') && !name.starts_with("[anon"); }

/// Executable, without a file, and made by nobody but QEMU or its guest.
bool may_be_code_buffer(const Mapping& mapping) {
  return mapping.executable() && mapping.file.empty() && !made_by_kernel(mapping.name) &&
         mapping.size() <= kCodeBuffer;
}

const Mapping* find_code_buffer(const std::vector<Mapping>& mappings) {
  const Mapping* smallest = nullptr;
  for (const Mapping& mapping : mappings)
    if (may_be_code_buffer(mapping) && (smallest == nullptr || mapping.all.rss < smallest->all.rss))
      smallest = &mapping;
  return smallest;
}

/// What could be QEMU's, by kind.
class Ledger {
 public:
  explicit Ledger(const std::vector<Mapping>& mappings) : code_buffer_(find_code_buffer(mappings)) {
    for (const Mapping& mapping : mappings)
      if (mapping.executable() && mapping.is_private() && !mapping.file.empty())
        image_files_.insert(mapping.file);
  }

  void enter(const Mapping& mapping) {
    const bool of_image =
        !mapping.file.empty() && mapping.is_private() && image_files_.contains(mapping.file);
    const bool bss = mapping.file.empty() && mapping.start == image_end_ && mapping.size() <= kLargestBss;
    if (of_image) {
      image_end_ = mapping.end;
      const Amount modified = mapping.modified();
      data_ += modified;
      image_ += {mapping.all.rss - modified.rss, mapping.all.pss - modified.pss};
    } else if (&mapping == code_buffer_) {
      code_ += mapping.all;
    } else if (made_by_kernel(mapping.name)) {
      kernel_named_ += mapping.all;
    } else if (bss) {
      data_ += mapping.all;
    } else {
      guest_ += mapping.all;
    }
  }

  MemorySplit close() {
    Amount emulator;
    for (const auto& [kind, most] : {std::pair{image_, kMostImage},
                                     {data_, kMostImageData},
                                     {code_, kCodeBuffer},
                                     {kernel_named_, kMostKernelNamed}})
      emulator += settle(kind, most);
    return {guest_.rss, guest_.pss, emulator.rss, emulator.pss};
  }

 private:
  /// What is beyond the most that QEMU uses goes to the guest.
  Amount settle(const Amount& kind, std::uint64_t most) {
    if (kind.rss <= most) return kind;
    const double part = static_cast<double>(most) / static_cast<double>(kind.rss);
    const Amount kept{most, static_cast<std::uint64_t>(static_cast<double>(kind.pss) * part)};
    guest_ += {kind.rss - kept.rss, kind.pss - kept.pss};
    return kept;
  }

  const Mapping* code_buffer_;
  std::unordered_set<std::string_view> image_files_;
  std::uint64_t image_end_ = 0;  ///< where the last mapping of an image ended
  Amount guest_;
  Amount image_;
  Amount data_;
  Amount code_;
  Amount kernel_named_;
};

}  // namespace

MemorySplit split_smaps(std::string_view smaps) {
  const std::vector<Mapping> mappings = parse_smaps(smaps);
  Ledger ledger(mappings);
  for (const Mapping& mapping : mappings) ledger.enter(mapping);
  return ledger.close();
}

}  // namespace lemu::qemu
