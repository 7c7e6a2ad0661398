// SPDX-License-Identifier: Apache-2.0
#include "base/syscall.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "base/errors.hpp"
#include "base/input_file.hpp"

namespace lemu {
namespace {

template <class Call>
auto retry(Call call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

/// A terminal or pipe that we share with others may have been made non-blocking by one of them: then we wait
/// ourselves. False when that is not why the call failed.
bool waited_for(int fd, short event) {
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  pollfd wait{fd, event, 0};
  return retry([&] { return ::poll(&wait, 1, -1); }) > 0;
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return "a folder";
    case S_IFIFO: return "a named pipe";
    case S_IFSOCK: return "a socket";
    default: return "a device";
  }
}

/// Waits a while for somebody to open a FIFO for writing. One who has, and writes nothing yet, is waited for
/// by whoever reads. See fifo(7) and poll(2): without a writer a read finds the end, and poll waits.
bool has_writer(int fd) {
  constexpr int kPatience = 5'000;  // ms
  pollfd wait{fd, POLLIN, 0};
  if (retry([&] { return ::poll(&wait, 1, kPatience); }) != 0) return true;
  // tee(2) takes nothing away: it finds the end as a read does, or EAGAIN where there is a writer.
  const Result<Pipe> copy = make_pipe();
  return !copy || ::tee(fd, copy->write_end.get(), 1, SPLICE_F_NONBLOCK) != 0;
}

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, mode_t mode) {
  const int fd = retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0) return fail_errno<"cannot-open">(errno, at<"path">(path));
  return Fd(fd);
}

Result<Fd> open_regular(const std::string& path) {
  // Looked at first, as opening a device can do things; and again, as a name can change its meaning.
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return fail<"not-a-regular-file">(at<"path">(path), at<"kind">(kind_of(info.st_mode)));
  Result<Fd> fd = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  LEMU_TRY(fd);
  if (::fstat(fd->get(), &info) < 0) return fail_errno<"cannot-open">(errno, at<"path">(path));
  if (!S_ISREG(info.st_mode))
    return fail<"not-a-regular-file">(at<"path">(path), at<"kind">(kind_of(info.st_mode)));
  return fd;
}

Result<Fd> open_input(const std::string& path) {
  Result<Fd> fd = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  LEMU_TRY(fd);
  struct stat info {};
  if (::fstat(fd->get(), &info) < 0) return fail_errno<"cannot-open">(errno, at<"path">(path));
  if (S_ISFIFO(info.st_mode) && !has_writer(fd->get())) return fail<"pipe-without-writer">(at<"path">(path));
  return fd;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0)
    return fail_errno<"system-call-failed">(errno, at<"attempt">("make a pipe"));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return fail_errno<"system-call-failed">(errno, at<"attempt">("make a socket pair"));
  return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

Result<std::size_t> read_up_to(int fd, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = retry([&] { return ::read(fd, into.data() + done, into.size() - done); });
    if (n < 0 && waited_for(fd, POLLIN)) continue;
    if (n < 0) return fail_errno<"system-call-failed">(errno, at<"attempt">("read"));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (n < 0 && waited_for(fd, POLLOUT)) continue;
    if (n < 0) return fail_errno<"system-call-failed">(errno, at<"attempt">("write"));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

namespace {

Result<std::string> read_whole(Result<Fd> fd, const std::string& path, std::size_t limit) {
  LEMU_TRY(fd);
  std::string content;
  std::size_t room = 4 * 1024;  // most of what is read is short, /proc's above all
  while (true) {
    const std::size_t before = content.size();
    content.resize(before + room);
    Result<std::size_t> n =
        read_up_to(fd->get(), std::as_writable_bytes(std::span<char>(content.data() + before, room)));
    if (!n) return fail(std::move(n.error()).within(path));
    content.resize(before + *n);
    if (content.size() > limit) return fail<"file-too-large">(at<"path">(path), at<"limit">(limit));
    if (*n < room) return content;
    room *= 2;
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  return read_whole(open_regular(path), path, limit);
}

Result<std::string> read_input(const std::string& path, std::size_t limit) {
  return read_whole(open_input(path), path, limit);
}

Status write_file(const std::string& path, std::string_view content, mode_t mode) {
  Result<Fd> fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  LEMU_TRY(fd);
  Status written = write_all(fd->get(), content);
  if (!written) return fail(std::move(written.error()).within(path));
  return {};
}

}  // namespace lemu
