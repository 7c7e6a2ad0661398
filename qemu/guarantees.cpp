// SPDX-License-Identifier: Apache-2.0
#include "qemu/guarantees.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "qemu/sandbox/forbidden_calls.hpp"

namespace lemu::qemu {
namespace {

// The sandbox makes no difference.
constexpr std::string_view kTheSame = "the same";

constexpr std::array<GuaranteeRow, 28> kRows{{
    {Guarantee::own_files, GivenBy::sandbox, "own-files", "a file system of its own",
     "a mount namespace; its root is a small tmpfs entered by pivot_root, then sealed read-only",
     "the function sees your whole file system, and its code in its real folder"},
    {Guarantee::protected_files, GivenBy::sandbox, "protected-files", "protection of your files",
     "nothing of your home or of the host's /tmp is in its file system",
     "the function may read and write what you may"},
    {Guarantee::sealed_code, GivenBy::sandbox, "sealed-code", "a read-only /var/task",
     "the code is bound read-only, without set-user-id and device files",
     "the function can change its own code"},
    {Guarantee::devices, GivenBy::sandbox, "devices", "no devices but five",
     "/dev holds null, zero, full, random and urandom, bound from the host's",
     "the function may open every device that you may"},
    {Guarantee::own_proc, GivenBy::sandbox, "own-proc", "/proc of its own",
     "a proc mount of its PID namespace",
     "the outer /proc is bound in its place and shows the outer processes"},
    {Guarantee::own_processes, GivenBy::sandbox, "own-processes", "its own processes only",
     "a PID namespace of its own", "the function can see your processes, and signal them"},
    {Guarantee::own_names, GivenBy::sandbox, "own-names", "a host name and shared memory of its own",
     "UTS and IPC namespaces of its own, and no /dev/shm",
     "the function finds the host's name, and its System V and POSIX shared memory"},
    {Guarantee::own_keyring, GivenBy::always, "own-keyring", "none of your keys",
     "the system call filter closes keyctl(2), add_key(2) and request_key(2); the session keyring is a new "
     "one",
     "the system call filter closes keyctl(2), add_key(2) and request_key(2)",
     "the function can link your user keyring, and without the sandbox has your session keyring"},
    {Guarantee::function_user, GivenBy::sandbox, "function-user", "the user 993:990",
     "two nested user namespaces; outside it is your own id, or an unprivileged one when you are root",
     "the function runs as you"},
    {Guarantee::no_namespaces, GivenBy::sandbox, "no-namespaces", "no namespaces to make",
     "user.max_user_namespaces is 0 in its user namespace, and it has no capability",
     "the function may make user namespaces where you may; it has no privilege in them over anything of "
     "yours"},
    {Guarantee::process_limit, GivenBy::sandbox, "process-limit", "a limit on processes",
     "RLIMIT_NPROC, counted in its own user namespace (Linux 5.14)", "a fork bomb is yours to stop"},
    {Guarantee::watch_limit, GivenBy::sandbox, "watch-limit", "a limit on file watches",
     "user.max_inotify_instances is 16 and user.max_inotify_watches 8192 in its user namespace",
     "the function can take all that you have (128 instances by default)"},
    {Guarantee::tmp_limit, GivenBy::sandbox, "tmp-limit", "a limit on /tmp",
     "a tmpfs of the configured size, with room for a file per 16 kB", "/tmp grows as far as the disk does"},
    {Guarantee::own_memory_figures, GivenBy::sandbox, "own-memory-figures", "memory figures of its own",
     "/proc/meminfo and sysinfo(2) tell of as much memory as the function has (Linux 5.0)",
     "the function is told of the machine's memory, and may take more than it has"},
    {Guarantee::own_children, GivenBy::execution, "own-children",
     "child processes of the function's own architecture",
     "binfmt_misc: registered inside the sandbox's own user namespace (Linux 6.7), or by the host with flag "
     "F",
     "under emulation only the bootstrap itself is run by QEMU; a foreign program it starts fails with "
     "ENOEXEC"},
    {Guarantee::memory_limit, GivenBy::always, "memory-limit", "a limit on memory",
     "lemu looks at it every few milliseconds, and ends the function as Lambda does when it is over",
     kTheSame},
    {Guarantee::descriptor_limit, GivenBy::always, "descriptor-limit", "a limit on open files",
     "RLIMIT_NOFILE: 1024, as on Lambda", kTheSame},
    {Guarantee::no_core_files, GivenBy::always, "no-core-files", "no core files", "RLIMIT_CORE: 0", kTheSame},
    {Guarantee::ended_first, GivenBy::always, "ended-first",
     "being ended first when the machine's memory runs out",
     "its oom_score_adj is 1000, and /proc is read-only, so that it cannot take that back",
     "its oom_score_adj is 1000, but it can take that back", "the kernel ends what takes most memory"},
    {Guarantee::system_call_filter, GivenBy::always, "system-call-filter", "a system call filter",
     "seccomp answers ENOSYS to what no function can use on Lambda, and EPERM to typing into a terminal",
     kTheSame, "every system call of the kernel is open to the function"},
    {Guarantee::own_descriptors, GivenBy::always, "own-descriptors", "none of your open files",
     "stdin is /dev/null, stdout and stderr a pipe; all others are closed before it starts", kTheSame},
    {Guarantee::own_environment, GivenBy::always, "own-environment", "none of your variables",
     "the helper starts with an empty environment, and the function with Lambda's",
     "the same, and a TMPDIR of its own"},
    {Guarantee::no_privilege, GivenBy::always, "no-privilege", "no privilege to gain",
     "no capability, and no-new-privileges", "no-new-privileges: no more privilege than you have"},
    {Guarantee::no_survivors, GivenBy::always, "no-survivors", "no process that outlives lemu",
     "PID 1 of the PID namespace ends with lemu, and takes all others along",
     "a child subreaper and its guard end with lemu, and take all its descendants along; a function that "
     "kills both and lemu outlives them"},
    {Guarantee::own_runtime_api, GivenBy::host, "own-runtime-api",
     "a Runtime API that other users cannot call",
     "the kernel tells which user has each socket that calls (sock_diag(7)); only the function's user is "
     "served",
     "any local user who finds its port on loopback can take the function's event, or answer in its place"},
    {Guarantee::memory_fence, GivenBy::never, "memory-fence", "a fence around memory", "never",
     "there is no memory cgroup: what is allocated between two looks, or spread over many processes, is "
     "taken from the host"},
    {Guarantee::cpu_limit, GivenBy::never, "cpu-limit", "a limit on CPU", "never",
     "the function may use every CPU of the host"},
    {Guarantee::own_network, GivenBy::never, "own-network", "a network of its own", "never",
     "the function shares the host's: its loopback, its abstract sockets, and all that the host reaches"},
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
    case GivenBy::host: return "host";
    case GivenBy::always: return "always";
    case GivenBy::never: return "never";
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

Standing standing(const GuaranteeRow& row, const std::vector<std::string>& lost) {
  Standing stands;
  const bool missing = row.given_by == GivenBy::never || is_lost(row.guarantee, lost, &stands.why);
  stands.given = missing ? Standing::Given::no : Standing::Given::yes;
  const bool bare = row.given_by == GivenBy::always && is_lost(Guarantee::own_files, lost);
  stands.how = missing || bare ? row.without : row.obtained;
  if (bare && stands.how == kTheSame) stands.how = row.obtained;
  if (missing && !row.missing.empty()) stands.how = row.missing;
  return stands;
}

std::vector<std::string> missing_from_sandbox(const std::vector<std::string>& lost) {
  std::vector<std::string> missing;
  std::copy_if(lost.begin(), lost.end(), std::back_inserter(missing), [](const std::string& one) {
    return std::none_of(kRows.begin(), kRows.end(), [&](const GuaranteeRow& row) {
      // What the function is told of memory makes it more like Lambda, and keeps it from nothing.
      const bool harmless = row.given_by == GivenBy::execution || row.given_by == GivenBy::host ||
                            row.guarantee == Guarantee::own_memory_figures;
      return harmless && says(one, row.name);
    });
  });
  return missing;
}

bool diminishes_sandbox(const std::vector<std::string>& lost) { return !missing_from_sandbox(lost).empty(); }

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
        .append(row.missing.empty() ? "" : ". Where the kernel does not give it: ")
        .append(row.missing)
        .append(" |\n");
  return table;
}

std::string forbidden_calls_table() {
  std::string table = "| System calls | Why they are closed |\n|---|---|\n";
  for (const sandbox::ForbiddenGroup& group : sandbox::forbidden_groups()) {
    std::string names;
    for (const sandbox::ForbiddenCall& call : group.calls)
      names.append(names.empty() ? "`" : ", `").append(call.name).append("`");
    table.append("| ").append(names).append(" | ").append(group.reason).append(" |\n");
  }
  return table;
}

}  // namespace lemu::qemu
