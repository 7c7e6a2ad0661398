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
  if (replaced) return error<"package-replaced">(at<"path">(spec.mounts[report.detail].source));
  const bool makes_namespace =
      report.stage == sandbox::Stage::user_namespace || report.stage == sandbox::Stage::function_user;
  switch (code) {
    case EAGAIN:  // fork(2), unshare(2): a limit on processes
      return error_errno<"sandbox-without-process">(code, at<"step">(what));
    case EUSERS: return error_errno<"sandbox-without-namespace">(code, at<"step">(what));
    case ENOSPC:  // user_namespaces(7): the limit on namespaces
      if (makes_namespace) return error_errno<"sandbox-without-namespace">(code, at<"step">(what));
      return error_errno<"sandbox-without-room">(code, at<"step">(what));
    case ENOMEM: return error_errno<"sandbox-without-memory">(code, at<"step">(what));
    case EMFILE:
    case ENFILE: return error_errno<"sandbox-without-descriptor">(code, at<"step">(what));
    case EFBIG: return error_errno<"sandbox-file-too-large">(code, at<"step">(what));
    case ENOENT:
    case ENOTDIR:
    case ELOOP: return error_errno<"sandbox-without-file">(code, at<"step">(what));
    default: return error_errno<"sandbox-refused">(code, at<"step">(what));
  }
}

}  // namespace lemu::emulator
