// SPDX-License-Identifier: Apache-2.0
// EnvironmentHost: what all execution environments of one lemu share. Owned by the command; outlives them.
// Lives on their io_context's thread.
#pragma once

#include <cstddef>

#include "emulator/environment/blocking_work.hpp"
#include "emulator/environment/host_sandbox.hpp"
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::emulator {

struct EnvironmentHost {
  /// For a command with one environment at a time, or for a daemon with many.
  enum class Lot { one, many };
  explicit EnvironmentHost(Lot many_or_one)
      : lot(many_or_one),
        work(many_or_one == Lot::many ? BlockingWork::Place::threads : BlockingWork::Place::here) {}

  const Lot lot;
  BlockingWork work;
  HostSandbox sandbox;
  // Of the watches over memory.
  sandbox::ProcessTable processes;
  std::size_t watched = 0;  ///< environments that are polled now
};

}  // namespace lemu::emulator
