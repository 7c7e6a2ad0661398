// SPDX-License-Identifier: Apache-2.0
#include "qemu/dynamic.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

// More than any real program has; a hostile package cannot keep us busy for long.
constexpr std::size_t kMostLibraries = 2000;

/// A program or library whose needs are still to be met.
struct Loaded {
  std::string name;    ///< for messages
  std::string folder;  ///< guest folder it lies in: its $ORIGIN
  ElfInfo elf;
};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Debian's and Ubuntu's package of the cross library: libc6-arm64-cross.
std::string cross_package(Arch arch, std::string_view library) {
  std::string package = "libc6";
  if (library.starts_with("libstdc++.so")) package = "libstdc++6";
  if (library.starts_with("libgcc_s.so")) package = "libgcc-s1";
  return package.append("-").append(names_of(arch).other).append("-cross");
}

/// The folders glibc and musl look in by themselves, the multiarch ones of Debian first.
std::vector<std::string> default_folders(Arch arch) {
  const std::string triplet(names_of(arch).gnu_triplet);
  return {"/lib/" + triplet, "/usr/lib/" + triplet, "/lib64", "/usr/lib64", "/lib",
          "/usr/lib",        "/usr/local/lib"};
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// The folders of an RPATH or RUNPATH, its dynamic string tokens replaced (ld.so(8)).
std::vector<std::string> expanded(std::string_view path, const Loaded& owner) {
  std::vector<std::string> folders;
  while (!path.empty()) {
    const std::size_t end = path.find(':');
    std::string folder(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    for (const char* token : {"${ORIGIN}", "$ORIGIN"}) replace_all(folder, token, owner.folder);
    for (const char* token : {"${LIB}", "$LIB"}) replace_all(folder, token, "lib64");
    for (const char* token : {"${PLATFORM}", "$PLATFORM"})
      replace_all(folder, token, names_of(owner.elf.arch).machine);
    if (!folder.empty()) folders.push_back(std::move(folder));
  }
  return folders;
}

class Resolver {
 public:
  Resolver(const DynamicQuestion& question, const GuestRoot& root) : question_(question), root_(root) {}

  Result<DynamicProgram> run() {
    Status done = find_interpreter();
    LEMU_TRY(done);
    todo_.push_back({question_.guest_path, folder_of(question_.guest_path), question_.elf});
    while (!todo_.empty() && answer_.libraries.size() < kMostLibraries) {
      const Loaded owner = std::move(todo_.front());
      todo_.pop_front();
      note_glibc(owner);
      for (const std::string& name : owner.elf.needed) {
        done = load(name, owner);
        LEMU_TRY(done);
      }
    }
    done = check_glibc();
    LEMU_TRY(done);
    return std::move(answer_);
  }

 private:
  Status find_interpreter() {
    const std::string& wanted = question_.elf.interpreter;
    if (wanted.empty()) return {};
    std::optional<std::string> host = root_.find(wanted);
    if (!host) return lacks_interpreter(wanted, "is not there");
    const Result<ElfInfo> loader = inspect_elf_path(*host);
    if (!loader || loader->arch != question_.elf.arch)
      return lacks_interpreter(wanted, "(" + *host + ") is not an " + arch_name() + " program");
    loader_names_ = {loader->soname, wanted.substr(wanted.rfind('/') + 1)};
    answer_.interpreter = *std::move(host);
    return {};
  }

  Status load(const std::string& name, const Loaded& owner) {
    const auto same = [&](const FoundLibrary& library) { return library.name == name; };
    if (std::find(loader_names_.begin(), loader_names_.end(), name) != loader_names_.end()) return {};
    if (std::any_of(answer_.libraries.begin(), answer_.libraries.end(), same)) return {};
    std::string wrong;  // a file of the right name for another machine: ld.so passes over it as well
    for (const std::string& candidate : candidates(name, owner)) {
      std::optional<std::string> host = root_.find(candidate);
      if (!host) continue;
      Result<ElfInfo> elf = inspect_elf_path(*host);
      if (!elf || elf->arch != question_.elf.arch) {
        wrong = " (" + *host + " is not for " + arch_name() + ")";
        continue;
      }
      if (elf->glibc_provided) glibc_ = elf->glibc_provided;
      todo_.push_back({name, folder_of(candidate), *std::move(elf)});
      answer_.libraries.push_back({name, *std::move(host)});
      return {};
    }
    return fail<"library-missing">(at<"program">(question_.guest_path), at<"arch">(arch_name()),
                                   at<"library">(name), at<"owner">(owner.name), at<"wrong">(wrong),
                                   at<"package">(cross_package(question_.elf.arch, name)));
  }

  /// Where ld.so(8) would look, in its order: RPATH (unless there is a RUNPATH) of the owner and the program,
  /// LD_LIBRARY_PATH, RUNPATH, the default folders.
  std::vector<std::string> candidates(const std::string& name, const Loaded& owner) const {
    if (name.find('/') != std::string::npos) return {name};
    std::vector<std::string> folders;
    const auto add = [&](const std::vector<std::string>& more) {
      folders.insert(folders.end(), more.begin(), more.end());
    };
    if (owner.elf.runpath.empty()) {
      add(expanded(owner.elf.rpath, owner));
      const Loaded program{question_.guest_path, folder_of(question_.guest_path), question_.elf};
      if (program.elf.runpath.empty()) add(expanded(program.elf.rpath, program));
    }
    add(question_.library_path);
    add(expanded(owner.elf.runpath, owner));
    add(default_folders(question_.elf.arch));
    for (std::string& folder : folders) folder.append("/").append(name);
    return folders;
  }

  void note_glibc(const Loaded& owner) {
    if (owner.elf.glibc_needed <= needed_) return;
    needed_ = owner.elf.glibc_needed;
    needed_by_ = owner.name;
  }

  Status check_glibc() const {
    if (!needed_ || !glibc_ || needed_ <= glibc_) return {};
    return fail<"glibc-too-old">(at<"program">(question_.guest_path), at<"owner">(needed_by_),
                                 at<"needed">(needed_->text()), at<"arch">(arch_name()),
                                 at<"here">(glibc_->text()));
  }

  tl::unexpected<Error> lacks_interpreter(const std::string& wanted, const std::string& reason) const {
    return fail<"program-interpreter-missing">(at<"program">(question_.guest_path), at<"arch">(arch_name()),
                                               at<"interpreter">(wanted), at<"reason">(reason),
                                               at<"package">(cross_package(question_.elf.arch, wanted)));
  }

  std::string arch_name() const { return std::string(names_of(question_.elf.arch).lambda); }

  const DynamicQuestion& question_;
  const GuestRoot& root_;
  DynamicProgram answer_;
  std::vector<std::string> loader_names_;
  std::deque<Loaded> todo_;
  std::optional<GlibcVersion> needed_;
  std::string needed_by_;
  std::optional<GlibcVersion> glibc_;
};

}  // namespace

Result<DynamicProgram> resolve_dynamic(const DynamicQuestion& question, const GuestRoot& root) {
  return Resolver(question, root).run();
}

}  // namespace lemu::qemu
