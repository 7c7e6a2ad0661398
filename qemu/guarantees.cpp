// SPDX-License-Identifier: Apache-2.0
#include "qemu/guarantees.hpp"

#include <algorithm>
#include <array>

namespace lemu::qemu {
namespace {

constexpr std::array<GuaranteeRow, 11> kRows{{
    {Guarantee::own_files, GivenBy::sandbox, "a file system of its own",
     "a mount namespace; its root is a small tmpfs entered by pivot_root, then sealed read-only",
     "the function sees your whole file system, and its code in its real folder"},
    {Guarantee::sealed_code, GivenBy::sandbox, "a read-only /var/task",
     "the code is bound read-only, without set-user-id and device files",
     "the function can change its own code"},
    {Guarantee::function_user, GivenBy::sandbox, "the user 993:990",
     "two nested user namespaces; outside it is your own id, or an unprivileged one when you are root",
     "the function runs as you"},
    {Guarantee::own_processes, GivenBy::sandbox, "its own processes only",
     "PID and IPC namespaces of its own", "the function can see your processes, and signal them"},
    {Guarantee::process_limit, GivenBy::sandbox, "a limit on processes",
     "RLIMIT_NPROC, counted in its own user namespace (Linux 5.14)", "a fork bomb is yours to stop"},
    {Guarantee::tmp_limit, GivenBy::sandbox, "a limit on /tmp", "a tmpfs of the configured size",
     "/tmp grows as far as the disk does"},
    {Guarantee::protected_files, GivenBy::sandbox, "protection of your files",
     "nothing of your home or of the host's /tmp is in its file system",
     "the function may read and write what you may"},
    {Guarantee::own_proc, GivenBy::sandbox, "/proc of its own", "a proc mount of its PID namespace",
     "the outer /proc is bound in its place and shows the outer processes"},
    {Guarantee::own_children, GivenBy::execution, "child processes of the function's own architecture",
     "binfmt_misc: registered inside the sandbox's own user namespace (Linux 6.7), or by the host with flag "
     "F",
     "under emulation only the bootstrap itself is run by QEMU; a foreign program it starts fails with "
     "ENOEXEC"},
    {Guarantee::no_privilege, GivenBy::always, "no privilege to gain", "no capability, and no-new-privileges",
     "no-new-privileges"},
    {Guarantee::no_survivors, GivenBy::always, "no process that outlives lemu",
     "PID 1 of the PID namespace ends with lemu, and takes all others along",
     "a child subreaper that ends with lemu, and takes all its descendants along"},
}};

const GuaranteeRow& row_of(Guarantee guarantee) { return kRows[static_cast<std::size_t>(guarantee)]; }

bool says(const std::string& phrase, std::string_view name) {
  return phrase.starts_with(name) &&
         (phrase.size() == name.size() || phrase.substr(name.size()).starts_with(" ("));
}

std::string_view given_by_word(GivenBy given_by) {
  switch (given_by) {
    case GivenBy::sandbox: return "sandbox";
    case GivenBy::execution: return "execution";
    case GivenBy::always: return "always";
  }
  return {};
}

}  // namespace

std::span<const GuaranteeRow> guarantees() { return kRows; }

std::string_view name_of(Guarantee guarantee) { return row_of(guarantee).name; }

std::string loss_of(Guarantee guarantee, std::string_view why) {
  std::string phrase(name_of(guarantee));
  if (!why.empty()) phrase.append(" (").append(why).append(")");
  return phrase;
}

bool is_lost(Guarantee guarantee, const std::vector<std::string>& lost, std::string* why) {
  const std::string_view name = name_of(guarantee);
  const auto found =
      std::find_if(lost.begin(), lost.end(), [&](const std::string& one) { return says(one, name); });
  if (found == lost.end()) return false;
  // "NAME (WHY)"
  if (why != nullptr)
    *why = found->size() > name.size() + 3 ? found->substr(name.size() + 2, found->size() - name.size() - 3)
                                           : "";
  return true;
}

bool diminishes_sandbox(const std::vector<std::string>& lost) {
  return std::any_of(lost.begin(), lost.end(), [](const std::string& one) {
    return std::none_of(kRows.begin(), kRows.end(), [&](const GuaranteeRow& row) {
      return row.given_by == GivenBy::execution && says(one, row.name);
    });
  });
}

std::string guarantee_table() {
  std::string table = "| Guarantee | Decided by | In the full sandbox | Without |\n|---|---|---|---|\n";
  for (const GuaranteeRow& row : kRows)
    table.append("| ")
        .append(row.name)
        .append(" | ")
        .append(given_by_word(row.given_by))
        .append(" | ")
        .append(row.obtained)
        .append(" | ")
        .append(row.without)
        .append(" |\n");
  return table;
}

}  // namespace lemu::qemu
