// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/binfmt.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <string>

namespace lemu::sandbox {

StepResult register_binfmt(const Binfmt& binfmt) {
  const char* folder = binfmt.folder.c_str();
  if (::mkdir(folder, 0755) < 0 && errno != EEXIST) return failed_at(Stage::binfmt);
  if (::mount("binfmt_misc", folder, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) < 0)
    return failed_at(Stage::binfmt);
  const std::string entry = binfmt.folder + "/register";
  const bool registered =
      write_existing(entry.c_str(), binfmt.registration.data(), binfmt.registration.size());
  const int code = errno;
  if (!registered) {
    ::umount2(folder, MNT_DETACH);
    errno = code;
    return failed_at(Stage::binfmt);
  }
  if (::mount("none", folder, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555") < 0)
    return failed_at(Stage::binfmt);
  return done();
}

}  // namespace lemu::sandbox
