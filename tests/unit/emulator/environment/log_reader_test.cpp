// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/log_reader.hpp"

#include <doctest/doctest.h>

using lemu::emulator::EmulatorWords;

namespace {

struct Output {
  std::string function;
  std::string emulator;
};

/// The whole in pieces of that size.
Output fed(const std::string& text, std::size_t piece) {
  EmulatorWords words;
  Output out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const EmulatorWords::Split split = words.feed(std::string_view(text).substr(at, piece));
    out.function += split.function;
    out.emulator += split.emulator;
  }
  out.function += words.flush();
  return out;
}

}  // namespace

TEST_CASE("QEMU's own words are told from the function's, however the output is cut") {
  const std::string crash = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n";
  const std::string thread = "qemu: qemu_thread_create: Resource temporarily unavailable\n";
  const std::string assertion =
      "ERROR:../../accel/tcg/cpu-exec.c:954:cpu_exec: assertion failed: (cpu == current_cpu)\n";
  const std::string of_a_guest = "**\nERROR:../src/main.c:3:main: assertion failed: (x)\n";
  struct Row {
    std::string text;
    std::string function;
    std::string emulator;
  };
  const Row rows[] = {
      {"", "", ""},
      {"plain\n", "plain\n", ""},
      {crash, "", crash},
      {"no newline" + crash + "more", "no newlinemore", crash},
      {thread + "a\n" + thread, "a\n", thread + thread},
      {"**\n" + assertion + "Bail out! " + assertion + "b\n", "b\n",
       "**\n" + assertion + "Bail out! " + assertion},
      {"****\n" + assertion, "**", "**\n" + assertion},
      {of_a_guest + "c", of_a_guest + "c", ""},
      {"Bail out!\n", "Bail out!\n", ""},
      {"qemu: my own words\n", "qemu: my own words\n", ""},
      {"qqqqemu: uncaught target signal", "qqqqemu: uncaught target signal", ""},
      {"qemu: uncaught target signal " + std::string(300, 'x') + "\n",
       "qemu: uncaught target signal " + std::string(300, 'x') + "\n", ""},
  };
  for (const Row& row : rows)
    for (const std::size_t piece : {1, 2, 3, 7, 30, 1000}) {
      CAPTURE(row.text);
      CAPTURE(piece);
      const Output out = fed(row.text, piece);
      CHECK(out.function == row.function);
      CHECK(out.emulator == row.emulator);
    }
}

TEST_CASE("no more is kept back than could become a line of QEMU's") {
  EmulatorWords words;
  CHECK(words.feed("hello q").function == "hello ");
  CHECK(words.feed("x").function == "qx");
  std::size_t out = 0;
  for (int i = 0; i < 1000; ++i) out += words.feed("qemu: uncaught target signal ").function.size();
  CHECK(out + words.flush().size() == 1000 * 29);
}
