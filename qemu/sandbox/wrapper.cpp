// SPDX-License-Identifier: Apache-2.0
// lemu-qemu-wrapper: the interpreter of the sandbox's private binfmt_misc registration (flags F and P). The
// kernel starts it as `wrapper PATH ARGV0 ARGUMENTS…`; it becomes `qemu OPTIONS… -0 ARGV0 PATH ARGUMENTS…`,
// with the options lemu wrote beside the QEMU in the sandbox's own /dev. The guest's environment stays as it
// is: what QEMU's own needs besides is hidden from it by further options.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

#include "qemu/sandbox/wrapper_paths.hpp"

namespace {

constexpr int kMaxArguments =
    32 * 1024;  // far above what 128 KiB of arguments per string and ARG_MAX allow in use
char option_text[16 * 1024];
char* arguments[kMaxArguments];
char* environment[kMaxArguments];

[[noreturn]] void give_up(const char* message, unsigned size) {
  const long ignored = ::write(2, message, size);
  static_cast<void>(ignored);
  ::_exit(126);
}

/// Reads the NUL-terminated words of the options file; the count of them.
int read_options() {
  const int fd = ::open(lemu::sandbox::kQemuCommandFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const long size = ::read(fd, option_text, sizeof option_text - 1);
  ::close(fd);
  int count = 0;
  for (long i = 0; i < size && count < 64; ++count) {
    arguments[count] = option_text + i;
    while (i < size && option_text[i] != '\0') ++i;
    ++i;
  }
  return count;
}

bool names(const char* entry, const char* variable) {
  const std::size_t size = std::strlen(variable);
  return std::strncmp(entry, variable, size) == 0 && entry[size] == '=';
}

/// The guest's environment with QEMU's own variables in it; the options that hide them are appended to
/// `arguments`. The new count of arguments, or -1 when there is too much of either.
int make_environment(int count) {
  using lemu::sandbox::kQemuEnvironment;
  static char values[std::size(kQemuEnvironment)][64];
  static char option_set[] = "-E";
  static char option_unset[] = "-U";
  int kept = 0;
  char* own[std::size(kQemuEnvironment)] = {};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool replaced = false;
    for (std::size_t i = 0; i < std::size(kQemuEnvironment); ++i)
      if (names(*entry, kQemuEnvironment[i].name)) {
        own[i] = *entry;
        replaced = true;
      }
    if (replaced) continue;
    if (kept + static_cast<int>(std::size(kQemuEnvironment)) + 1 >= kMaxArguments) return -1;
    environment[kept++] = *entry;
  }
  for (std::size_t i = 0; i < std::size(kQemuEnvironment); ++i) {
    char* const value = values[i];
    std::strcpy(value, kQemuEnvironment[i].name);
    std::strcat(value, "=");
    std::strcat(value, kQemuEnvironment[i].value);
    environment[kept++] = value;
    arguments[count++] = own[i] != nullptr ? option_set : option_unset;
    arguments[count++] = own[i] != nullptr ? own[i] : const_cast<char*>(kQemuEnvironment[i].name);
  }
  environment[kept] = nullptr;
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr char kNoOptions[] = "lemu-qemu-wrapper: run by lemu's sandbox only\n";
  int count = read_options();
  if (count == 0 || argc < 3) give_up(kNoOptions, sizeof kNoOptions - 1);
  constexpr char kTooMany[] = "lemu-qemu-wrapper: too many arguments\n";
  constexpr int kOurOwn = 16;
  if (argc + count + kOurOwn > kMaxArguments) give_up(kTooMany, sizeof kTooMany - 1);
  count = make_environment(count);
  if (count < 0) give_up(kTooMany, sizeof kTooMany - 1);
  static char option_argv0[] = "-0";
  char* const path = argv[1];
  arguments[count++] = option_argv0;
  arguments[count++] = argv[2];
  arguments[count++] = path;
  for (int i = 3; i < argc; ++i) arguments[count++] = argv[i];
  arguments[count] = nullptr;
  ::execve(arguments[0], arguments, environment);
  constexpr char kFailed[] = "lemu-qemu-wrapper: cannot execute QEMU\n";
  give_up(kFailed, sizeof kFailed - 1);
}
