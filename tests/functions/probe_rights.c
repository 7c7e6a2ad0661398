// SPDX-License-Identifier: Apache-2.0
// Behaviours that try what a function has no right to, and its limits.
#include "probe.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/// {"do":"fill","path":"/tmp/big","mb":600}: writes until done or refused.
static void do_fill(struct call* call) {
  char path[1024];
  static char block[1 << 20];
  text_field(call, "path", path, sizeof path);
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  int error = fd < 0 ? errno : 0;
  long long written = 0;
  const long long want = (long long)number_field(call, "mb", 1) << 20;
  while (!error && written < want) {
    const ssize_t n = write(fd, block, sizeof block);
    if (n < 0)
      error = errno;
    else
      written += n;
  }
  if (fd >= 0) close(fd);
  put(&call->out, "{\"written\":%lld,\"error\":\"%s\"}", written, errno_name(error));
}

/// What only a privileged process may do, each with the errno it got ("" would mean that it was allowed).
/// Never as root: outside a sandbox these would succeed, and take the machine's /tmp and /proc away.
static void do_forbidden(struct call* call) {
  if (getuid() == 0 || geteuid() == 0) {
    put(&call->out, "{\"refused\":\"this is root: a function must not be\"}");
    return;
  }
  // Each in a child of its own, so that one which is allowed does not change what the next one sees.
#define TRY(name, expression)                                                 \
  do {                                                                        \
    int status = 0;                                                           \
    const pid_t child = fork();                                               \
    if (child == 0) _exit((expression) < 0 ? errno : 0);                      \
    waitpid(child, &status, 0);                                               \
    put(&call->out, ",\"%s\":\"%s\"", name, errno_name(WEXITSTATUS(status))); \
  } while (0)
  put(&call->out, "{\"pid\":%d", getpid());
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
  TRY("umount", umount2("/proc", MNT_DETACH));
  TRY("unshare_user", unshare(CLONE_NEWUSER));
  TRY("chroot", chroot("/tmp"));
  TRY("setuid", setuid(0));
  TRY("sethostname", sethostname("x", 1));
  TRY("mknod", mknod("/tmp/null", S_IFCHR | 0666, 0x103));
  TRY("write_task", open("/var/task/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("write_opt", open("/opt/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("write_root", open("/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("write_etc", open("/etc/hosts", O_WRONLY | O_CLOEXEC));
  TRY("write_dev", open("/dev/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("core_pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC));
  TRY("drop_caches", open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));
  TRY("overcommit", open("/proc/sys/vm/overcommit_memory", O_WRONLY | O_CLOEXEC));
  TRY("binfmt_register", open("/proc/sys/fs/binfmt_misc/register", O_WRONLY | O_CLOEXEC));
  TRY("init_environ", open("/proc/1/environ", O_RDONLY | O_CLOEXEC));
  TRY("init_mem", open("/proc/1/mem", O_RDONLY | O_CLOEXEC));
  TRY("init_fd", open("/proc/1/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  TRY("init_root", open("/proc/1/root/etc/passwd", O_RDONLY | O_CLOEXEC));
  put(&call->out, "}");
#undef TRY
}

/// {"do":"limits"}: what setrlimit says to more than the hard limit; then everything as low as it goes.
static void do_limits(struct call* call) {
  static const struct {
    const char* name;
    int which;
    rlim_t low;
  } limits[] = {{"nofile", RLIMIT_NOFILE, 3},   {"nproc", RLIMIT_NPROC, 0}, {"core", RLIMIT_CORE, 0},
                {"memlock", RLIMIT_MEMLOCK, 0}, {"fsize", RLIMIT_FSIZE, 0}, {"stack", RLIMIT_STACK, 262144}};
  put(&call->out, "{\"number\":%d", call->number);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    struct rlimit limit;
    getrlimit(limits[i].which, &limit);
    const rlim_t hard = limit.rlim_max;
    limit.rlim_max = RLIM_INFINITY;
    const int up = setrlimit(limits[i].which, &limit) == 0 ? 0 : errno;
    limit.rlim_cur = limit.rlim_max = limits[i].low < hard ? limits[i].low : hard;
    const int down = setrlimit(limits[i].which, &limit) == 0 ? 0 : errno;
    put(&call->out, ",\"%s\":[\"%s\",\"%s\"]", limits[i].name, errno_name(up), errno_name(down));
  }
  put(&call->out, "}");
}

/// {"do":"limit-parent"}: limits for lemu's helper, down to no CPU time and no descriptors. Never as root.
static void do_limit_parent(struct call* call) {
  if (getuid() == 0) return;
  const struct rlimit none = {0, 0};
  put(&call->out, "{\"nofile\":\"%s\"",
      errno_name(prlimit(getppid(), RLIMIT_NOFILE, &none, NULL) == 0 ? 0 : errno));
  put(&call->out, ",\"nproc\":\"%s\"",
      errno_name(prlimit(getppid(), RLIMIT_NPROC, &none, NULL) == 0 ? 0 : errno));
  put(&call->out, ",\"cpu\":\"%s\"}",
      errno_name(prlimit(getppid(), RLIMIT_CPU, &none, NULL) == 0 ? 0 : errno));
}

/// {"do":"cpu-limit"}: a second of CPU time, and then more than that.
static void do_cpu_limit(struct call* call) {
  const struct rlimit second = {1, 5};
  (void)call;
  if (setrlimit(RLIMIT_CPU, &second) == 0)
    for (;;) getppid();
}

static struct text written;

static int try_to_write(const char* path, const struct stat* status, int kind, struct FTW* at) {
  (void)at;
  char name[4200];
  if (strncmp(path, "/proc/", 6) == 0 && (strchr("0123456789", path[6]) || strstr(path, "self"))) return 0;
  if (kind == FTW_D) {
    snprintf(name, sizeof name, "%s/lemu-probe", path);
  } else if (kind == FTW_F && S_ISREG(status->st_mode)) {
    snprintf(name, sizeof name, "%s", path);
  } else {
    return 0;
  }
  const int fd = open(name, O_WRONLY | O_CLOEXEC | (kind == FTW_D ? O_CREAT : 0), 0600);
  if (fd < 0) return 0;
  // QEMU opens a copy of its own in place of some files of /proc (open_self_… of its linux-user/syscall.c).
  struct stat opened = {0};
  const int other = kind == FTW_F && fstat(fd, &opened) == 0 &&
                    (opened.st_dev != status->st_dev || opened.st_ino != status->st_ino);
  close(fd);
  if (other) return 0;
  if (kind == FTW_D) unlink(name);
  if (written.size) put(&written, ",");
  put_string(&written, path, strlen(path));
  return 0;
}

/// Which folders take a new file, and which files can be opened for writing, in all there is to see. Never as
/// root.
static void do_write_everywhere(struct call* call) {
  if (getuid() != 0) nftw("/", try_to_write, 64, FTW_PHYS);
  put(&call->out, "[");
  put_bytes(&call->out, written.data ? written.data : "", written.size);
  put(&call->out, "]");
}

const struct named rights_behaviours[] = {{"fill", do_fill},
                                          {"forbidden", do_forbidden},
                                          {"limits", do_limits},
                                          {"limit-parent", do_limit_parent},
                                          {"cpu-limit", do_cpu_limit},
                                          {"write-everywhere", do_write_everywhere},
                                          {NULL, NULL}};
