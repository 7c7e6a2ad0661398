// SPDX-License-Identifier: Apache-2.0
// Section numbers are those of PKWARE's APPNOTE.TXT 6.3.10, which defines the format.
#include "images/zip_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "images/entry.hpp"
#include "images/errors.hpp"

namespace lemu::images {
namespace {

constexpr std::string_view kEndSignature = "PK\x05\x06";
constexpr std::string_view kEnd64Signature = "PK\x06\x06";
constexpr std::string_view kLocatorSignature = "PK\x06\x07";
constexpr std::string_view kEntrySignature = "PK\x01\x02";
constexpr std::size_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kEntrySize = 46;
constexpr std::uint64_t kLongestComment = 0xFFFF;
constexpr std::uint64_t kIn64 = 0xFFFF'FFFF;  ///< "the value stands in the zip64 field" (4.4.1.4)
/// 200,000 entries with names of 320 bytes each.
constexpr std::uint64_t kLargestDirectory = 64 * 1024 * 1024;

/// `bytes` little-endian bytes at `at`, which the caller knows to be there.
std::uint64_t number_at(std::string_view data, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(data[at + i]);
  return value;
}

struct Location {
  std::uint64_t entries = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class DirectoryReader {
 public:
  DirectoryReader(int fd, const std::string& shown) : fd_(fd), shown_(shown) {}

  Result<std::vector<ZipEntry>> read() {
    Result<Location> location = locate();
    LEMU_TRY(location);
    Result<std::string> data = bytes_at(location->offset, location->size);
    LEMU_TRY(data);
    return entries(*data, location->entries);
  }

 private:
  tl::unexpected<Error> broken(const std::string& reason) const {
    return fail<"zip-not-whole">(at<"zip">(shown_), at<"reason">(reason));
  }

  Result<std::string> bytes_at(std::uint64_t offset, std::uint64_t size) const {
    std::string data(size, '\0');
    std::size_t done = 0;
    while (done < data.size()) {
      const ssize_t n =
          ::pread(fd_, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno<"package-not-read">(errno, at<"package">(shown_));
      if (n == 0) return broken("it ended while it was read");
      done += static_cast<std::size_t>(n);
    }
    return data;
  }

  Result<Location> locate() {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return fail_errno<"package-not-read">(errno, at<"package">(shown_));
    const std::uint64_t file_size = static_cast<std::uint64_t>(info.st_size);
    const std::uint64_t tail_size = std::min(file_size, kEndSize + kLongestComment);
    const Result<std::string> tail = bytes_at(file_size - tail_size, tail_size);
    if (!tail) return fail(tail.error());
    const std::optional<std::size_t> found = find_end(*tail);
    if (!found) return broken("it is truncated, or holds something after its end");
    const std::string_view end = std::string_view(*tail).substr(*found);
    if (number_at(end, 4, 2) != number_at(end, 6, 2)) return broken("it is one part of a split archive");
    Location location{number_at(end, 10, 2), number_at(end, 16, 4), number_at(end, 12, 4)};
    std::uint64_t directory_end = file_size - tail_size + *found;
    if (location.entries == 0xFFFF || location.offset == kIn64 || location.size == kIn64) {
      Status wide = read_zip64(location, directory_end);
      LEMU_TRY(wide);
    }
    return checked(location, directory_end);
  }

  /// The end record is the last one whose comment reaches exactly to the end of the file (4.3.16).
  static std::optional<std::size_t> find_end(std::string_view tail) {
    for (std::size_t at = tail.rfind(kEndSignature); at != std::string_view::npos;
         at = tail.rfind(kEndSignature, at - 1)) {
      if (at + kEndSize <= tail.size() && at + kEndSize + number_at(tail, at + 20, 2) == tail.size())
        return at;
      if (at == 0) break;
    }
    return std::nullopt;
  }

  /// Replaces the 32-bit numbers by those of the zip64 end record, when there is one (4.3.14, 4.3.15).
  Status read_zip64(Location& location, std::uint64_t& directory_end) const {
    if (directory_end < kLocatorSize + kEnd64Size) return {};
    const Result<std::string> locator = bytes_at(directory_end - kLocatorSize, kLocatorSize);
    if (!locator) return fail(locator.error());
    if (!locator->starts_with(kLocatorSignature)) return {};
    const std::uint64_t at = number_at(*locator, 8, 8);
    if (at > directory_end - kLocatorSize - kEnd64Size) return broken("its zip64 record is out of place");
    const Result<std::string> end = bytes_at(at, kEnd64Size);
    if (!end) return fail(end.error());
    if (!end->starts_with(kEnd64Signature)) return broken("its zip64 record is missing");
    location = {number_at(*end, 32, 8), number_at(*end, 48, 8), number_at(*end, 40, 8)};
    directory_end = at;
    return {};
  }

  Result<Location> checked(const Location& location, std::uint64_t directory_end) const {
    if (location.entries > kMostEntries)
      return fail<"zip-too-many-entries">(at<"zip">(shown_), at<"entries">(location.entries),
                                          at<"most">(kMostEntries));
    if (location.size > kLargestDirectory)
      return fail<"zip-directory-too-large">(at<"zip">(shown_), at<"bytes">(location.size),
                                             at<"most">(kLargestDirectory));
    if (location.offset > directory_end || location.size != directory_end - location.offset)
      return broken("its directory is not where its end record says");
    return location;
  }

  Result<std::vector<ZipEntry>> entries(std::string_view data, std::uint64_t count) const {
    std::vector<ZipEntry> all;
    all.reserve(count);
    while (!data.empty()) {
      Result<ZipEntry> entry = take_entry(data);
      LEMU_TRY(entry);
      entry->position = all.size();
      all.push_back(std::move(*entry));
      if (all.size() > count) break;
    }
    if (all.size() != count) return broken("its directory does not hold the entries it promises");
    std::stable_sort(all.begin(), all.end(),
                     [](const ZipEntry& a, const ZipEntry& b) { return a.header_offset < b.header_offset; });
    const auto same = std::adjacent_find(all.begin(), all.end(), [](const ZipEntry& a, const ZipEntry& b) {
      return a.header_offset == b.header_offset;
    });
    if (same != all.end())
      return broken("entries " + in_quotes(same->name) + " and " + in_quotes((same + 1)->name) +
                    " claim the same data");
    return all;
  }

  Result<ZipEntry> take_entry(std::string_view& data) const {
    if (data.size() < kEntrySize || !data.starts_with(kEntrySignature))
      return broken("its directory is damaged");
    const std::size_t name = number_at(data, 28, 2), extra = number_at(data, 30, 2);
    const std::size_t whole = kEntrySize + name + extra + number_at(data, 32, 2);
    if (data.size() < whole) return broken("its directory is damaged");
    ZipEntry entry;
    entry.name = data.substr(kEntrySize, name);
    entry.header_offset = number_at(data, 42, 4);
    entry.unix_mode = unix_mode(data);
    // Bit 0: encrypted; bit 6: strongly; bit 13: the directory itself hides values (4.4.4).
    entry.encrypted = (number_at(data, 8, 2) & (1U << 0 | 1U << 6 | 1U << 13)) != 0;
    entry.size = number_at(data, 24, 4);
    LEMU_TRY(read_wide(entry, data, data.substr(kEntrySize + name, extra)));
    data.remove_prefix(whole);
    return entry;
  }

  /// Takes from the zip64 extra field what did not fit.
  Status read_wide(ZipEntry& entry, std::string_view data, std::string_view extra) const {
    const std::size_t sizes = entry.size == kIn64 ? 8 : 0;
    const std::size_t before = sizes + (number_at(data, 20, 4) == kIn64 ? 8 : 0);
    if (entry.size == kIn64) {
      const std::optional<std::uint64_t> size = zip64_value(extra, 0);
      if (!size) return broken("entry " + in_quotes(entry.name) + " does not say how large it is");
      entry.size = *size;
    }
    if (entry.header_offset == kIn64) {
      const std::optional<std::uint64_t> offset = zip64_value(extra, before);
      if (!offset) return broken("entry " + in_quotes(entry.name) + " does not say where its data is");
      entry.header_offset = *offset;
    }
    return {};
  }

  /// Only archives made on Unix (3) and macOS (19) carry modes, in the high half of the external attributes
  /// (4.4.2.2, 4.4.15).
  static mode_t unix_mode(std::string_view entry) {
    const std::uint64_t system = number_at(entry, 5, 1);
    return system == 3 || system == 19 ? static_cast<mode_t>(number_at(entry, 40, 2)) : 0;
  }

  /// A number of the zip64 extra field (4.5.3), which holds only those that did not fit.
  static std::optional<std::uint64_t> zip64_value(std::string_view extra, std::size_t before) {
    constexpr std::uint64_t kZip64Field = 1;
    while (extra.size() >= 4) {
      const std::size_t size = number_at(extra, 2, 2);
      if (extra.size() < 4 + size) return std::nullopt;
      if (number_at(extra, 0, 2) == kZip64Field)
        return size >= before + 8 ? std::optional(number_at(extra, 4 + before, 8)) : std::nullopt;
      extra.remove_prefix(4 + size);
    }
    return std::nullopt;
  }

  int fd_;
  const std::string& shown_;
};

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(int fd, const std::string& shown) {
  return DirectoryReader(fd, shown).read();
}

}  // namespace lemu::images
