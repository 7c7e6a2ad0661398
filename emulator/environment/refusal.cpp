// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/refusal.hpp"

#include <cerrno>
#include <cstring>

#include "emulator/errors.hpp"

namespace lemu::emulator {

std::string go_error_text(int code) {
  std::string text = ::strerror(code);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

Error refusal(const sandbox::Report& report, const sandbox::SandboxSpec& spec) {
  std::string what(sandbox::name_of(report.stage));
  if (report.stage == sandbox::Stage::mount && report.detail < spec.mounts.size()) {
    const sandbox::Mount& mount = spec.mounts[report.detail];
    what += " of " + (mount.kind == sandbox::MountKind::bind ? mount.source + " at " : std::string()) +
            mount.target;
  }
  if (report.os_error == EAGAIN)  // fork(2), unshare(2): a limit on processes
    return fail_errno<"sandbox-without-process">(report.os_error, what).value();
  return fail_errno<"sandbox-refused">(report.os_error, what).value();
}

}  // namespace lemu::emulator
