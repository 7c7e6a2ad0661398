// SPDX-License-Identifier: Apache-2.0
// What a program started by just anybody must put right about itself before it does anything else.
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <string>

#include "base/result.hpp"

namespace lemu::emulator::cli {

/// Fills descriptors 0 to 2 where they are closed, so that no file or socket of ours gets their numbers and
/// is taken for the caller's: they then refuse reading or writing, as closed ones do. Undoes an inherited
/// SIG_IGN for SIGCHLD, with which the kernel would keep every child's ending from us (wait(2)). Has a write
/// beyond the limit on the size of files fail with EFBIG, where SIGXFSZ would end lemu without a word. Call
/// it first, in a process of one thread.
void set_up_process();

/// Holds SIGINT, SIGTERM and SIGHUP back for as long as it lives: for work that can be left only between two
/// steps of it. They take effect when it is destroyed.
class SignalsHeldBack {
 public:
  SignalsHeldBack();
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;
  ~SignalsHeldBack();
  /// Whether one has come.
  [[nodiscard]] static bool any_came();

 private:
  sigset_t before_;
};

/// getenv(3), as a function of ours: what lookups of variables are given.
[[nodiscard]] const char* own_variable(const char* name);

/// The folder of lemu-sandbox and lemu-qemu-wrapper: ../libexec/lemu beside this program, wherever it is
/// installed.
[[nodiscard]] Result<std::string> libexec_folder();

/// As many open files as lemu needs: raises the process's own limit where that is possible, else fails.
[[nodiscard]] Status get_descriptors();

/// Raises the soft limit on open files to the hard one, for a process that serves many at once. What the
/// limit was before: programs that use select(2) rely on the usual soft one, so it is what others are given.
rlimit raise_descriptors();

/// Whether whoever started us wants this signal ignored, as nohup(1) does; to be asked before handling it.
[[nodiscard]] bool ignored_by_caller(int signal);

}  // namespace lemu::emulator::cli
