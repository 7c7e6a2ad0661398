// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/root_choice.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "emulator/environment/errors.hpp"
#include "qemu/dynamic.hpp"
#include "qemu/etc_files.hpp"
#include "qemu/interpreter.hpp"

namespace lemu::emulator {
namespace {

constexpr char kTaskRoot[] = "/var/task";

/// The folders of Lambda's LD_LIBRARY_PATH that a package can fill ("Defined runtime environment variables").
const std::vector<std::string>& package_library_path() {
  static const std::vector<std::string> folders{"/var/task", "/var/task/lib", "/opt/lib"};
  return folders;
}

}  // namespace

/// The tree the function will see, for looking files up in it before it is made.
qemu::GuestRoot RootChoice::guest_root(const qemu::RuntimeRoot& root) const {
  qemu::GuestRoot tree;
  qemu::show(tree, qemu::system_mounts(root));
  qemu::show(tree, qemu::etc_mounts(root));
  if (options_.sandbox != qemu::SandboxChoice::on) {  // without one the rest is there, too
    if (root.source == qemu::SystemSource::host) tree.add({"/", "/"});
    if (root.source == qemu::SystemSource::sysroot) tree.add({root.path, "/"});
  }
  if (code_.task_folder.empty())
    tree.add({code_.bootstrap_file, std::string(kTaskRoot) + "/bootstrap"});
  else
    tree.add({code_.task_folder, kTaskRoot});
  return tree;
}

Status RootChoice::choose(const qemu::Program& bootstrap) {
  if (options_.sysroot) {
    LEMU_TRY(take_sysroot(*options_.sysroot));
  } else if (!emulated()) {
    prepared_.request.root = {qemu::SystemSource::host, {}, {}};
    prepared_.because("system directories: the host's", "the function is for this host's architecture");
  }
  if (const qemu::ScriptLine* script = bootstrap.script()) return choose_for_script(*script);
  return choose_for_elf(*bootstrap.elf(), std::string(qemu::kBootstrapPath));
}

Status RootChoice::take_sysroot(const std::string& path) {
  qemu::RuntimeRoot& root = prepared_.request.root;
  std::error_code code;
  const std::filesystem::path real = std::filesystem::canonical(path, code);
  if (code || !std::filesystem::is_directory(real))
    return fail<"sysroot-not-folder">(at<"path">(path), at<"arch">(lambda_name(prepared_.request.arch)));
  root = {qemu::SystemSource::sysroot, real.string(), {}};
  LEMU_TRY(make_prefix(root));
  prepared_.because("system directories: " + root.path, "asked for with --sysroot");
  return {};
}

/// Without a sandbox nothing can be laid over a sysroot that lacks the links of a merged /usr: QEMU is
/// given a folder of links to what the sysroot has, and to what is missing.
Status RootChoice::make_prefix(qemu::RuntimeRoot& root) {
  const std::vector<std::string> missing = qemu::missing_usr_links(root.path);
  if (!emulated() || missing.empty() || options_.sandbox == qemu::SandboxChoice::on) return {};
  Result<std::string> prefix = folder_.prefix();
  LEMU_TRY(prefix);
  std::error_code failed;
  std::vector<std::pair<std::string, std::string>> links;  // target, name
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(root.path, failed))
    links.emplace_back(entry.path().string(), entry.path().filename().string());
  for (const std::string& name : missing) links.emplace_back(root.path + "/usr/" + name, name);
  for (const auto& [target, name] : links)
    if (::symlink(target.c_str(), (*prefix + "/" + name).c_str()) < 0)
      return fail_errno<"environment-folder">(errno, at<"attempt">("make links in " + *prefix));
  root.prefix = std::move(*prefix);
  return {};
}

Status RootChoice::choose_for_elf(const qemu::ElfInfo& elf, const std::string& guest_path) {
  if (!emulated() || elf.is_static()) {
    if (emulated() && !options_.sysroot)
      prepared_.because("system directories: none", "the program is static and needs none");
    return {};
  }
  qemu::RuntimeRoot& root = prepared_.request.root;
  if (root.source == qemu::SystemSource::none) {
    const std::vector<qemu::Mounted> cross = qemu::cross_libraries(elf.arch);
    if (!cross.empty()) root = {qemu::SystemSource::cross_libraries, cross.front().host, {}};
  }
  Result<qemu::DynamicProgram> resolved =
      qemu::resolve_dynamic({elf, guest_path, package_library_path()}, guest_root(root));
  LEMU_TRY(resolved);
  if (root.source == qemu::SystemSource::cross_libraries)
    prepared_.because("system directories: " + root.path,
                      "the distribution's cross libraries satisfy the program");
  return {};
}

Status RootChoice::choose_for_script(const qemu::ScriptLine& script) {
  prepared_.request.script = script;
  const Arch arch = prepared_.request.arch;
  const std::optional<std::string> host = guest_root(prepared_.request.root).find(script.interpreter);
  if (!host && !emulated()) return fail<"script-interpreter-missing">(at<"interpreter">(script.interpreter));
  if (!host)
    return fail<"script-interpreter-missing-for-architecture">(at<"interpreter">(script.interpreter),
                                                               at<"arch">(lambda_name(arch)));
  const bool packed = host->starts_with(code_.task_folder + "/");
  Result<qemu::Program> interpreter = qemu::inspect_program(
      *host, packed ? names_.of(script.interpreter, host->substr(code_.task_folder.size() + 1))
                    : qemu::ProgramNames{script.interpreter});
  if (!interpreter) {
    Error error =
        std::move(interpreter.error()).within("the bootstrap is a script for " + script.interpreter);
    return fail(packed ? names_.explain(std::move(error)) : std::move(error));
  }
  if (interpreter->elf() == nullptr)
    return fail<"script-interpreter-is-script">(at<"interpreter">(script.interpreter));
  if (Status matches = qemu::check_arch(*interpreter, arch); !matches)
    return fail<"script-interpreter-wrong-architecture">(at<"interpreter">(script.interpreter),
                                                         at<"reason">(matches.error().message),
                                                         at<"arch">(lambda_name(arch)));
  return choose_for_elf(*interpreter->elf(), script.interpreter);
}

}  // namespace lemu::emulator
