// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/daemon_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/syscall.hpp"

using lemu::emulator::DaemonLog;
using Level = DaemonLog::Level;

namespace {

/// The first time in the line as "TIME".
std::string without_time(std::string line) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
  std::string shaped = line;
  std::replace_if(
      shaped.begin(), shaped.end(), [](char c) { return c >= '0' && c <= '9'; }, '0');
  const std::size_t at = shaped.find(shape);
  return at == std::string::npos ? line : line.replace(at, shape.size(), "TIME");
}

/// A log with a pipe of one page behind it, which takes one line until it is read.
struct LogOverPipe {
  explicit LogOverPipe(DaemonLog::Format format, Level least = Level::info)
      : log(pipe.write_end.get(), format, least) {
    ::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, PIPE_BUF);
    ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
  }
  /// What was written since the last call, without the times.
  std::vector<std::string> lines() {
    std::string text;
    std::array<char, 2 * PIPE_BUF> some{};
    for (ssize_t count = 0; (count = ::read(pipe.read_end.get(), some.data(), some.size())) > 0;)
      text.append(some.data(), static_cast<std::size_t>(count));
    std::vector<std::string> found;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
      found.push_back(without_time(text.substr(0, end)));
    CHECK(text.empty());  // every line has its end
    return found;
  }

  lemu::Pipe pipe = std::move(*lemu::make_pipe());
  DaemonLog log;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line of text") {
  LogOverPipe over(DaemonLog::Format::text);
  over.log.write(Level::warning, "event given up", {{"function", "hello"}, {"requestId", "a-b"}});
  CHECK(over.lines() == Lines{"TIME warning event given up function=hello requestId=a-b"});
  over.log.write(Level::error, "the disk\r\nis full {}");
  CHECK(over.lines() == Lines{"TIME error the disk\\x0d\\x0ais full {}"});
}

TEST_CASE("a value cannot drive the terminal that shows the log") {
  LogOverPipe over(DaemonLog::Format::text);
  over.log.write(Level::error, "gone", {{"path", "\x1b[2J\u009b\u202e\xff\n"}});
  CHECK(over.lines() == Lines{"TIME error gone path=\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xae\\xff\\x0a"});
}

TEST_CASE("what is below the least level is not said") {
  LogOverPipe over(DaemonLog::Format::text, Level::warning);
  over.log.write(Level::info, "serving");
  CHECK(over.lines().empty());
  over.log.write(Level::warning, "ending at once");
  CHECK(over.lines() == Lines{"TIME warning ending at once"});
}

TEST_CASE("a line of JSON") {
  LogOverPipe over(DaemonLog::Format::json);
  over.log.write(Level::warning, "event given up", {{"function", "a\"b\n%l"}});
  CHECK(over.lines() ==
        Lines{R"({"time":"TIME","level":"warning","event":"event given up","function":"a\"b\n%l"})"});
  over.log.write(Level::error, "the disk is full {}");
  CHECK(over.lines() == Lines{R"({"time":"TIME","level":"error","event":"the disk is full {}"})"});
  over.log.write(Level::error, "gone", {{"path", "\x1b\u009b\u202e\x7f"}});
  CHECK(over.lines() ==
        Lines{R"({"time":"TIME","level":"error","event":"gone","path":"\u001b\u009b\u202e\u007f"})"});
}

TEST_CASE("bytes that are no UTF-8 are replaced in JSON") {
  LogOverPipe over(DaemonLog::Format::json);
  over.log.write(Level::error, "gone", {{"path", "\xff"}});
  const Lines lines = over.lines();
  REQUIRE(lines.size() == 1);
  CHECK(nlohmann::json::parse(lines[0])["path"] == "\xef\xbf\xbd");
}

TEST_CASE("lines that nobody reads are dropped, and how many is said once there is room") {
  for (const auto& [format, said] :
       {std::pair{DaemonLog::Format::text, "TIME warning log lines dropped lines=3"},
        std::pair{DaemonLog::Format::json,
                  R"({"time":"TIME","level":"warning","event":"log lines dropped","lines":"3"})"}}) {
    LogOverPipe over(format);
    over.log.write(Level::error, "one");
    for (int i = 0; i < 3; ++i) over.log.write(Level::error, "lost");
    CHECK(over.lines().size() == 1);
    over.log.write(Level::error, "two");
    CHECK(over.lines() == Lines{said});
    over.log.write(Level::error, "three");  // after word of "two", which the one before left no room for
    const Lines after = over.lines();
    REQUIRE(after.size() == 1);
    CHECK(after[0].find("dropped") != std::string::npos);
  }
}

TEST_CASE("a line that is too long for the pipe ends early, with its newline") {
  LogOverPipe over(DaemonLog::Format::text);
  over.log.write(Level::error, std::string(std::size_t{2} * PIPE_BUF, 'x'));
  const Lines lines = over.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("xxx"));
}

TEST_CASE("a descriptor that is closed loses lines and no more") {
  LogOverPipe over(DaemonLog::Format::text);
  lemu::Fd gone = std::move(over.pipe.write_end);
  gone = {};
  over.log.write(Level::error, "nobody hears this");
  CHECK(over.lines().empty());
}
