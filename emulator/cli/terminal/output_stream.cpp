// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/output_stream.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "base/syscall.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

/// Opening the master of pseudo-terminals makes a new one (pts(4)).
const dev_t kPtmx = makedev(5, 2);

bool opens_as_itself(const struct stat& about) { return S_ISFIFO(about.st_mode) || about.st_rdev != kPtmx; }

/// An epoll instance that is readable when `fd` is writable: asio makes what it waits on non-blocking.
Fd writability_of(int fd) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLOUT;
  if (epoll.valid() && ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) epoll.reset();
  return epoll;
}

}  // namespace

struct OutputStream::Waiter {
  Waiter(asio::io_context& context, Fd writability)
      : writable(context, writability.release()), all_taken(context) {
    all_taken.expires_at(asio::steady_timer::time_point::max());
  }
  asio::posix::stream_descriptor writable;
  asio::steady_timer all_taken;  ///< cancelled when it is so
};

OutputStream::OutputStream(int fd, asio::io_context* context) : fd_(fd), context_(context) {
  if (context != nullptr) choose_way();
}

OutputStream::~OutputStream() = default;

void OutputStream::choose_way() {
  struct stat about {};
  if (::fstat(fd_, &about) != 0) return;
  if ((::fcntl(fd_, F_GETFL) & O_ACCMODE) == O_RDONLY) return;  // refuses at once
  if (S_ISSOCK(about.st_mode)) way_ = Way::per_call;
  if (!S_ISFIFO(about.st_mode) && ::isatty(fd_) != 1) return;
  way_ = Way::after_poll;
  if (!opens_as_itself(about)) return;
  own_ = Fd(
      ::open(("/proc/self/fd/" + std::to_string(fd_)).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own_.valid()) way_ = Way::reopened;
}

void OutputStream::write(std::string_view bytes) {
  if (failure_ != 0) return;
  if (context_ == nullptr) return write_waiting(bytes);
  const bool waits = !all_taken();
  if (!waits) bytes = write_now(bytes);
  kept_ += bytes;
  if (!waits && !bytes.empty()) wait_for_reader();
}

/// Writes what is taken at once; the rest. All is lost after a failure.
std::string_view OutputStream::write_now(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    if (way_ == Way::after_poll) {
      pollfd room{fd_, POLLOUT, 0};
      if (::poll(&room, 1, 0) == 0) return bytes;
      // A pipe that is ready takes this much (pipe(7)).
      size = std::min<std::size_t>(size, PIPE_BUF);
    }
    const ssize_t n = way_ == Way::per_call ? ::send(fd_, bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                            : ::write(writable(), bytes.data(), size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return bytes;
    if (n < 0) {
      failure_ = errno;
      return {};
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return bytes;
}

void OutputStream::write_waiting(std::string_view bytes) {
  const Status written = write_all(fd_, bytes);
  if (!written) failure_ = written.error().os_error;
}

void OutputStream::wait_for_reader() {
  if (!waiter_) {
    Fd writability = writability_of(fd_);
    if (!writability.valid()) return flush();
    waiter_ = std::make_unique<Waiter>(*context_, std::move(writability));
  }
  waiter_->writable.async_wait(asio::posix::descriptor_base::wait_read,
                               [this](const boost::system::error_code& code) {
                                 if (code != asio::error::operation_aborted) go_on();
                               });
}

void OutputStream::go_on() {
  gone_ = kept_.size() - write_now(still_kept()).size();
  if (!all_taken()) return wait_for_reader();
  end_wait();
}

void OutputStream::end_wait() {
  kept_ = {};
  gone_ = 0;
  if (waiter_) waiter_->all_taken.cancel();
}

void OutputStream::when_taken(std::function<void()> then) {
  if (all_taken()) return then();
  waiter_->all_taken.async_wait([then = std::move(then)](const boost::system::error_code&) { then(); });
}

asio::awaitable<void> OutputStream::taken() {
  while (!all_taken()) co_await waiter_->all_taken.async_wait(asio::as_tuple(asio::use_awaitable));
}

void OutputStream::flush() {
  if (failure_ == 0) write_waiting(still_kept());
  end_wait();
}

}  // namespace lemu::emulator::cli
