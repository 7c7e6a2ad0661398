// SPDX-License-Identifier: Apache-2.0
// A zip from anywhere: whatever it holds, what is unpacked are files, folders and links inside the folder,
// within the limit, and nothing beside it changes; a refusal is the package's fault and says so.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"
#include "images/archive.hpp"
#include "images/package_path.hpp"
#include "images/zip_directory.hpp"
#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::images;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kLimit = 64 * 1024;

/// A link may lead anywhere for the function, and lemu follows it inside the folder or not at all.
void check_link(const fs::path& link, const fs::path& folder) {
  LEMU_HOLDS(!fs::read_symlink(link).empty());
  const Fd top(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const PackagePath led = follow_in_package(top.get(), link.lexically_relative(folder).string());
  if (led.error != 0) return;
  const fs::path real = folder / led.relative;
  LEMU_HOLDS(!fs::is_symlink(real) && fs::canonical(real) == real);
}

struct Found {
  std::size_t entries = 0;
  std::uint64_t bytes = 0;
};

Found walk(const fs::path& folder) {
  Found found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    struct stat info {};
    LEMU_HOLDS(::lstat(entry.path().c_str(), &info) == 0);
    LEMU_HOLDS(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISLNK(info.st_mode));
    if (S_ISLNK(info.st_mode)) check_link(entry.path(), folder);
    if (S_ISREG(info.st_mode)) {
      LEMU_HOLDS((info.st_mode & 07000) == 0 && info.st_nlink == 1);
      found.bytes += static_cast<std::uint64_t>(info.st_size);
    }
    if (S_ISDIR(info.st_mode)) LEMU_HOLDS((info.st_mode & 07777) == 0755);
    ++found.entries;
  }
  return found;
}

/// The surroundings: a folder that holds only the one that is unpacked into.
class Place {
 public:
  Place() : folder_(TemporaryFolder::make("lemu-fuzz-").value()), inside_(folder_.path() + "/inside") {
    LEMU_HOLDS(::mkdir(inside_.c_str(), 0700) == 0);
  }
  [[nodiscard]] const std::string& inside() const { return inside_; }
  [[nodiscard]] bool untouched_around() const {
    const fs::directory_iterator all(folder_.path());
    return std::distance(begin(all), end(all)) == 1 && fs::is_directory(fs::symlink_status(inside_));
  }

 private:
  TemporaryFolder folder_;
  std::string inside_;
};

void check_directory(int fd, std::size_t size) {
  const Result<std::vector<ZipEntry>> entries = read_zip_directory(fd, "it");
  if (!entries) return;
  LEMU_HOLDS(entries->size() <= kMostEntries && entries->size() * 46 <= size);
  for (std::size_t i = 1; i < entries->size(); ++i)
    LEMU_HOLDS((*entries)[i - 1].header_offset < (*entries)[i].header_offset);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Fd zip(::memfd_create("zip", MFD_CLOEXEC));
  LEMU_HOLDS(zip.valid() && write_all(zip.get(), fuzz::text_of(data, size)));
  check_directory(zip.get(), size);

  const Place place;
  const Result<Unpacked> unpacked =
      unpack_zip("/proc/self/fd/" + std::to_string(zip.get()), place.inside(), {.bytes = kLimit});
  LEMU_HOLDS(place.untouched_around());
  const Found found = walk(fs::canonical(place.inside()));
  LEMU_HOLDS(found.bytes <= kLimit);
  if (!unpacked) {
    LEMU_HOLDS(unpacked.error().kind == ErrorKind::bad_input && !unpacked.error().message.empty());
    return 0;
  }
  LEMU_HOLDS(unpacked->bytes == found.bytes);
  LEMU_HOLDS(unpacked->files_without_mode <= unpacked->entries);
  return 0;
}
