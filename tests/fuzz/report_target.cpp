// SPDX-License-Identifier: Apache-2.0
// The helper's reports, in pieces of any size: only whole ones with a known kind and stage are taken, in
// their order, from whom they come; and what does not make sense is the end.
#include "qemu/sandbox/report_pipe.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/syscall.hpp"
#include "emulator/environment/refusal.hpp"
#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::sandbox;

namespace {

bool known(const Report& report) {
  const auto kind = static_cast<std::uint32_t>(report.kind);
  return kind >= 1 && kind <= 6 && name_of(report.stage) != "unknown stage";
}

void check_told(const Report& report) {
  static const SandboxSpec spec = [] {
    SandboxSpec made;
    made.mounts.resize(3);
    return made;
  }();
  const Error error = emulator::refusal(report, spec);
  LEMU_HOLDS(error.kind == ErrorKind::host_lacks && error.os_error == report.os_error);
  LEMU_HOLDS(error.message.find(name_of(report.stage)) != std::string::npos);
}

/// What is there, read until nothing or the end; the bytes that were taken as reports.
Received read_all(int fd, std::string& taken) {
  while (true) {
    ReceivedReport received;
    const Received what = receive_report(fd, received);
    if (what != Received::report) return what;
    LEMU_HOLDS(known(received.report) && received.sender == ::getpid());
    check_told(received.report);
    taken.append(reinterpret_cast<const char*>(&received.report), sizeof received.report);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(fuzz::text_of(data, size));
  const std::size_t pieces = std::size_t{1} + input.byte();
  const std::string_view bytes = input.rest();
  const Result<SocketPair> pair = make_socket_pair();
  const int on = 1;
  LEMU_HOLDS(pair && ::setsockopt(pair->ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);

  std::string taken;
  Received last = Received::nothing_yet;
  for (std::size_t at = 0; at < bytes.size() && last == Received::nothing_yet; at += pieces) {
    LEMU_HOLDS(write_all(pair->theirs.get(), bytes.substr(at, pieces)));
    last = read_all(pair->ours.get(), taken);
  }
  LEMU_HOLDS(taken.size() % sizeof(Report) == 0 && taken == bytes.substr(0, taken.size()));
  if (last == Received::nothing_yet) {
    LEMU_HOLDS(taken.size() == bytes.size());
    ::shutdown(pair->theirs.get(), SHUT_WR);
    LEMU_HOLDS(read_all(pair->ours.get(), taken) == Received::end);
  }
  return 0;
}
