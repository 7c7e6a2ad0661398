// SPDX-License-Identifier: Apache-2.0
// What lemu tells the helper `lemu-sandbox` to make (SandboxSpec), what it asks of it later (Command) and
// what it hears back (Report). Plain values and their wire form; no system calls. Shared by both sides; any
// thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lemu::sandbox {

/// The helper's descriptors, fixed by agreement.
inline constexpr int kControlFd =
    3;  ///< AF_UNIX stream: specification and commands in, reports out; its end of file is lemu's death
inline constexpr int kLogFd = 4;  ///< becomes the function's stdout and stderr, unless its stdio is inherited

/// The helper's own: a /proc that can be written. The sandbox's, or the host's where that stands in.
inline constexpr int kProcFd = 5;
inline constexpr int kCgroupFd = 6;  ///< cgroup.procs of the function's control group, where there is one

/// The specification must fit the socket's buffer, so that lemu never waits for a helper that has not
/// started.
inline constexpr std::size_t kMaxSpecBytes = 160 * 1024;

enum class Isolation : std::uint8_t {
  namespaces,  ///< user, mount, pid, ipc and uts namespaces and a root of its own
  plain,       ///< the same process tree in the host's own namespaces and file system
};

enum class Stdio : std::uint8_t {
  log,        ///< stdin is /dev/null, stdout and stderr are kLogFd
  inherited,  ///< the helper's own (an interactive shell)
};

enum class MountKind : std::uint8_t {
  bind,
  tmpfs,
  proc,
  folder,
  file,
  symlink,
  cover,   ///< a file with that content, read-only, over one that is there
  hidden,  ///< what is at the target, if anything is, is covered by something empty and read-only
};
enum class MountAccess : std::uint8_t { read_only, read_write };
enum class Need : std::uint8_t {
  required,  ///< without it the sandbox is not made
  wanted,    ///< without it the sandbox is made, and the loss is reported
};

/// Which file lemu looked at: stat(2)'s st_dev and st_ino. Inode 0: it looked at none.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// One step of making the root: in order, below `root_folder`.
struct Mount {
  MountKind kind = MountKind::folder;
  std::string source;                           ///< bind: host path; symlink: its text; file, cover: content
  std::string target;                           ///< path inside the sandbox, absolute
  std::uint32_t mode = 0755;                    ///< folder, file, tmpfs
  std::uint64_t size = 0;                       ///< tmpfs: limit in bytes; 0 = the kernel's default
  std::uint64_t inodes = 0;                     ///< tmpfs: limit of files; 0 = the kernel's default
  MountAccess access = MountAccess::read_only;  ///< bind
  Need need = Need::required;
  FileIdentity identity;  ///< bind: what the source must be
};

/// A private binfmt_misc registration (Linux 6.7 and later), made inside the sandbox's own user namespace.
struct Binfmt {
  std::string registration;  ///< as written to `register`
  std::string folder;        ///< where to mount binfmt_misc, inside the sandbox; covered afterwards
  Need need = Need::wanted;
};

/// What to execute. `direct` replaces `normal` when the wanted binfmt registration could not be made.
struct Program {
  std::string path;
  std::vector<std::string> arguments;    ///< argv, argv[0] included
  std::vector<std::string> environment;  ///< KEY=VALUE, in place of the specification's of the same name
  /// e_machine of what it must be if it is an ELF program; 0: whatever the kernel takes, which is also this
  /// machine's own and what a binfmt_misc knows.
  std::uint16_t elf_machine = 0;
  /// What the program will load as the kernel loads programs: the function's own, where this is QEMU. It has
  /// to be there, with an execute bit, and for elf_machine. Empty: there is none.
  std::string loaded;
};

struct ResourceLimit {
  std::int32_t resource = 0;  ///< RLIMIT_*
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

struct SandboxSpec {
  Isolation isolation = Isolation::namespaces;
  Stdio stdio = Stdio::log;
  std::string root_folder;  ///< an empty host folder the new root is mounted on (namespaces)
  std::string hostname;
  std::vector<Mount> mounts;
  std::optional<Binfmt> binfmt;
  std::uint32_t function_uid = 993;  ///< inside; Lambda's sbx_user1051
  std::uint32_t function_gid = 990;
  std::uint32_t host_uid =
      65534;  ///< the unprivileged host ids a helper that runs as root maps the function to
  std::uint32_t host_gid = 65534;
  Program normal;
  std::optional<Program> direct;
  std::vector<std::string> environment;  ///< KEY=VALUE
  std::string working_folder;
  std::vector<ResourceLimit> limits;
  std::uint64_t memory_bytes = 0;   ///< what sysinfo(2) tells of memory (namespaces); 0: the machine's own
  std::uint64_t shared_memory = 0;  ///< bytes of System V shared memory; 0: the kernel's own limit
  /// A host folder: the control group that the function's processes are to be in (qemu/freezer.hpp), and that
  /// is removed after them. Empty: that of the helper.
  std::string cgroup;
};

/// The wire form, or an empty string when it would exceed kMaxSpecBytes.
std::string encode(const SandboxSpec& spec);
/// Nothing when the bytes are not a whole specification.
std::optional<SandboxSpec> decode(std::string_view bytes);

/// Where a helper step failed. The order is the order of the launch.
enum class Stage : std::uint32_t {
  specification,
  user_namespace,
  id_maps,
  private_mounts,
  root,
  mount,  ///< Report::detail is the index in SandboxSpec::mounts
  pivot_root,
  binfmt,
  hostname,
  seal,
  proc,       ///< the function's read-only view of /proc
  oom_score,  ///< being the first that the kernel ends when memory runs out
  fork,
  log,
  function_user,
  limits,
  capabilities,
  filter,  ///< the system call filter; Report::detail is a FilterPart
  working_folder,
  load,  ///< Program::loaded cannot be
  exec,
};

enum class FilterPart : std::uint32_t {
  all,      ///< there is no filter
  sysinfo,  ///< it does not hand sysinfo(2) over
};

/// "user namespace", for messages.
std::string_view name_of(Stage stage);

enum class CommandKind : std::uint32_t {
  start = 1,       ///< run the program (again); one at a time
  kill_all = 2,    ///< SIGKILL to every process the function started; answered by ReportKind::all_gone
  signal_all = 3,  ///< `argument` to every process the function started
};
struct Command {
  CommandKind kind;
  std::uint32_t argument = 0;
};

enum class ReportKind : std::uint32_t {
  ready = 1,  ///< the sandbox stands
  lost,       ///< a wanted step failed: stage, os_error, detail
  failed,     ///< a required step failed: stage, os_error, detail; the helper ends
  starting,   ///< sent by the function's process itself just before its exec: time
  exited,     ///< the program ended: wait_status, usage, time
  all_gone,   ///< after kill_all: no process of the function is left
};

/// Fixed size, one write each. The kernel attaches the sender's pid as lemu sees it (SCM_CREDENTIALS).
struct Report {
  ReportKind kind = ReportKind::ready;
  Stage stage = Stage::specification;
  std::int32_t os_error = 0;
  std::uint32_t detail = 0;
  std::int32_t wait_status = 0;  ///< as wait(2) gives it
  std::int64_t time_ns = 0;      ///< CLOCK_MONOTONIC
  std::int64_t max_rss_kb = 0;   ///< exited: of the program
};
static_assert(sizeof(Report) == 40);

}  // namespace lemu::sandbox
