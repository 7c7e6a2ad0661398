// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/function_log.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"

namespace lemu::emulator {

TEST_CASE("a reader gets what is new, once") {
  FunctionLog log(nullptr);
  log.append("one", "a\n");
  log.append("two", "b\n");
  const FunctionLog::Page first = log.since(0);
  CHECK(first.text == "a\nb\n");
  CHECK(log.since(first.next).text.empty());
  log.append("one", "c\n");
  CHECK(log.since(first.next).text == "c\n");
  CHECK(log.since(1).text == "\nb\nc\n");
}

TEST_CASE("watchers are told of more and of the end, and may go meanwhile") {
  struct Counter : LogWatcher {
    void on_more() override {
      ++calls;
      if (leaves_with != nullptr) log->remove(*leaves_with);
    }
    FunctionLog* log = nullptr;
    LogWatcher* leaves_with = nullptr;
    int calls = 0;
  };
  FunctionLog log(nullptr);
  std::array<Counter, 2> watchers;
  for (Counter& watcher : watchers) log.add(watcher);
  log.append("one", "a\n");
  CHECK(watchers[0].calls == 1);
  CHECK(watchers[1].calls == 1);
  for (std::size_t at : {0, 1}) {
    watchers[at].log = &log;
    watchers[at].leaves_with = &watchers[1 - at];
  }
  CHECK_FALSE(log.finished());
  log.finish();
  log.finish();
  CHECK(log.finished());
  CHECK(watchers[0].calls + watchers[1].calls == 3);
}

TEST_CASE("only the end of much is kept") {
  FunctionLog log(nullptr);
  const std::string line(999, 'x');
  for (int i = 0; i < 1000; ++i) log.append("one", line + "\n");
  const std::string kept = log.since(0).text;
  CHECK(kept.size() <= std::size_t{256} << 10);
  CHECK(kept.size() > std::size_t{250} << 10);
  log.append("one", std::string(std::size_t{1} << 20, 'y'));
  CHECK(log.since(0).text == std::string(std::size_t{256} << 10, 'y'));
}

TEST_CASE("a stream's file is full at its limit, and one older part is kept") {
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-log").value();
  FunctionLog log(std::make_shared<LogFiles>(folder.path(), "/aws/lambda/f", LogFiles::Limits{.file = 1000}));
  const std::string stream = "2026/01/02/[$LATEST]0123";
  for (int i = 0; i < 55; ++i) log.append(stream, std::string(99, "abcdefghij"[i % 10]) + "\n");
  const std::string path = folder.path() + "/aws/lambda/f/" + stream + ".log";
  CHECK(std::filesystem::file_size(path) == 500);
  CHECK(std::filesystem::file_size(path + ".1") == 1000);
  CHECK(read_file(path, 2000).value().starts_with(std::string(99, 'a')));
}

TEST_CASE("the oldest streams' files go when a function has too many") {
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-log").value();
  LogFiles files(folder.path(), "/aws/lambda/f", {.file = 1000, .streams = 3});
  for (const char* stream : {"d/a", "d/b", "d/c", "d/d", "d/e"}) {
    files.append(stream, "x");
    files.end(stream);
  }
  const std::string base = folder.path() + "/aws/lambda/f/d/";
  CHECK_FALSE(std::filesystem::exists(base + "a.log"));
  CHECK_FALSE(std::filesystem::exists(base + "b.log"));
  for (const char* stream : {"c", "d", "e"}) CHECK(std::filesystem::exists(base + stream + ".log"));
}

TEST_CASE("those of earlier daemons count too") {
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-log").value();
  const std::string base = folder.path() + "/aws/lambda/f/2026/";
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const int day : {1, 2, 3, 4}) {
    LogFiles files(folder.path(), "/aws/lambda/f", {.file = 1, .streams = 9});
    const std::string stream = "2026/" + std::to_string(day) + "/s";
    for (int i = 0; i < 2; ++i) files.append(stream, "x");
    files.end(stream);
    for (const char* file : {"/s.log", "/s.log.1"})
      std::filesystem::last_write_time(base + std::to_string(day) + file, now - std::chrono::hours(99 - day));
  }
  LogFiles files(folder.path(), "/aws/lambda/f", {.file = 1000, .streams = 3});
  CHECK_FALSE(std::filesystem::exists(base + "1"));
  for (const char* kept : {"2/s.log", "2/s.log.1", "3/s.log", "4/s.log"})
    CHECK(std::filesystem::exists(base + kept));
  files.append("2026/5/s", "x");
  files.end("2026/5/s");
  CHECK_FALSE(std::filesystem::exists(base + "2"));
}

}  // namespace lemu::emulator
