// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/preparation.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/syscall.hpp"
#include "emulator/environment/emulator_choice.hpp"
#include "emulator/environment/errors.hpp"
#include "emulator/environment/package_names.hpp"
#include "emulator/environment/root_choice.hpp"
#include "images/package.hpp"
#include "qemu/inspect.hpp"

namespace lemu::emulator {
namespace {

class Preparer {
 public:
  Preparer(const FunctionSetup& setup, EnvironmentFolder& folder)
      : setup_(setup),
        options_(setup.launch),
        config_(setup.function.config),
        folder_(folder),
        names_(setup.function.config.target, PackageNames::Packed::as_files) {}

  Result<PreparedFunction> prepare() {
    qemu::LaunchRequest& request = prepared_.request;
    request.sandbox = options_.sandbox;
    request.launch = options_.launch;
    request.mount_point = folder_.mount_point();
    request.tmp_bytes = config_.ephemeral_storage_mb << 20;
    request.memory_bytes = config_.memory_mb << 20;
    request.stdio = setup_.stdio;
    request.shell = setup_.shell;
    request.wrapper = setup_.libexec + "/lemu-qemu-wrapper";
    prepared_.helper = setup_.libexec + "/lemu-sandbox";

    LEMU_TRY(place_tmp());
    LEMU_TRY(take_code());
    Result<qemu::Program> program = qemu::inspect_program(
        code_.bootstrap_host_path, names_.of(std::string(qemu::kBootstrapPath), "bootstrap"));
    if (!program) return fail(names_.explain(std::move(program.error())));
    if (Status s = decide_arch(*program); !s) return fail(names_.explain(std::move(s.error())));
    LEMU_TRY(check_place());
    note_oddities(*program);
    if (emulated()) LEMU_TRY(find_emulator(setup_, prepared_));
    LEMU_TRY(RootChoice(setup_.launch, folder_, code_, names_, prepared_).choose(*program));
    if (emulated()) LEMU_TRY(look_at_binfmt(setup_.launch, prepared_));
    return std::move(prepared_);
  }

 private:
  [[nodiscard]] bool emulated() const { return prepared_.request.arch != host_arch(); }
  Status place_tmp() {
    if (options_.folder == LaunchOptions::Folder::removed) return {};
    Result<std::string> tmp = folder_.tmp();
    LEMU_TRY(tmp);
    prepared_.request.tmp_folder = std::move(*tmp);
    return {};
  }

  Status take_code() {
    Result<images::Package> package = images::open_package(config_.target);
    LEMU_TRY(package);
    Result<std::string> unpack_folder;
    const bool zip = package->kind == images::PackageKind::zip;
    if (zip) names_ = PackageNames(config_.target, PackageNames::Packed::in_zip);
    if (zip) unpack_folder = folder_.code();
    LEMU_TRY(unpack_folder);
    Result<images::FunctionCode> code = images::prepare(*package, *unpack_folder, setup_.interrupted);
    LEMU_TRY(code);
    code_ = std::move(*code);
    prepared_.request.task_folder = code_.task_folder;
    prepared_.request.bootstrap_file = code_.bootstrap_file;
    if (!code_.bootstrap_same_on_host) prepared_.request.linked_bootstrap = code_.bootstrap_host_path;
    prepared_.request.hidden = code_.channels;
    prepared_.notes.insert(prepared_.notes.end(), code_.notes.begin(), code_.notes.end());
    Result<PinnedCode> pinned = pin_code(prepared_.request);
    LEMU_TRY(pinned);
    prepared_.code = std::move(pinned->file);
    prepared_.request.code = pinned->identity;
    return {};
  }

  Status decide_arch(const qemu::Program& program) {
    const qemu::ElfInfo* elf = program.elf();
    if (config_.arch) {
      prepared_.request.arch = *config_.arch;
      prepared_.because("architecture: " + lambda_name(*config_.arch), "asked for with --arch");
      return qemu::check_arch(program, *config_.arch);
    }
    prepared_.request.arch = elf != nullptr ? elf->arch : host_arch();
    prepared_.because("architecture: " + lambda_name(prepared_.request.arch),
                      elf != nullptr ? "the bootstrap is an ELF program for it"
                                     : "the bootstrap is a script and --arch was not given: this host's own");
    return {};
  }

  /// The kernel's EACCES would look like a wrong mode. QEMU only reads what it is started with.
  Status check_place() const {
    struct statvfs about {};
    const bool read_only_by_qemu = emulated() && options_.launch == qemu::LaunchChoice::direct;
    if (read_only_by_qemu || ::statvfs(code_.bootstrap_host_path.c_str(), &about) != 0) return {};
    if ((about.f_flag & ST_NOEXEC) == 0) return {};
    return names_.in_zip() ? fail<"unpacked-where-not-executable">(at<"path">(code_.task_folder))
                           : fail<"package-not-executable-there">(at<"path">(code_.bootstrap_host_path));
  }

  /// What the user should know, though the function runs.
  void note_oddities(const qemu::Program& program) {
    const std::string not_emulated =
        " is not used: the function is for " + lambda_name(prepared_.request.arch) + ", as this host is";
    if (!emulated() && options_.qemu) prepared_.notes.push_back("--qemu" + not_emulated);
    if (!emulated() && options_.cpu) prepared_.notes.push_back("--cpu" + not_emulated);
    if (!emulated() && options_.sysroot && options_.sandbox == qemu::SandboxChoice::off)
      prepared_.notes.push_back(
          "--sysroot is not used: without a sandbox, a function for this host's architecture runs on the "
          "host's own files");
    std::error_code failed;
    const std::uintmax_t size = std::filesystem::file_size(program.path, failed);
    if (failed || program.elf() == nullptr || size >= program.elf()->loaded_end) return;
    prepared_.notes.push_back("the bootstrap is cut short: it has " + std::to_string(size) +
                              " bytes of at least " + std::to_string(program.elf()->loaded_end) +
                              ", so it will crash: build or copy it again");
  }

  const FunctionSetup& setup_;
  const LaunchOptions& options_;
  const FunctionConfig& config_;
  EnvironmentFolder& folder_;
  images::FunctionCode code_;
  PackageNames names_;
  PreparedFunction prepared_;
};

}  // namespace

Result<PinnedCode> pin_code(const qemu::LaunchRequest& request) {
  const std::string& path = request.task_folder.empty() ? request.bootstrap_file : request.task_folder;
  Result<Fd> file = open_file(path, O_PATH);
  struct stat about {};
  if (!file) return fail_errno<"package-gone">(file.error().os_error, at<"path">(path));
  if (::fstat(file->get(), &about) < 0) return fail_errno<"package-gone">(errno, at<"path">(path));
  return PinnedCode{std::move(*file), {about.st_dev, about.st_ino}};
}

Result<PreparedFunction> prepare_function(const FunctionSetup& setup, EnvironmentFolder& folder) {
  return Preparer(setup, folder).prepare();
}

}  // namespace lemu::emulator
