// SPDX-License-Identifier: Apache-2.0
#include "images/entry.hpp"

#include <limits.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/printable.hpp"
#include "images/errors.hpp"

namespace lemu::images {
namespace {

/// A path must still be one below /var/task.
constexpr std::size_t kLongestName = PATH_MAX - sizeof("/var/task/");
constexpr mode_t kPermissions = 0777;

/// Calls `use` with each component; empty ones and "." are left out.
template <class Use>
void for_each_component(std::string_view path, Use use) {
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (!component.empty() && component != ".") use(component);
  }
}

std::optional<EntryType> type_of(std::string_view name, mode_t unix_mode) {
  const mode_t format = unix_mode & S_IFMT;
  if (format == S_IFDIR || (format == 0 && name.ends_with('/'))) return EntryType::folder;
  if (format == S_IFREG || format == 0) return name.ends_with('/') ? EntryType::folder : EntryType::file;
  if (format == S_IFLNK) return EntryType::link;
  return std::nullopt;
}

std::string_view special_name(mode_t unix_mode) {
  switch (unix_mode & S_IFMT) {
    case S_IFIFO: return "a named pipe";
    case S_IFSOCK: return "a socket";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    default: return "of an unknown type";
  }
}

}  // namespace

std::string in_quotes(std::string_view name) {
  constexpr std::size_t kShown = 200;
  const bool cut = name.size() > kShown;
  return "'" + printable(name.substr(0, kShown)) + (cut ? "…'" : "'");
}

Result<Entry> check_entry(std::string_view name, mode_t unix_mode) {
  if (name.empty()) return fail<"zip-entry-without-name">(at<"name">(in_quotes(name)));
  if (name.find('\0') != std::string_view::npos)
    return fail<"zip-entry-zero-byte">(at<"name">(in_quotes(name)));
  if (name.find('\\') != std::string_view::npos)
    return fail<"zip-entry-backslash">(at<"name">(in_quotes(name)));
  if (name.front() == '/') return fail<"zip-entry-absolute">(at<"name">(in_quotes(name)));
  if (name.size() > kLongestName) return fail<"zip-entry-path-too-long">(at<"name">(in_quotes(name)));

  Entry entry;
  bool climbs = false;
  for_each_component(name, [&](std::string_view component) {
    climbs = climbs || component == "..";
    if (!entry.path.empty()) entry.path += '/';
    entry.path += component;
  });
  if (climbs) return fail<"zip-entry-climbs-out">(at<"name">(in_quotes(name)));
  const std::optional<EntryType> type = type_of(name, unix_mode);
  if (!type)
    return fail<"zip-entry-special">(at<"name">(in_quotes(name)), at<"kind">(special_name(unix_mode)));
  if (entry.path.empty() && *type != EntryType::folder)
    return fail<"zip-entry-without-name">(at<"name">(in_quotes(name)));
  entry.type = *type;
  if (unix_mode != 0) entry.permissions = unix_mode & kPermissions;
  if (entry.type == EntryType::folder) entry.permissions = 0755;
  return entry;
}

Status check_link(const std::string& path, std::string_view target) {
  if (!target.empty() && target.size() < PATH_MAX && target.find('\0') == std::string_view::npos) return {};
  return fail<"zip-link-refused">(at<"name">(in_quotes(path)), at<"target">(in_quotes(target)));
}

}  // namespace lemu::images
