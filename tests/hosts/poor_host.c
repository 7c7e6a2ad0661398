// SPDX-License-Identifier: Apache-2.0
// poor_host OPTION… -- COMMAND…: runs a command where something is withheld, as containers, older kernels and
// chroots withhold it, and changes nothing for anybody else. The command is this very process, so its pid and
// signals are too.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

static const char usage[] =
    "poor_host [OPTION…] -- COMMAND…\n"
    "  --deny-userns=EPERM|ENOSYS  clone and unshare refuse CLONE_NEWUSER; clone3 is ENOSYS, as in Docker's "
    "profile\n"
    "  --deny-mount                mount(2) is EPERM, as by an AppArmor profile\n"
    "  --old-mounts                no mount_setattr(2), as before Linux 5.12\n"
    "  --old-opens                 no openat2(2), as before Linux 5.6\n"
    "  --deny-filters              no seccomp(2), as in a kernel without CONFIG_SECCOMP_FILTER\n"
    "  --deny-sock-diag            no netlink socket that tells who has a socket (sock_diag)\n"
    "  --mask-proc                 parts of /proc covered or read-only, as runc does\n"
    "  --read-only-cgroups\n"
    "  --few-devices               a /dev with null and urandom only\n"
    "  --no-devices                an empty /dev\n"
    "  --writable-below=FOLDER     a file system of its own there, that everybody may write\n"
    "  --chroot=FOLDER             the root's folders again below that folder, entered by chroot(2)\n"
    "  --session-key=NAME          nothing withheld: a session keyring with a key of that name\n"
    "  --binfmt=LINE               a user namespace with a binfmt_misc of its own, and this in it (root "
    "only)\n";

static void die(const char* what) {
  fprintf(stderr, "poor_host: %s: %s\n", what, strerror(errno));
  exit(125);
}

static void write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

// ---- mounts

static int exists(const char* path) {
  struct stat about;
  return stat(path, &about) == 0;
}

static void read_only(const char* path) {
  struct mount_attr {
    unsigned long long set, clear, propagation, userns;
  } attributes = {1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
  const int at_recursive = 0x8000;
  if (syscall(SYS_mount_setattr, AT_FDCWD, path, at_recursive, &attributes, sizeof attributes) != 0)
    die(path);
}

/// The masked and read-only paths of runc's default specification, as far as this machine has them.
static void mask_proc(void) {
  static const char* const masked[] = {"/proc/acpi", "/proc/asound",     "/proc/kcore",        "/proc/keys",
                                       "/proc/scsi", "/proc/timer_list", "/proc/latency_stats"};
  static const char* const sealed[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                       "/proc/sysrq-trigger"};
  for (size_t i = 0; i < sizeof masked / sizeof *masked; ++i) {
    struct stat about;
    if (stat(masked[i], &about) != 0) continue;
    const int done = S_ISDIR(about.st_mode) ? mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0")
                                            : mount("/dev/null", masked[i], NULL, MS_BIND, NULL);
    if (done != 0) die(masked[i]);
  }
  for (size_t i = 0; i < sizeof sealed / sizeof *sealed; ++i) {
    if (!exists(sealed[i])) continue;
    if (mount(sealed[i], sealed[i], NULL, MS_BIND | MS_REC, NULL) != 0) die(sealed[i]);
    read_only(sealed[i]);
  }
}

static void new_devices(const char* const* names) {
  int kept[8];
  char path[64], from[64];
  for (int i = 0; names[i]; ++i) {
    snprintf(path, sizeof path, "/dev/%s", names[i]);
    kept[i] = open(path, O_PATH | O_CLOEXEC);
  }
  if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755") != 0) die("/dev");
  for (int i = 0; names[i]; ++i) {
    snprintf(path, sizeof path, "/dev/%s", names[i]);
    snprintf(from, sizeof from, "/proc/self/fd/%d", kept[i]);
    close(open(path, O_CREAT | O_WRONLY, 0666));
    if (mount(from, path, NULL, MS_BIND, NULL) != 0) die(path);
    close(kept[i]);
  }
}

/// One entry of the root again below `folder`: a link as a link, a folder by a bind mount.
static void show_again(const char* folder, const char* name) {
  char from[PATH_MAX], to[PATH_MAX], text[PATH_MAX] = "";
  struct stat about;
  snprintf(from, sizeof from, "/%s", name);
  snprintf(to, sizeof to, "%s/%s", folder, name);
  if (lstat(from, &about) != 0) return;
  if (S_ISLNK(about.st_mode) && readlink(from, text, sizeof text - 1) > 0 && symlink(text, to) != 0 &&
      errno != EEXIST)
    die(to);
  if (!S_ISDIR(about.st_mode)) return;
  if (mkdir(to, 0755) != 0 && errno != EEXIST) die(to);
  if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0) die(to);
}

static void enter_chroot(const char* folder) {
  char* here = getcwd(NULL, 0);
  DIR* root = opendir("/");
  for (struct dirent* entry; (entry = readdir(root)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      show_again(folder, entry->d_name);
  closedir(root);
  if (chroot(folder) != 0 || chdir(here) != 0) die("chroot");
  free(here);
}

/// Writes this process's id maps from outside its new namespace, as only a process there may.
static void own_user_namespace(const char* map) {
  int go[2];
  if (pipe(go) != 0) die("pipe");
  const pid_t self = getpid(), outside = fork();
  if (outside == 0) {
    char byte, path[64];
    close(go[1]);
    if (read(go[0], &byte, 1) != 1) _exit(1);
    snprintf(path, sizeof path, "/proc/%d/uid_map", self);
    write_file(path, map);
    snprintf(path, sizeof path, "/proc/%d/gid_map", self);
    write_file(path, map);
    _exit(0);
  }
  close(go[0]);
  int status = 0;
  if (unshare(CLONE_NEWUSER) != 0) die("unshare(CLONE_NEWUSER)");
  if (write(go[1], "x", 1) != 1 || waitpid(outside, &status, 0) != outside || status != 0) die("id maps");
  close(go[1]);
}

/// An ordinary user may mount in a namespace of their own; what is executed then has no capability again.
static void become_able_to_mount(void) {
  if (geteuid() != 0) {
    char map[64], groups[64];
    snprintf(map, sizeof map, "%u %u 1", getuid(), getuid());
    snprintf(groups, sizeof groups, "%u %u 1", getgid(), getgid());
    if (unshare(CLONE_NEWUSER) != 0) die("unshare(CLONE_NEWUSER)");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", map);
    write_file("/proc/self/gid_map", groups);
  }
  if (unshare(CLONE_NEWNS) != 0) die("unshare(CLONE_NEWNS)");
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) die("private mounts");
}

static void own_binfmt(const char* line) {
  own_user_namespace("0 0 65536");
  if (unshare(CLONE_NEWNS) != 0) die("unshare(CLONE_NEWNS)");
  if (mount("none", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL) != 0) die("binfmt_misc");
  write_file("/proc/sys/fs/binfmt_misc/register", line);
}

// ---- filters: each a program of its own; the kernel runs all of them

static void install(struct sock_filter* code, unsigned short length) {
  const struct sock_fprog program = {length, code};
  if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no-new-privileges");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) die("seccomp");
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define UNLESS_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define IF_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0)
#define SIZE(array) (sizeof array / sizeof *array)

static void deny_call(unsigned number, unsigned error) {
  struct sock_filter code[] = {
      LOAD(arch), UNLESS_EQUAL(OUR_ARCH, 3), LOAD(nr), UNLESS_EQUAL(number, 1), REFUSE(error), ALLOW};
  install(code, SIZE(code));
}

static void deny_user_namespaces(unsigned error) {
  deny_call(SYS_clone3, ENOSYS);  // its flags are in memory, where no filter can look
  struct sock_filter code[] = {LOAD(arch),
                               UNLESS_EQUAL(OUR_ARCH, 6),
                               LOAD(nr),
                               IF_EQUAL(SYS_clone, 1),
                               UNLESS_EQUAL(SYS_unshare, 3),
                               LOAD(args[0]),
                               BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
                               REFUSE(error),
                               ALLOW};
  install(code, SIZE(code));
}

static void deny_sock_diag(unsigned error) {
  struct sock_filter code[] = {LOAD(arch),    UNLESS_EQUAL(OUR_ARCH, 7),
                               LOAD(nr),      UNLESS_EQUAL(SYS_socket, 5),
                               LOAD(args[0]), UNLESS_EQUAL(AF_NETLINK, 3),
                               LOAD(args[2]), UNLESS_EQUAL(NETLINK_SOCK_DIAG, 1),
                               REFUSE(error), ALLOW};
  install(code, SIZE(code));
}

// ----

static const char* value_of(const char* option, const char* name) {
  const size_t size = strlen(name);
  return strncmp(option, name, size) == 0 && option[size] == '=' ? option + size + 1 : NULL;
}

static int wants_mounts(const char* option) {
  static const char* const names[] = {"--mask-proc", "--read-only-cgroups", "--few-devices", "--no-devices"};
  for (size_t i = 0; i < SIZE(names); ++i)
    if (strcmp(option, names[i]) == 0) return 1;
  return value_of(option, "--chroot") || value_of(option, "--writable-below");
}

/// Filters come after everything that they would refuse.
static void apply_mounts(const char* option) {
  static const char* const few[] = {"null", "urandom", NULL};
  static const char* const none[] = {NULL};
  const char* value;
  if (strcmp(option, "--mask-proc") == 0) mask_proc();
  if (strcmp(option, "--read-only-cgroups") == 0) read_only("/sys/fs/cgroup");
  if (strcmp(option, "--few-devices") == 0) new_devices(few);
  if (strcmp(option, "--no-devices") == 0) new_devices(none);
  if ((value = value_of(option, "--writable-below")) && mount("none", value, "tmpfs", 0, "mode=777") != 0)
    die(value);
  if ((value = value_of(option, "--chroot"))) enter_chroot(value);
  if ((value = value_of(option, "--binfmt"))) own_binfmt(value);
}

static void give_key(const char* name) {
  const int here = KEY_SPEC_SESSION_KEYRING;
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
      syscall(SYS_add_key, "user", name, "secret", 6, here) < 0)
    die("keyctl");
}

static void apply_filter(const char* option) {
  const char* error = value_of(option, "--deny-userns");
  if (error) deny_user_namespaces(strcmp(error, "ENOSYS") == 0 ? ENOSYS : EPERM);
  if (strcmp(option, "--deny-mount") == 0) deny_call(SYS_mount, EPERM);
  if (strcmp(option, "--deny-sock-diag") == 0) deny_sock_diag(EPROTONOSUPPORT);
  if (strcmp(option, "--old-mounts") == 0) deny_call(SYS_mount_setattr, ENOSYS);
  if (strcmp(option, "--deny-filters") == 0) deny_call(SYS_seccomp, ENOSYS);
  if (strcmp(option, "--old-opens") == 0) deny_call(SYS_openat2, ENOSYS);
}

int main(int argc, char** argv) {
  int end = 1, mounts = 0;
  while (end < argc && strcmp(argv[end], "--") != 0) mounts |= wants_mounts(argv[end++]);
  if (end + 1 >= argc) {
    fputs(usage, stderr);
    return 125;
  }
  if (mounts) become_able_to_mount();
  for (int i = 1; i < end; ++i) apply_mounts(argv[i]);
  for (int i = 1; i < end; ++i)
    if (value_of(argv[i], "--session-key")) give_key(value_of(argv[i], "--session-key"));
  for (int i = 1; i < end; ++i) apply_filter(argv[i]);
  execvp(argv[end + 1], argv + end + 1);
  die(argv[end + 1]);
}
