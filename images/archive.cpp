// SPDX-License-Identifier: Apache-2.0
#include "images/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "base/input_file.hpp"
#include "base/syscall.hpp"
#include "images/entry.hpp"
#include "images/errors.hpp"
#include "images/tree_writer.hpp"
#include "images/zip_directory.hpp"

namespace lemu::images {
namespace {

/// Making a file takes about as long as writing this much.
constexpr std::size_t kEntryWork = 16 * 1024;

struct FreeArchive {
  void operator()(archive* a) const { ::archive_read_free(a); }
};

/// One entry of the plan: checked, in the order of its data.
struct Step {
  Entry entry;
  const ZipEntry* described;
  bool superseded = false;  ///< a later entry has the same path
};

std::string reason_of(archive* a) {
  const char* text = ::archive_error_string(a);
  std::string reason = text != nullptr ? text : "unknown reason";
  while (reason.ends_with('\n')) reason.pop_back();
  return reason;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

std::string_view without_last_slash(std::string_view name) {
  if (name.ends_with('/')) name.remove_suffix(1);
  return name;
}

class ZipUnpacker {
 public:
  ZipUnpacker(const std::string& path, TreeWriter writer, const UnzipLimits& limits)
      : path_(path), limits_(limits), writer_(std::move(writer)) {}

  Result<Unpacked> run() {
    Status done = open_zip();
    if (done) done = plan();
    if (done) done = unpack();
    if (!done) return fail(std::move(done.error()).within(path_));
    return std::move(unpacked_);
  }

 private:
  Status open_zip() {
    Result<Fd> file = open_regular(path_);
    LEMU_TRY(file);
    file_ = std::move(*file);
    Result<std::vector<ZipEntry>> directory = read_zip_directory(file_.get(), "the archive");
    LEMU_TRY(directory);
    directory_ = std::move(*directory);
    return {};
  }

  /// Checks every entry before anything is written. What is written is then held to what is declared.
  Status plan() {
    std::uint64_t declared = 0;
    for (const ZipEntry& described : directory_) {
      declared += std::min(described.size, limits_.bytes + 1);
      if (declared > limits_.bytes) return too_large();
      if (described.encrypted) return fail<"zip-encrypted">(at<"name">(in_quotes(described.name)));
      Result<Entry> entry = check_entry(described.name, described.unix_mode);
      LEMU_TRY(entry);
      if (entry->type == EntryType::file && described.unix_mode == 0) ++unpacked_.files_without_mode;
      steps_.push_back(Step{std::move(*entry), &described});
    }
    return settle_duplicates();
  }

  /// Of entries with one path the last in the directory counts; two types for one path cannot be settled.
  Status settle_duplicates() {
    std::unordered_map<std::string_view, Step*> kept;
    for (Step& step : steps_) {
      const auto [place, is_new] = kept.try_emplace(step.entry.path, &step);
      if (is_new) continue;
      Step*& other = place->second;
      if (other->entry.type != step.entry.type)
        return fail<"zip-entry-twice">(at<"name">(in_quotes(step.entry.path)));
      if (step.entry.type != EntryType::folder)
        unpacked_.notes.push_back("the zip holds " + in_quotes(step.entry.path) +
                                  " more than once: the last one is used");
      Step* const older = other->described->position < step.described->position ? other : &step;
      if (older == other) other = &step;
      older->superseded = true;
    }
    return {};
  }

  Status unpack() {
    if (steps_.empty()) return {};
    const std::unique_ptr<archive, FreeArchive> reader(::archive_read_new());
    if (!reader) return fail<"unpack-out-of-memory">();
    archive* const a = reader.get();
    // Only the reader that goes by the central directory: the other one guesses from the data.
    constexpr std::size_t kBlock = 64 * 1024;
    ::archive_read_support_format_zip_seekable(a);
    if (::lseek(file_.get(), 0, SEEK_SET) != 0 ||
        ::archive_read_open_fd(a, file_.get(), kBlock) != ARCHIVE_OK)
      return damaged(a);
    for (const Step& step : steps_) {
      archive_entry* found = nullptr;
      const int answer = ::archive_read_next_header(a, &found);
      // ARCHIVE_WARN: a name it cannot convert, which is not needed from it.
      if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN) return damaged(a);
      Status done = agrees(step, found);
      if (done && !step.superseded) done = unpack_step(a, step, found);
      if (done) done = ask_to_go_on(kEntryWork);
      LEMU_TRY(done);
    }
    return {};
  }

  static tl::unexpected<Error> damaged(archive* a) { return fail<"zip-damaged">(at<"reason">(reason_of(a))); }

  /// libarchive takes names from the data, the plan from the directory. A zip whose two accounts differ is
  /// made to show one reader something else than another. (libarchive does not give every name: see
  /// zip_directory.hpp.)
  static Status agrees(const Step& step, archive_entry* found) {
    const std::string_view planned = step.described->name;
    const char* const seen = ::archive_entry_pathname(found);
    const bool other_name =
        is_ascii(planned) && (seen == nullptr || without_last_slash(seen) != without_last_slash(planned));
    const bool other_type =
        ::archive_entry_hardlink(found) != nullptr ||
        (::archive_entry_filetype(found) == AE_IFLNK && step.entry.type != EntryType::link);
    if (!other_name && !other_type) return {};
    return fail<"zip-entry-contradicted">(at<"name">(in_quotes(planned)));
  }

  /// `work` in bytes. Asking costs a system call, so it is done once in a while.
  Status ask_to_go_on(std::size_t work) {
    constexpr std::size_t kOnceIn = 1024 * 1024;
    unasked_ += work;
    if (unasked_ < kOnceIn || !limits_.interrupted) return {};
    unasked_ = 0;
    if (limits_.interrupted()) return fail<"unpack-interrupted">();
    return {};
  }

  Status unpack_step(archive* a, const Step& step, archive_entry* found) {
    ++unpacked_.entries;
    switch (step.entry.type) {
      case EntryType::folder: return writer_.make_folder(step.entry.path);
      case EntryType::link: return unpack_link(a, step.entry, found);
      case EntryType::file: return unpack_file(a, step.entry, step.described->size);
    }
    return {};
  }

  Status unpack_link(archive* a, const Entry& entry, archive_entry* found) {
    std::string target(PATH_MAX, '\0');
    if (const char* known = ::archive_entry_symlink(found)) {
      target = known;
    } else {
      const la_ssize_t n = ::archive_read_data(a, target.data(), target.size());
      if (n < 0) return damaged(a);
      target.resize(static_cast<std::size_t>(n));
    }
    LEMU_TRY(check_link(entry.path, target));
    return writer_.make_link(entry.path, target);
  }

  Status unpack_file(archive* a, const Entry& entry, std::uint64_t declared) {
    std::uint64_t got = 0;
    const Result<Fd> file = writer_.make_file(entry.path, entry.permissions);
    if (!file) return fail(file.error());
    while (true) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int answer = ::archive_read_data_block(a, &block, &size, &offset);
      if (answer == ARCHIVE_EOF) return {};
      if (answer != ARCHIVE_OK)
        return fail(std::move(damaged(a).value()).within("entry " + in_quotes(entry.path)));
      got += size;
      if (got > declared)
        return fail<"zip-entry-larger">(at<"name">(in_quotes(entry.path)), at<"bytes">(declared));
      unpacked_.bytes += size;
      LEMU_TRY(ask_to_go_on(size));
      Status written = write_all(file->get(), {static_cast<const char*>(block), size});
      if (!written)
        return fail_errno<"unpack-no-room">(written.error().os_error, at<"name">(in_quotes(entry.path)));
    }
  }

  tl::unexpected<Error> too_large() const { return fail<"zip-too-large">(at<"limit">(limits_.bytes)); }

  const std::string& path_;
  const UnzipLimits limits_;
  TreeWriter writer_;
  Fd file_;
  std::vector<ZipEntry> directory_;
  std::vector<Step> steps_;
  std::size_t unasked_ = 0;
  Unpacked unpacked_;
};

}  // namespace

Result<Unpacked> unpack_zip(const std::string& path, const std::string& folder, const UnzipLimits& limits) {
  Result<TreeWriter> writer = TreeWriter::open(folder);
  LEMU_TRY(writer);
  return ZipUnpacker(path, std::move(*writer), limits).run();
}

}  // namespace lemu::images
