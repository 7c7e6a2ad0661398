// SPDX-License-Identifier: Apache-2.0
// EnvironmentHost: what all execution environments of one lemu share. Owned by the command; outlives them.
// Lives on their io_context's thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>

#include "base/http/body_budget.hpp"
#include "base/http/caller_guard.hpp"
#include "emulator/environment/blocking_work.hpp"
#include "emulator/environment/host_sandbox.hpp"
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::emulator {

struct EnvironmentHost {
  /// For a command with one environment at a time, or for a daemon with many.
  enum class Environments { one, many };
  explicit EnvironmentHost(Environments many_or_one)
      : environments(many_or_one),
        work(many_or_one == Environments::many ? BlockingWork::Place::threads : BlockingWork::Place::here) {}

  const Environments environments;
  BlockingWork work;
  HostSandbox sandbox;
  // Of the watches over memory.
  sandbox::ProcessTable processes;
  std::size_t watched = 0;  ///< environments that are polled now
  /// Of Runtime APIs whose function the host takes for that user. None where the kernel does not tell who
  /// calls.
  std::shared_ptr<http::CallerGuard> guard_of(uid_t function);

 private:
  std::map<uid_t, std::shared_ptr<http::CallerGuard>> guards_;
};

}  // namespace lemu::emulator
