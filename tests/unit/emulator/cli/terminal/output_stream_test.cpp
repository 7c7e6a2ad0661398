// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/output_stream.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <span>

#include "base/syscall.hpp"

using lemu::Fd;
using lemu::emulator::cli::OutputStream;
namespace asio = boost::asio;

namespace {

struct Ends {
  Fd reader;
  Fd writer;
};

Ends make_terminal() {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(::grantpt(master.get()) == 0);
  REQUIRE(::unlockpt(master.get()) == 0);
  Fd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios raw{};
  REQUIRE(::tcgetattr(slave.get(), &raw) == 0);
  ::cfmakeraw(&raw);
  REQUIRE(::tcsetattr(slave.get(), TCSANOW, &raw) == 0);
  return {std::move(master), std::move(slave)};
}

Ends make_ends(const std::string& kind) {
  if (kind == "terminal") return make_terminal();
  if (kind == "socket") {
    lemu::Result<lemu::SocketPair> pair = lemu::make_socket_pair();
    REQUIRE(pair);
    return {std::move(pair->ours), std::move(pair->theirs)};
  }
  lemu::Result<lemu::Pipe> pipe = lemu::make_pipe();
  REQUIRE(pipe);
  return {std::move(pipe->read_end), std::move(pipe->write_end)};
}

std::string numbered_lines() {
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i) text += std::to_string(i) + "\n";
  return text;
}

std::string read_exactly(asio::io_context& context, int fd, std::size_t size) {
  std::string got;
  while (got.size() < size) {
    std::string piece(std::min<std::size_t>(7'000, size - got.size()), '\0');
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    REQUIRE(n > 0);
    got.append(piece, 0, static_cast<std::size_t>(n));
    context.restart();
    context.poll();
  }
  return got;
}

}  // namespace

TEST_CASE("a reader that does not read keeps no writer waiting, and gets everything in order when it does") {
  const std::string text = numbered_lines();
  for (const std::string kind : {"pipe", "terminal", "socket"}) {
    CAPTURE(kind);
    asio::io_context context(1);
    const Ends ends = make_ends(kind);
    const int flags = ::fcntl(ends.writer.get(), F_GETFL);
    OutputStream stream(ends.writer.get(), &context);
    bool told = false;
    stream.write(text);  // returns, which is the point
    stream.write("last\n");
    CHECK_FALSE(stream.all_taken());
    stream.when_taken([&] { told = true; });
    context.poll();
    CHECK_FALSE(told);
    CHECK(::fcntl(ends.writer.get(), F_GETFL) == flags);  // shared with the caller

    CHECK(read_exactly(context, ends.reader.get(), text.size() + 5) == text + "last\n");
    CHECK(stream.all_taken());
    CHECK(stream.failure() == 0);
    CHECK(told);
  }
}

TEST_CASE("a coroutine waits for the reader, and no longer than for it") {
  asio::io_context context(1);
  const Ends ends = make_ends("pipe");
  OutputStream stream(ends.writer.get(), &context);
  bool done = false;
  stream.write(std::string(100'000, 'x'));
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        co_await stream.taken();
        done = true;
      },
      asio::detached);
  context.poll();
  CHECK_FALSE(done);
  read_exactly(context, ends.reader.get(), 100'000);
  CHECK(done);
}

TEST_CASE("who waits for a reader that goes away is told, with the reason kept") {
  ::signal(SIGPIPE, SIG_IGN);
  asio::io_context context(1);
  Ends ends = make_ends("pipe");
  OutputStream stream(ends.writer.get(), &context);
  bool told = false;
  stream.write(std::string(100'000, 'x'));
  stream.when_taken([&] { told = true; });
  ends.reader.reset();
  context.run();
  CHECK(told);
  CHECK(stream.failure() == EPIPE);
}

TEST_CASE("a stream for reading is refused, as a closed one is") {
  asio::io_context context(1);
  const Ends ends = make_ends("pipe");
  OutputStream stream(ends.reader.get(), &context);
  stream.write("x");
  CHECK(stream.failure() == EBADF);
}
