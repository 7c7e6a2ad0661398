// SPDX-License-Identifier: Apache-2.0
// Restrictions: what of this host stands in the way of a trial that was refused, and the exact command that
// removes it. Pure: from the facts of a Host and the outcome of a Trial. Any thread.
#pragma once

#include <string>
#include <vector>

#include "qemu/doctor/host.hpp"
#include "qemu/trial.hpp"

namespace lemu::qemu {

/// Something that would make functions run better here.
struct Improvement {
  std::string what;     ///< what it gives, as a sentence without its full stop
  std::string command;  ///< to be typed as it stands; empty where there is none to give
};

enum class Concerns { sandbox, emulation };

struct Restriction {
  std::string name;  ///< stable, for scripts: "apparmor-userns"
  std::string text;  ///< for people: "AppArmor (kernel.apparmor_restrict_unprivileged_userns = 1)"
  std::vector<Improvement> improvements;
  Concerns concerns = Concerns::sandbox;
};

/// Why there is no sandbox: `refused` is the sandboxed trial of a native program, `helper` the installed path
/// of lemu-sandbox. Every fact that explains it; several may be at work. Never empty for a refused trial.
[[nodiscard]] std::vector<Restriction> sandbox_restrictions(const Host& host, const Trial& refused,
                                                            const std::string& helper);
/// Why the sandbox that works lacks something of what it should have; empty when nothing is lost.
[[nodiscard]] std::vector<Restriction> partial_restrictions(const Host& host, const Trial& native);
/// Why there is no private binfmt_misc, though there is a sandbox.
[[nodiscard]] std::vector<Restriction> binfmt_restrictions(const Host& host, int os_error);
/// There is no QEMU for `guest`.
[[nodiscard]] Restriction no_qemu(const Host& host, Arch guest);
/// The package with the libraries that dynamically linked programs of `guest` need; empty where none is
/// known.
[[nodiscard]] std::string cross_library_command(const Host& host, Arch guest);

}  // namespace lemu::qemu
