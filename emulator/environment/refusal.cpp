// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/refusal.hpp"

#include <cerrno>
#include <cstring>

#include "emulator/environment/errors.hpp"

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
  const int code = report.os_error;
  const bool replaced =
      code == ESTALE && report.stage == sandbox::Stage::mount && report.detail < spec.mounts.size();
  if (replaced) return fail<"package-replaced">(spec.mounts[report.detail].source).value();
  const bool makes_namespace =
      report.stage == sandbox::Stage::user_namespace || report.stage == sandbox::Stage::function_user;
  switch (code) {
    case EAGAIN:  // fork(2), unshare(2): a limit on processes
      return fail_errno<"sandbox-without-process">(code, what).value();
    case EUSERS: return fail_errno<"sandbox-without-namespace">(code, what).value();
    case ENOSPC:  // user_namespaces(7): the limit on namespaces
      if (makes_namespace) return fail_errno<"sandbox-without-namespace">(code, what).value();
      return fail_errno<"sandbox-without-room">(code, what).value();
    case ENOMEM: return fail_errno<"sandbox-without-memory">(code, what).value();
    case EMFILE:
    case ENFILE: return fail_errno<"sandbox-without-descriptor">(code, what).value();
    case EFBIG: return fail_errno<"sandbox-file-too-large">(code, what).value();
    case ENOENT:
    case ENOTDIR:
    case ELOOP: return fail_errno<"sandbox-without-file">(code, what).value();
    default: return fail_errno<"sandbox-refused">(code, what).value();
  }
}

}  // namespace lemu::emulator
