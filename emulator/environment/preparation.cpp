// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/preparation.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

#include "base/syscall.hpp"
#include "emulator/environment/errors.hpp"
#include "images/entry.hpp"
#include "images/package.hpp"
#include "qemu/capture.hpp"
#include "qemu/dynamic.hpp"
#include "qemu/etc_files.hpp"
#include "qemu/host_binfmt.hpp"
#include "qemu/inspect.hpp"
#include "qemu/interpreter.hpp"
#include "qemu/sandbox/wrapper_paths.hpp"

namespace lemu::emulator {
namespace {

constexpr char kTaskRoot[] = "/var/task";

/// The folders of Lambda's LD_LIBRARY_PATH that a package can fill ("Defined runtime environment variables").
const std::vector<std::string>& package_library_path() {
  static const std::vector<std::string> folders{"/var/task", "/var/task/lib", "/opt/lib"};
  return folders;
}

std::string lambda_name(Arch arch) { return std::string(names_of(arch).lambda); }

class Preparer {
 public:
  Preparer(const FunctionSetup& setup, EnvironmentFolder& folder)
      : setup_(setup), options_(setup.launch), config_(setup.function.config), folder_(folder) {}

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
        code_.bootstrap_host_path, names_of_packed(std::string(qemu::kBootstrapPath), "bootstrap"));
    if (!program) return fail(as_packed(std::move(program.error())));
    if (Status s = decide_arch(*program); !s) return fail(as_packed(std::move(s.error())));
    LEMU_TRY(check_place());
    note_oddities(*program);
    if (emulated()) LEMU_TRY(find_emulator());
    LEMU_TRY(choose_root(*program));
    if (emulated()) LEMU_TRY(look_at_binfmt());
    return std::move(prepared_);
  }

 private:
  [[nodiscard]] bool emulated() const { return prepared_.request.arch != host_arch(); }
  void because(std::string choice, std::string reason) {
    prepared_.reasons.push_back({std::move(choice), std::move(reason)});
  }

  /// What a zip was unpacked to is gone when its message is read: it is named by its place in the zip.
  [[nodiscard]] qemu::ProgramNames names_of_packed(std::string seen_as, const std::string& in_zip) const {
    if (!unpacked_) return {std::move(seen_as)};
    return {std::move(seen_as), in_zip + " in " + images::in_quotes(config_.target), in_zip};
  }

  [[nodiscard]] Error as_packed(Error error) const {
    if (unpacked_ && !error.remedy.empty()) error.remedy += "; then make the zip again";
    return error;
  }

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
    unpacked_ = package->kind == images::PackageKind::zip;
    if (unpacked_) unpack_folder = folder_.code();
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
      because("architecture: " + lambda_name(*config_.arch), "asked for with --arch");
      return qemu::check_arch(program, *config_.arch);
    }
    prepared_.request.arch = elf != nullptr ? elf->arch : host_arch();
    because("architecture: " + lambda_name(prepared_.request.arch),
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
    return unpacked_ ? fail<"unpacked-where-not-executable">(at<"path">(code_.task_folder))
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

  Status find_emulator() {
    const Arch arch = prepared_.request.arch;
    Result<qemu::QemuProgram> found = qemu::find_qemu(arch, {options_.qemu, setup_.search_path});
    LEMU_TRY(found);
    Result<qemu::SharedLibraries> libraries = qemu::shared_libraries(*found);
    LEMU_TRY(libraries);
    prepared_.request.emulator = qemu::Emulator{found->path, libraries->loader, libraries->files};
    prepared_.request.cpu = options_.cpu.value_or(std::string(names_of(arch).default_cpu));
    prepared_.qemu = found->path;
    if (options_.cpu) LEMU_TRY(check_cpu(found->path, *options_.cpu));
    because("QEMU: " + found->path, options_.qemu ? "asked for with --qemu" : "the first usable one on PATH");
    because("CPU model: " + prepared_.request.cpu,
            options_.cpu ? "asked for with --cpu"
                         : "the core of Lambda's launch hardware for " + lambda_name(arch));
    return {};
  }

  /// QEMU's own complaint would come in the middle of the function's log.
  static Status check_cpu(const std::string& qemu, const std::string& cpu) {
    const Result<qemu::Captured> list = qemu::capture_output({qemu, "-cpu", "help"});
    if (!list || list->output.empty()) return {};            // (its exit code is 1)
    const std::string model = cpu.substr(0, cpu.find(','));  // "max,sve=off": a model and its properties
    std::istringstream words(list->output);
    for (std::string word; words >> word;)
      if (word == model) return {};
    return fail<"cpu-unknown">(at<"cpu">(cpu), at<"model">(model), at<"qemu">(qemu));
  }

  Status look_at_binfmt() {
    Result<std::string> line = qemu::registration_line("lemu-" + lambda_name(prepared_.request.arch),
                                                       prepared_.request.arch, sandbox::kWrapperPath);
    LEMU_TRY(line);
    prepared_.request.binfmt_registration = std::move(*line);
    Result<qemu::HostBinfmt> host = qemu::read_host_binfmt();
    if (!host || host->state == qemu::Switch::off) return {};
    const qemu::Registration* taker = host->taker_of(prepared_.request.arch);
    // Without F the kernel looks the interpreter up in the sandbox's own root, where it is not.
    if (taker != nullptr && taker->flags.find('F') != std::string::npos)
      prepared_.request.host_registration = taker->name;
    prepared_.request.own_emulator = options_.qemu || options_.cpu;
    if (prepared_.request.own_emulator && prepared_.request.launch == qemu::LaunchChoice::host_binfmt)
      prepared_.notes.push_back(std::string(options_.qemu ? "--qemu" : "--cpu") +
                                " is not used: the host's registration has a QEMU of its own");
    return {};
  }

  /// The tree the function will see, for looking files up in it before it is made.
  [[nodiscard]] qemu::GuestRoot guest_root(const qemu::RuntimeRoot& root) const {
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

  /// Follows a script to the program that runs it, and a dynamic program to what it needs.
  Status choose_root(const qemu::Program& program) {
    qemu::RuntimeRoot& root = prepared_.request.root;
    if (options_.sysroot) {
      std::error_code code;
      const std::filesystem::path real = std::filesystem::canonical(*options_.sysroot, code);
      if (code || !std::filesystem::is_directory(real))
        return fail<"sysroot-not-folder">(at<"path">(*options_.sysroot),
                                          at<"arch">(lambda_name(prepared_.request.arch)));
      root = {qemu::SystemSource::sysroot, real.string(), {}};
      LEMU_TRY(make_prefix(root));
      because("system directories: " + root.path, "asked for with --sysroot");
    } else if (!emulated()) {
      root = {qemu::SystemSource::host, {}, {}};
      because("system directories: the host's", "the function is for this host's architecture");
    }
    if (const qemu::ScriptLine* script = program.script()) return choose_for_script(*script);
    return choose_for_elf(*program.elf(), std::string(qemu::kBootstrapPath));
  }

  /// Without a sandbox nothing can be laid over a sysroot that lacks the links of a merged /usr: QEMU is
  /// given a folder of links to what the sysroot has, and to what is missing.
  Status make_prefix(qemu::RuntimeRoot& root) {
    const std::vector<std::string> missing = qemu::missing_usr_links(root.path);
    if (!emulated() || missing.empty() || options_.sandbox == qemu::SandboxChoice::on) return {};
    Result<std::string> prefix = folder_.prefix();
    LEMU_TRY(prefix);
    std::error_code failed;
    std::vector<std::pair<std::string, std::string>> links;  // target, name
    for (const std::filesystem::directory_entry& entry :
         std::filesystem::directory_iterator(root.path, failed))
      links.emplace_back(entry.path().string(), entry.path().filename().string());
    for (const std::string& name : missing) links.emplace_back(root.path + "/usr/" + name, name);
    for (const auto& [target, name] : links)
      if (::symlink(target.c_str(), (*prefix + "/" + name).c_str()) < 0)
        return fail_errno<"environment-folder">(errno, at<"attempt">("make links in " + *prefix));
    root.prefix = std::move(*prefix);
    return {};
  }

  Status choose_for_elf(const qemu::ElfInfo& elf, const std::string& guest_path) {
    if (!emulated() || elf.is_static()) {
      if (emulated() && !options_.sysroot)
        because("system directories: none", "the program is static and needs none");
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
      because("system directories: " + root.path, "the distribution's cross libraries satisfy the program");
    return {};
  }

  Status choose_for_script(const qemu::ScriptLine& script) {
    prepared_.request.script = script;
    const Arch arch = prepared_.request.arch;
    const std::optional<std::string> host = guest_root(prepared_.request.root).find(script.interpreter);
    if (!host && !emulated())
      return fail<"script-interpreter-missing">(at<"interpreter">(script.interpreter));
    if (!host)
      return fail<"script-interpreter-missing-for-architecture">(at<"interpreter">(script.interpreter),
                                                                 at<"arch">(lambda_name(arch)));
    const bool packed = host->starts_with(code_.task_folder + "/");
    Result<qemu::Program> interpreter = qemu::inspect_program(
        *host, packed ? names_of_packed(script.interpreter, host->substr(code_.task_folder.size() + 1))
                      : qemu::ProgramNames{script.interpreter});
    if (!interpreter) {
      Error error =
          std::move(interpreter.error()).within("the bootstrap is a script for " + script.interpreter);
      return fail(packed ? as_packed(std::move(error)) : std::move(error));
    }
    if (interpreter->elf() == nullptr)
      return fail<"script-interpreter-is-script">(at<"interpreter">(script.interpreter));
    if (Status matches = qemu::check_arch(*interpreter, arch); !matches)
      return fail<"script-interpreter-wrong-architecture">(at<"interpreter">(script.interpreter),
                                                           at<"reason">(matches.error().message),
                                                           at<"arch">(lambda_name(arch)));
    return choose_for_elf(*interpreter->elf(), script.interpreter);
  }

  const FunctionSetup& setup_;
  const LaunchOptions& options_;
  const FunctionConfig& config_;
  EnvironmentFolder& folder_;
  images::FunctionCode code_;
  bool unpacked_ = false;
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
