// SPDX-License-Identifier: Apache-2.0
#include "qemu/patient_reader.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu;
using namespace lemu::qemu;
using namespace lemu::qemu::test;
using Clock = PatientReader::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A named pipe: to read it waits for a writer, and then for what that writes.
std::string pipe_in(const TemporaryFolder& folder) {
  const std::string path = folder.path + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  return path;
}

}  // namespace

TEST_CASE("a file is read whole, and again") {
  TemporaryFolder folder;
  folder.add("small", "text", 0644);
  folder.add("large", std::string(200'000, 'x'), 0644);
  folder.add("empty", "", 0644);
  PatientReader reader;
  for (int i = 0; i < 2; ++i) {
    CHECK(reader.read(folder.path + "/small", Clock::now() + seconds(60)) == "text");
    CHECK(reader.read(folder.path + "/large", Clock::now() + seconds(60))->size() == 200'000);
    CHECK(reader.read(folder.path + "/empty", Clock::now() + seconds(60))->empty());
    const auto missing = reader.read(folder.path + "/missing", Clock::now() + seconds(60));
    CHECK((!missing && missing.error() == Unread::refused));
  }
}

TEST_CASE("who waits for too long is told so, and a later read is not mistaken for it") {
  TemporaryFolder folder;
  folder.add("small", "text", 0644);
  const std::string pipe = pipe_in(folder);
  PatientReader reader;
  for (const std::string& file : {pipe, pipe, folder.path + "/small"}) {
    const auto waited = reader.read(file, Clock::now() + milliseconds(1));
    CHECK((!waited && waited.error() == Unread::busy));
  }
  // pread(2) refuses a pipe, once it could be opened: that is the first read's end, and nobody's answer.
  const Fd writer(::open(pipe.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(writer.valid());
  CHECK(reader.read(folder.path + "/small", Clock::now() + seconds(60)) == "text");
}

TEST_CASE("a reader that waits can be destroyed") {
  TemporaryFolder folder;
  const std::string pipe = pipe_in(folder);
  {
    PatientReader reader;
    CHECK_FALSE(reader.read(pipe, Clock::now() + milliseconds(1)));
  }
  const Fd writer(::open(pipe.c_str(), O_WRONLY | O_CLOEXEC));  // lets its thread end
  CHECK(writer.valid());
}
