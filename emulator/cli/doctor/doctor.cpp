// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/doctor/doctor.hpp"

#include <signal.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>

#include "base/printable.hpp"
#include "emulator/cli/doctor/doctor_json.hpp"
#include "emulator/cli/doctor/doctor_text.hpp"
#include "emulator/cli/doctor/errors.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/own_descendants.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"
#include "emulator/environment/environment_folder.hpp"
#include "qemu/doctor/diagnosis.hpp"

namespace lemu::emulator::cli {
namespace {

std::string text_variable(const char* name, const char* otherwise) {
  const char* value = own_variable(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

bool allows_programs(const std::string& folder) {
  struct statvfs about {};
  return ::statvfs(folder.c_str(), &about) == 0 && (about.f_flag & ST_NOEXEC) == 0 &&
         ::access(folder.c_str(), W_OK | X_OK) == 0;
}

/// Where invoke makes its folders; elsewhere when nothing can be executed there, as the trial program lies in
/// it. (A function's own code lies where the user has it.)
std::string trial_base() {
  const std::string usual = text_variable("TMPDIR", "/tmp");
  if (allows_programs(usual)) return default_environment_base(own_variable);
  for (const std::string& folder : std::array<std::string, 3>{"/var/tmp", text_variable("HOME", ""), "."})
    if (!folder.empty() && allows_programs(folder)) return folder + "/lemu-" + std::to_string(::geteuid());
  return default_environment_base(own_variable);
}

Result<qemu::Diagnosis> diagnose() {
  if (::access("/proc/self/exe", F_OK) != 0) return fail<"proc-missing">();
  Result<std::string> libexec = libexec_folder();
  LEMU_TRY(libexec);
  Result<EnvironmentFolder> folder = EnvironmentFolder::make(trial_base());
  LEMU_TRY(folder);
  qemu::DiagnosisSettings settings;
  settings.sources = {"", own_variable, ::geteuid()};
  settings.search_path = text_variable("PATH", "/usr/local/bin:/usr/bin:/bin");
  settings.libexec = std::move(*libexec);
  Result<std::string> own = folder->tmp();
  LEMU_TRY(own);
  settings.folder = std::move(*own);
  return qemu::gather(settings);
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  TerminalOutput output(STDOUT_FILENO, STDERR_FILENO, options.verbosity);
  const OwnDescendants descendants;
  Result<qemu::Diagnosis> diagnosis = diagnose();
  descendants.end();
  if (!diagnosis) {
    output.error(diagnosis.error());
    return static_cast<int>(exit_code_of(diagnosis.error().kind));
  }
  const std::string text = options.json ? printable_json(doctor_json(*diagnosis))
                                        : printable_lines(doctor_text(*diagnosis, options.verbosity));
  output.answer(text, TerminalOutput::Ending::as_it_is);
  if (!output.answers()) return static_cast<int>(ExitCode::internal);
  return static_cast<int>(diagnosis->emulated.trial ? ExitCode::success : ExitCode::host_lacks);
}

}  // namespace lemu::emulator::cli
