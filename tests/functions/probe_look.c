// SPDX-License-Identifier: Apache-2.0
// Behaviours that look around and tell what this process sees of the world.
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#ifdef PROBE_DYNAMIC
#include <netdb.h>
#endif

extern char** environ;

static void do_env(struct call* call) {
  put(&call->out, "{");
  for (char** entry = environ; *entry; ++entry) {
    const char* equals = strchr(*entry, '=');
    if (entry != environ) put(&call->out, ",");
    put_string(&call->out, *entry, (size_t)(equals - *entry));
    put(&call->out, ":");
    put_string(&call->out, equals + 1, strlen(equals + 1));
  }
  put(&call->out, "}");
}

static void put_link(struct text* out, const char* name, const char* path) {
  char target[4096];
  const ssize_t n = readlink(path, target, sizeof target);
  put(out, ",\"%s\":", name);
  put_string(out, target, n > 0 ? (size_t)n : 0);
}

/// Lines of /proc/self/status that tell the rights of this process (QEMU's are the guest's: it is one
/// process).
static void put_status(struct text* out) {
  static const char* const keys[] = {"CapInh", "CapPrm",     "CapEff", "CapBnd",
                                     "CapAmb", "NoNewPrivs", "Groups"};
  FILE* file = fopen("/proc/self/status", "r");
  char line[1024];
  while (file && fgets(line, sizeof line, file)) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i) {
      const size_t length = strlen(keys[i]);
      if (strncmp(line, keys[i], length) != 0 || line[length] != ':') continue;
      const char* value = line + length + 1 + strspn(line + length + 1, "\t ");
      put(out, ",\"%s\":", keys[i]);
      put_string(out, value, strcspn(value, " \n"));
    }
  }
  if (file) fclose(file);
}

static void do_ids(struct call* call) {
  struct text* out = &call->out;
  struct utsname machine;
  uname(&machine);
  put(out,
      "{\"uid\":%d,\"gid\":%d,\"euid\":%d,\"egid\":%d,\"pid\":%d,\"ppid\":%d,\"machine\":\"%s\",\"hostname\":"
      "\"%s\"",
      getuid(), getgid(), geteuid(), getegid(), getpid(), getppid(), machine.machine, machine.nodename);
  put_link(out, "cwd", "/proc/self/cwd");
  put_link(out, "exe", "/proc/self/exe");
  char arguments[4096] = "";
  const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t n = fd >= 0 ? read(fd, arguments, sizeof arguments - 1) : 0;
  if (fd >= 0) close(fd);
  put(out, ",\"argv\":[");
  for (const char* at = arguments; at < arguments + n; at += strlen(at) + 1) {
    if (at != arguments) put(out, ",");
    put_string(out, at, strlen(at));
  }
  put(out, "]");
  put_status(out);
  put(out, "}");
}

/// {"do":"open","path":"/proc/1/mem","mode":"w"}: whether it opens, and the beginning of what can be read.
static void do_open(struct call* call) {
  char path[1024], mode[16], bytes[16384];
  text_field(call, "path", path, sizeof path);
  text_field(call, "mode", mode, sizeof mode);
  const int flags = mode[0] == 'w' ? O_WRONLY : mode[0] == 'c' ? O_WRONLY | O_CREAT : O_RDONLY;
  const int fd = open(path, flags | O_CLOEXEC, 0644);
  const int error = fd < 0 ? errno : 0;
  const ssize_t n = fd >= 0 && flags == O_RDONLY ? read(fd, bytes, sizeof bytes) : 0;
  if (fd >= 0) close(fd);
  put(&call->out, "{\"error\":\"%s\",\"text\":", errno_name(error));
  put_string(&call->out, bytes, n > 0 ? (size_t)n : 0);
  put(&call->out, "}");
}

static void do_stat(struct call* call) {
  char path[1024];
  struct stat status = {0};
  text_field(call, "path", path, sizeof path);
  const int error = stat(path, &status) == 0 ? 0 : errno;
  put(&call->out, "{\"error\":\"%s\",\"mode\":\"%o\",\"uid\":%u,\"gid\":%u,\"size\":%lld}", errno_name(error),
      status.st_mode & 07777, status.st_uid, status.st_gid, (long long)status.st_size);
}

static void do_list(struct call* call) {
  char path[1024];
  text_field(call, "path", path, sizeof path);
  DIR* folder = opendir(path);
  const int error = folder ? 0 : errno;
  put(&call->out, "{\"error\":\"%s\",\"names\":[", errno_name(error));
  int first = 1;
  for (struct dirent* entry; folder && (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (!first) put(&call->out, ",");
    first = 0;
    put_string(&call->out, entry->d_name, strlen(entry->d_name));
  }
  if (folder) closedir(folder);
  put(&call->out, "]}");
}

static void do_fds(struct call* call) {
  put(&call->out, "{\"pid\":%d", getpid());
  for (int fd = 0; fd < 256; ++fd) {
    char name[64], key[16];
    if (fcntl(fd, F_GETFD) < 0) continue;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    snprintf(key, sizeof key, "%d", fd);
    put_link(&call->out, key, name);
  }
  put(&call->out, "}");
}

static void do_rlimits(struct call* call) {
  static const struct {
    const char* name;
    int which;
  } limits[] = {{"nofile", RLIMIT_NOFILE},    {"nproc", RLIMIT_NPROC}, {"core", RLIMIT_CORE},
                {"memlock", RLIMIT_MEMLOCK},  {"stack", RLIMIT_STACK}, {"sigpending", RLIMIT_SIGPENDING},
                {"msgqueue", RLIMIT_MSGQUEUE}};
  put(&call->out, "{\"number\":%d", call->number);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    struct rlimit limit;
    getrlimit(limits[i].which, &limit);
    put(&call->out, ",\"%s\":[%lld,%lld]", limits[i].name, (long long)limit.rlim_cur,
        (long long)limit.rlim_max);
  }
  put(&call->out, "}");
}

/// {"do":"resolve","name":"localhost"}: getaddrinfo, in the dynamically linked build only.
static void do_resolve(struct call* call) {
#ifdef PROBE_DYNAMIC
  char name[256], address[64] = "";
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  text_field(call, "name", name, sizeof name);
  const int error = getaddrinfo(name, "443", &hints, &found);
  if (error == 0)
    getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
  put(&call->out, "{\"error\":");
  put_string(&call->out, error ? gai_strerror(error) : "", error ? strlen(gai_strerror(error)) : 0);
  put(&call->out, ",\"address\":\"%s\"}", address);
  if (found) freeaddrinfo(found);
#else
  put(&call->out, "{\"error\":\"this is the static build\"}");
#endif
}

const struct named look_behaviours[] = {
    {"env", do_env}, {"ids", do_ids},         {"open", do_open},       {"stat", do_stat}, {"list", do_list},
    {"fds", do_fds}, {"rlimits", do_rlimits}, {"resolve", do_resolve}, {NULL, NULL},
};
