// SPDX-License-Identifier: Apache-2.0
// Behaviours that reach for what lies outside: processes, keys, sockets, shared memory, other namespaces.
#include "probe.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static void put_error(struct call* call, int failed) {
  put(&call->out, "{\"error\":\"%s\"}", errno_name(failed ? errno : 0));
}

/// {"do":"kill","pid":123}: may it be signalled? Signal 0 only: nothing is harmed outside a sandbox.
static void do_kill(struct call* call) { put_error(call, kill((pid_t)number_field(call, "pid", 1), 0) != 0); }

/// {"do":"key","name":"…"}: is there such a key in the session keyring?
static void do_key(struct call* call) {
  char name[256];
  text_field(call, "name", name, sizeof name);
  put_error(call, syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0) < 0);
}

/// {"do":"shm","key":123}: is there such a System V segment?
static void do_shm(struct call* call) {
  put_error(call, shmget((key_t)number_field(call, "key", 1), 0, 0) < 0);
}

/// {"do":"namespace"}: whether a child of this process may make a user namespace.
static void do_namespace(struct call* call) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  waitpid(child, &status, 0);
  put(&call->out, "{\"error\":\"%s\"}", errno_name(WEXITSTATUS(status)));
}

/// {"do":"descriptors","limit":5000}: opens until it is refused.
static void do_descriptors(struct call* call) {
  static int opened[8192];
  const long limit = number_field(call, "limit", 5000);
  int n = 0, error = 0;
  for (; n < limit && n < 8192; ++n) {
    opened[n] = fcntl(1, F_DUPFD_CLOEXEC, 0);
    if (opened[n] >= 0) continue;
    error = errno;
    break;
  }
  for (int i = 0; i < n; ++i) close(opened[i]);
  put(&call->out, "{\"opened\":%d,\"error\":\"%s\"}", n, errno_name(error));
}

/// {"do":"connect","port":1234} to loopback; {"do":"connect","abstract":"name"} to a UNIX socket without a
/// file, {"do":"connect","path":"/a/socket"} to one with it. With "send" that is sent, and what comes back is
/// told.
static void do_connect(struct call* call) {
  char name[sizeof(struct sockaddr_un)] = "", request[512], answer[512] = "";
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  struct sockaddr_in loopback = {.sin_family = AF_INET,
                                 .sin_port = htons((in_port_t)number_field(call, "port", 1)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  text_field(call, "path", name, sizeof name);
  const int has_file = *name != 0;
  if (!has_file) text_field(call, "abstract", name, sizeof name);
  if (strlen(name) + 2 > sizeof local.sun_path) {
    put(&call->out, "{\"error\":\"ENAMETOOLONG\",\"text\":\"\"}");
    return;
  }
  memcpy(local.sun_path + !has_file, name, strlen(name));
  const int fd = socket(*name ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
  const int failed = *name ? connect(fd, (struct sockaddr*)&local, size)
                           : connect(fd, (struct sockaddr*)&loopback, sizeof loopback);
  const int error = failed ? errno : 0;
  text_field(call, "send", request, sizeof request);
  if (!error && *request) {
    rt_send_all(fd, request, strlen(request));
    size_t got = 0;
    for (ssize_t n; got < sizeof answer - 1 && (n = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0;)
      got += (size_t)n;
  }
  put(&call->out, "{\"error\":\"%s\",\"text\":", errno_name(error));
  put_string(&call->out, answer, strlen(answer));
  put(&call->out, "}");
  close(fd);
}

static void post_error(struct call* call) {
  const char body[] = "{\"errorMessage\":\"told to\",\"errorType\":\"Told\"}";
  struct rt_reply reply = rt_post(call->id, "error", "", body, sizeof body - 1);
  rt_free(&reply);
  call->answered = 1;
}

/// {"do":"tell","port":1234,"tag":"a"}: tells the test on that port of loopback its request id and the tag,
/// and does what it is told back: ok, error, exit; without a word it answers with its event.
static void do_tell(struct call* call) {
  char tag[64], line[160];
  text_field(call, "tag", tag, sizeof tag);
  const struct sockaddr_in test = {.sin_family = AF_INET,
                                   .sin_port = htons((in_port_t)number_field(call, "port", 1)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (const struct sockaddr*)&test, sizeof test) != 0) _exit(92);
  rt_send_all(fd, line, (size_t)snprintf(line, sizeof line, "%s %s\n", call->id, tag));
  char told[16] = "";
  if (recv(fd, told, sizeof told - 1, 0) < 0) _exit(93);
  close(fd);
  if (strcmp(told, "exit") == 0) _exit(3);
  if (strcmp(told, "error") == 0)
    post_error(call);
  else
    put(&call->out, "{\"tag\":\"%s\"}", tag);
}

static int enter_namespace_of_init(const char* kind) {
  char path[64];
  snprintf(path, sizeof path, "/proc/1/ns/%s", kind);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -1 : setns(fd, 0);
}

static long steal_descriptor_of_init(void) {
  const long init = syscall(SYS_pidfd_open, 1, 0);
  return init < 0 ? -1 : syscall(SYS_pidfd_getfd, init, 3, 0);
}

static long read_memory_of_init(void) {
  char bytes[16];
  struct iovec into = {bytes, sizeof bytes}, from = {(void*)0x400000, sizeof bytes};
  return process_vm_readv(1, &into, 1, &from, 1, 0);
}

/// What would take over the helper or the machine, each with the errno it got. In a sandbox only.
static void do_reach(struct call* call) {
  if (!is_shut_in()) return;
  const struct timeval past = {1, 0};
  const struct sched_param first = {99};
#define TRY(name, expression)                                                 \
  do {                                                                        \
    int status = 0;                                                           \
    const pid_t child = fork();                                               \
    if (child == 0) _exit((expression) < 0 ? errno : 0);                      \
    waitpid(child, &status, 0);                                               \
    put(&call->out, "\"%s\":\"%s\",", name, errno_name(WEXITSTATUS(status))); \
  } while (0)
  put(&call->out, "{");
  TRY("init_trace", ptrace(PTRACE_SEIZE, 1, 0, 0));
  TRY("init_attach", ptrace(PTRACE_ATTACH, 1, 0, 0));
  TRY("init_memory", read_memory_of_init());
  TRY("init_descriptor", steal_descriptor_of_init());
  TRY("init_mount_namespace", enter_namespace_of_init("mnt"));
  TRY("init_user_namespace", enter_namespace_of_init("user"));
  TRY("init_pid_namespace", enter_namespace_of_init("pid"));
  TRY("init_environment", open("/proc/1/environ", O_RDONLY | O_CLOEXEC));
  TRY("init_maps", open("/proc/1/maps", O_RDONLY | O_CLOEXEC));
  TRY("init_oom", open("/proc/1/oom_score_adj", O_WRONLY | O_CLOEXEC));
  TRY("init_working_folder", open("/proc/1/cwd/etc/passwd", O_RDONLY | O_CLOEXEC));
  TRY("init_limits", prlimit(1, RLIMIT_NOFILE, &(struct rlimit){4, 4}, NULL));
  TRY("init_priority", setpriority(PRIO_PROCESS, 1, 19));
  TRY("init_processors", sched_setaffinity(1, sizeof(cpu_set_t), &(cpu_set_t){.__bits = {1}}));
  TRY("oom_shield", open("/proc/self/oom_score_adj", O_WRONLY) < 0
                        ? -1
                        : (int)pwrite(open("/proc/self/oom_score_adj", O_WRONLY), "-1000", 5, 0));
  TRY("clock", settimeofday(&past, NULL));
  TRY("real_time", sched_setscheduler(0, SCHED_FIFO, &first));
  TRY("priority", setpriority(PRIO_PROCESS, 0, -20));
  TRY("locked_memory", mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
                            -1, 0) == MAP_FAILED
                           ? -1
                           : 0);
  TRY("swap", swapoff("/nowhere"));
  TRY("module", syscall(SYS_init_module, NULL, 0, ""));
  TRY("raw_socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  TRY("packet_socket", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("file_handle", syscall(SYS_open_by_handle_at, AT_FDCWD, &(struct {
                               unsigned size;
                               int type;
                               char id[128];
                             }){8, 1, {0}},
                             O_RDONLY));
  TRY("kernel_log", syscall(SYS_syslog, 5, NULL, 0));
  TRY("sysrq", open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
  TRY("kernel_memory", open("/proc/kcore", O_RDONLY | O_CLOEXEC));
  TRY("shared_memory", open("/dev/shm/x", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  TRY("qemu", open("/dev/.lemu/qemu", O_WRONLY | O_CLOEXEC));
  TRY("wrapper", open("/dev/.lemu/wrapper", O_WRONLY | O_CLOEXEC));
  TRY("system", open("/usr/share/zoneinfo/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  put(&call->out, "\"pid\":%d}", getpid());
#undef TRY
}

const struct named reach_behaviours[] = {{"kill", do_kill},
                                         {"key", do_key},
                                         {"shm", do_shm},
                                         {"namespace", do_namespace},
                                         {"descriptors", do_descriptors},
                                         {"connect", do_connect},
                                         {"tell", do_tell},
                                         {"reach", do_reach},
                                         {NULL, NULL}};
