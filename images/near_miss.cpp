// SPDX-License-Identifier: Apache-2.0
#include "images/near_miss.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/words.hpp"
#include "images/entry.hpp"
#include "images/errors.hpp"

namespace lemu::images {
namespace {

namespace fs = std::filesystem;

/// The regular files of a package that bear on the question, in the order of their names.
struct Contents {
  std::vector<std::string> top;         ///< names at the top
  std::vector<std::string> executable;  ///< those of them with an x bit
  std::string nested;                   ///< the shallowest DIR/bootstrap, relative; empty if there is none
};

bool is_executable(const fs::directory_entry& entry) {
  constexpr fs::perms kAny = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  std::error_code failed;
  return (entry.symlink_status(failed).permissions() & kAny) != fs::perms::none && !failed;
}

std::ptrdiff_t depth_of(const std::string& path) { return std::count(path.begin(), path.end(), '/'); }

Contents look(const std::string& folder) {
  constexpr int kMostVisited = 20'000, kDeepest = 5;
  Contents contents;
  std::error_code failed;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, failed);
  int visited = 0;
  for (const fs::recursive_directory_iterator end; !failed && walk != end && visited < kMostVisited;
       walk.increment(failed), ++visited) {
    if (walk.depth() >= kDeepest) walk.disable_recursion_pending();
    std::error_code unknown;
    // (is_regular_file() would follow a link into this machine's files.)
    if (walk->is_symlink(unknown) || !walk->is_regular_file(unknown) || unknown) continue;
    const std::string path = walk->path().lexically_relative(folder);
    if (walk.depth() == 0) {
      contents.top.push_back(path);
      if (is_executable(*walk)) contents.executable.push_back(path);
    } else if (walk->path().filename() == "bootstrap" &&
               (contents.nested.empty() || depth_of(path) < depth_of(contents.nested) ||
                (depth_of(path) == depth_of(contents.nested) && path < contents.nested))) {
      contents.nested = path;
    }
  }
  std::sort(contents.top.begin(), contents.top.end());
  std::sort(contents.executable.begin(), contents.executable.end());
  return contents;
}

/// Bootstrap, bootstrap.sh, bootstrap.exe, …; else main, Go's habit; else the only program there.
std::string misnamed(const Contents& contents) {
  for (const std::string& name : contents.top)
    if (in_small_letters(name) == "bootstrap") return name;
  for (const std::string& name : contents.top)
    if (in_small_letters(name).starts_with("bootstrap.")) return name;
  if (!contents.nested.empty()) return {};
  if (std::find(contents.top.begin(), contents.top.end(), "main") != contents.top.end()) return "main";
  return contents.executable.size() == 1 ? contents.executable.front() : std::string();
}

tl::unexpected<Error> wrong_name(const BootstrapSearch& search, const std::string& name) {
  if (search.kind == PackageKind::zip)
    return fail<"bootstrap-wrong-name-in-zip">(at<"package">(package_name(search)),
                                               at<"found">(in_quotes(name)), at<"name">(name));
  return fail<"bootstrap-wrong-name">(at<"package">(package_name(search)), at<"found">(in_quotes(name)),
                                      at<"folder">(search.given), at<"name">(name));
}

tl::unexpected<Error> wrong_folder(const BootstrapSearch& search, const std::string& nested) {
  const std::string inner = nested.substr(0, nested.rfind('/'));
  std::string up = "../";
  for (std::ptrdiff_t i = 0; i < depth_of(inner); ++i) up += "../";
  if (search.kind == PackageKind::zip)
    return fail<"bootstrap-wrong-folder-in-zip">(at<"package">(package_name(search)),
                                                 at<"found">(in_quotes(nested)), at<"inner">(inner),
                                                 at<"up">(up));
  return fail<"bootstrap-wrong-folder">(at<"package">(package_name(search)), at<"found">(in_quotes(nested)),
                                        at<"given">(search.given), at<"inner">(inner), at<"up">(up));
}

}  // namespace

std::string package_name(const BootstrapSearch& search) {
  return (search.kind == PackageKind::zip ? "the zip " : "the folder ") + in_quotes(search.given);
}

tl::unexpected<Error> explain_missing_bootstrap(const BootstrapSearch& search) {
  const Contents contents = look(search.folder);
  const std::string other_name = misnamed(contents);
  if (!other_name.empty()) return wrong_name(search, other_name);
  if (!contents.nested.empty()) return wrong_folder(search, contents.nested);
  std::error_code failed;
  if (fs::is_empty(search.folder, failed) && !failed)
    return fail<"bootstrap-missing-empty">(at<"package">(package_name(search)));
  return fail<"bootstrap-missing">(at<"package">(package_name(search)));
}

}  // namespace lemu::images
