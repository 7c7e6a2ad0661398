// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/emulator_choice.hpp"

#include <sstream>

#include "emulator/environment/errors.hpp"
#include "qemu/capture.hpp"
#include "qemu/host_binfmt.hpp"
#include "qemu/interpreter.hpp"
#include "qemu/sandbox/wrapper_paths.hpp"

namespace lemu::emulator {
namespace {

/// QEMU's own complaint would come in the middle of the function's log.
Status check_cpu(const std::string& qemu, const std::string& cpu) {
  const Result<qemu::Captured> list = qemu::capture_output({qemu, "-cpu", "help"});
  if (!list || list->output.empty()) return {};            // (its exit code is 1)
  const std::string model = cpu.substr(0, cpu.find(','));  // "max,sve=off": a model and its properties
  std::istringstream words(list->output);
  for (std::string word; words >> word;)
    if (word == model) return {};
  return fail<"cpu-unknown">(at<"cpu">(cpu), at<"model">(model), at<"qemu">(qemu));
}

}  // namespace

Status find_emulator(const FunctionSetup& setup, PreparedFunction& prepared) {
  const LaunchOptions& options = setup.launch;
  const Arch arch = prepared.request.arch;
  Result<qemu::QemuProgram> found = qemu::find_qemu(arch, {options.qemu, setup.search_path});
  LEMU_TRY(found);
  Result<qemu::SharedLibraries> libraries = qemu::shared_libraries(*found);
  LEMU_TRY(libraries);
  prepared.request.emulator = qemu::Emulator{found->path, libraries->loader, libraries->files};
  prepared.request.cpu = options.cpu.value_or(std::string(names_of(arch).default_cpu));
  prepared.qemu = found->path;
  if (options.cpu) LEMU_TRY(check_cpu(found->path, *options.cpu));
  prepared.because("QEMU: " + found->path,
                   options.qemu ? "asked for with --qemu" : "the first usable one on PATH");
  prepared.because(
      "CPU model: " + prepared.request.cpu,
      options.cpu ? "asked for with --cpu" : "the core of Lambda's launch hardware for " + lambda_name(arch));
  return {};
}

Status look_at_binfmt(const LaunchOptions& options, PreparedFunction& prepared) {
  Result<std::string> line = qemu::registration_line("lemu-" + lambda_name(prepared.request.arch),
                                                     prepared.request.arch, sandbox::kWrapperPath);
  LEMU_TRY(line);
  prepared.request.binfmt_registration = std::move(*line);
  Result<qemu::HostBinfmt> host = qemu::read_host_binfmt();
  if (!host || host->state == qemu::Switch::off) return {};
  const qemu::Registration* taker = host->taker_of(prepared.request.arch);
  // Without F the kernel looks the interpreter up in the sandbox's own root, where it is not.
  if (taker != nullptr && taker->flags.find('F') != std::string::npos)
    prepared.request.host_registration = taker->name;
  prepared.request.own_emulator = options.qemu || options.cpu;
  if (prepared.request.own_emulator && prepared.request.launch == qemu::LaunchChoice::host_binfmt)
    prepared.notes.push_back(std::string(options.qemu ? "--qemu" : "--cpu") +
                             " is not used: the host's registration has a QEMU of its own");
  return {};
}

}  // namespace lemu::emulator
