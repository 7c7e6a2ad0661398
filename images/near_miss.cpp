// SPDX-License-Identifier: Apache-2.0
#include "images/near_miss.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>
#include <vector>

#include "images/entry.hpp"

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
  return (entry.status(failed).permissions() & kAny) != fs::perms::none && !failed;
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
    if (!walk->is_regular_file(unknown) || unknown) continue;
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

std::string small_letters(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Bootstrap, bootstrap.sh, bootstrap.exe, …; else main, Go's habit; else the only program there.
std::string misnamed(const Contents& contents) {
  for (const std::string& name : contents.top)
    if (small_letters(name) == "bootstrap") return name;
  for (const std::string& name : contents.top)
    if (small_letters(name).starts_with("bootstrap.")) return name;
  if (!contents.nested.empty()) return {};
  if (std::find(contents.top.begin(), contents.top.end(), "main") != contents.top.end()) return "main";
  return contents.executable.size() == 1 ? contents.executable.front() : std::string();
}

NearMiss wrong_name(const BootstrapSearch& search, const std::string& prefix, const std::string& name) {
  const std::string folder = search.kind == PackageKind::folder ? search.given + "/" : "";
  std::string remedy = "rename it: mv " + folder + name + " " + folder + "bootstrap";
  if (search.kind == PackageKind::zip) remedy += ", then zip it again: zip -r function.zip .";
  return {prefix + ": found " + in_quotes(name) + ", but Lambda runs a file named bootstrap",
          std::move(remedy)};
}

NearMiss wrong_level(const BootstrapSearch& search, const std::string& prefix, const std::string& nested) {
  const std::string inner = nested.substr(0, nested.rfind('/'));
  std::string up = "../";
  for (std::ptrdiff_t i = 0; i < depth_of(inner); ++i) up += "../";
  const std::string zip_content =
      "zip the content of the folder, not the folder: cd " + inner + " && zip -r " + up + "function.zip .";
  NearMiss miss{prefix + ": found " + in_quotes(nested) + ", but Lambda looks only at the top", zip_content};
  if (search.kind == PackageKind::folder)
    miss.remedy = "give " + search.given + "/" + inner + " instead; for Lambda " + zip_content;
  return miss;
}

}  // namespace

NearMiss explain_missing_bootstrap(const BootstrapSearch& search) {
  const std::string prefix = (search.kind == PackageKind::zip ? "the zip " : "the folder ") +
                             in_quotes(search.given) + " has no bootstrap";
  const Contents contents = look(search.folder);
  const std::string other_name = misnamed(contents);
  if (!other_name.empty()) return wrong_name(search, prefix, other_name);
  if (!contents.nested.empty()) return wrong_level(search, prefix, contents.nested);
  std::error_code failed;
  if (fs::is_empty(search.folder, failed) && !failed)
    return {prefix + ": it is empty", "put an executable file named bootstrap at its top"};
  return {prefix + " at its top",
          "put an executable file named bootstrap at its top; lemu does not bring the "
          "managed runtimes (Python, Node.js, …)"};
}

}  // namespace lemu::images
