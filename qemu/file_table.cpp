// SPDX-License-Identifier: Apache-2.0
#include "qemu/file_table.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

#include "qemu/etc_files.hpp"

namespace lemu::qemu {
namespace {

constexpr std::string_view kYes = "yes", kNo = "no", kHosts = "the host's", kOwn = "its own";

/// For the four kinds of SystemSource, in their order.
using Cells = std::array<std::string_view, 4>;
constexpr Cells kAlways{kYes, kYes, kYes, kYes};

void append_row(std::string& table, const std::string& paths, std::string_view what, const Cells& cells) {
  table.append("| ").append(paths).append(" | ").append(what);
  for (const std::string_view cell : cells) table.append(" | ").append(cell);
  table.append(" |\n");
}

/// "`/dev/null`, `/dev/zero`"
template <class Names>
std::string listed(std::string_view folder, const Names& names) {
  std::string paths;
  for (const std::string_view name : names)
    paths.append(paths.empty() ? "`" : ", `").append(folder).append(name).append("`");
  return paths;
}
std::string listed(std::initializer_list<std::string_view> paths) { return listed("", paths); }

Cells cells_of(Laid laid) {
  switch (laid) {
    case Laid::always: return kAlways;
    case Laid::where_missing: return {kYes, "its own, else made", kYes, kYes};
    case Laid::without_root: return {kHosts, kOwn, kYes, kYes};
  }
  return {};
}

}  // namespace

std::string file_table() {
  std::string table =
      "| Path | What it is | Native | With `--sysroot` | On cross libraries | Static, emulated |\n"
      "|---|---|---|---|---|---|\n";
  append_row(table, listed({"/var/task"}), "your code, read-only", kAlways);
  append_row(table, listed({"/opt", "/var/runtime"}), "empty", kAlways);
  append_row(table, listed({"/tmp"}), "a file system of the configured size; the only place to write",
             kAlways);
  append_row(table, listed({"/proc"}), "of the sandbox's processes", kAlways);
  append_row(table, listed("/dev/", device_names()), "the only devices", kAlways);
  append_row(table, listed({"/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"}), "links into `/proc`",
             kAlways);
  append_row(table, listed({"/dev/.lemu"}), "QEMU, and what starts it", {kNo, "under QEMU", kYes, kYes});
  append_row(table, listed("/", system_folders()), "the system directories", {kHosts, kOwn, kNo, kNo});
  append_row(table, listed({"/lib", "/lib64", "/usr/lib", "/usr/lib64"}), "the cross libraries",
             {kNo, kNo, kYes, kNo});
  append_row(table, listed({"/usr/share/zoneinfo"}), "time zones", {kHosts, kOwn, kHosts, kHosts});
  for (const MadeFile& made : made_files())
    append_row(table, "`/etc/" + std::string(made.name) + "`", made.what, cells_of(made.laid));
  append_row(table, listed({"/etc/localtime"}), "UTC, as on Lambda",
             {kYes, "its own, else made", kYes, kYes});
  append_row(table, listed("", certificate_paths()), "the CA certificates, under each name that programs try",
             {"the host's, and links to it", "its own or the host's, and links to it", kHosts, kHosts});
  append_row(table, listed("/etc/", public_places()), "what the system directories have links to",
             {"the host's", kOwn, kNo, kNo});
  append_row(table, listed({"/etc/*"}), "all else in `/etc`",
             {kNo, "its own, if everybody may read it", kNo, kNo});
  return table;
}

}  // namespace lemu::qemu
