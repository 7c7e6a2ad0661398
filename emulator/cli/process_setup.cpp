// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/process_setup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lemu::emulator::cli {

void set_up_process() {
  // In rising order: open(2) gives the lowest free number, so each is the very one that is missing.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The wrong way round, so that what is asked of it fails with EBADF.
    const int filler = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    // In a root without /dev: a socket connected to nothing can be neither read nor written.
    if (filler < 0) static_cast<void>(::socket(AF_UNIX, SOCK_STREAM, 0));
  }
  ::signal(SIGCHLD, SIG_DFL);
}

bool ignored_by_caller(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace lemu::emulator::cli
