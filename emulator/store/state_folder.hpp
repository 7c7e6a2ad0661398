// SPDX-License-Identifier: Apache-2.0
// StateFolder: what a daemon must remember, in a folder that one daemon at a time has. Owned by the daemon;
// blocking; any one thread.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::emulator {

class StateFolder {
 public:
  /// Makes the folder (mode 0700) if need be and holds its lock. One that is there keeps its mode: what is
  /// put in it is for its owner alone. bad_input where others can write it; host_lacks, naming the other's
  /// pid, while another daemon has it.
  static Result<StateFolder> open(std::string path);

  /// Who has it: " (process 123)", or empty.
  [[nodiscard]] static std::string holder(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string journal() const { return path_ + "/journal.db"; }
  [[nodiscard]] std::string dead_letters() const { return path_ + "/dead-letters"; }

 private:
  StateFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Fd lock_;
};

/// $XDG_STATE_HOME/lemu/PORT, else ~/.local/state/lemu/PORT: daemons on other ports have other states. Empty
/// without either variable. `lookup` gives a variable's value or nullptr.
[[nodiscard]] std::string default_state_folder(const char* (*lookup)(const char* name), unsigned port);

}  // namespace lemu::emulator
