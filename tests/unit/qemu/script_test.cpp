// SPDX-License-Identifier: Apache-2.0
#include "qemu/script.hpp"

#include <doctest/doctest.h>

using namespace lemu::qemu;
using lemu::Result;

TEST_CASE("#! lines are read as the kernel reads them") {
  struct Row {
    std::string head;
    const char* interpreter;
    const char* argument;
  };
  const Row rows[] = {
      {"#!/bin/sh\necho\n", "/bin/sh", ""},
      {"#!/bin/sh", "/bin/sh", ""},
      {"#! \t/bin/sh  \n", "/bin/sh", ""},
      {"#!/usr/bin/env bash\n", "/usr/bin/env", "bash"},
      {"#!/usr/bin/env -S python3 -u \t\n", "/usr/bin/env", "-S python3 -u"},
      {"#!./busybox\tsh\n", "./busybox", "sh"},
      {std::string("#!/bin/sh\0junk\n", 15), "/bin/sh", ""},
      {"#!/bin/sh " + std::string(300, 'x'), "/bin/sh", nullptr},
      {"#!/bin/sh\n" + std::string(300, 'x'), "/bin/sh", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.head);
    const Result<ScriptLine> script = parse_script(row.head, "bootstrap");
    REQUIRE(script);
    CHECK(script->interpreter == row.interpreter);
    if (row.argument != nullptr)
      CHECK(script->argument == row.argument);
    else
      CHECK(script->argument.size() == kExecHeadSize - 1 - std::string_view("#!/bin/sh ").size());
  }
}

TEST_CASE("#! lines the kernel refuses, and the Windows line ending") {
  struct Row {
    std::string head;
    const char* words;
    const char* aws;
  };
  const Row rows[] = {
      {"echo\n", "does not begin with #!", "exec format error"},
      {"#!\n", "names no interpreter", "exec format error"},
      {"#!  \t \n", "names no interpreter", "exec format error"},
      {"#!", "names no interpreter", "exec format error"},
      {"#!\r\n", "names no interpreter", "exec format error"},
      {"#!" + std::string(400, ' '), "names no interpreter", "exec format error"},
      {"#!/" + std::string(400, 'x') + "\n", "longer than the 256 bytes", "exec format error"},
      {"#!/bin/sh\r\necho\r\n", "CR LF", "no such file or directory"},
      {"#!/usr/bin/env bash\r\n", "CR LF", "no such file or directory"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.head);
    const Result<ScriptLine> script = parse_script(row.head, "f/bootstrap");
    REQUIRE_FALSE(script);
    CHECK(script.error().message.find(row.words) != std::string::npos);
    CHECK(script.error().aws_message == row.aws);
    CHECK(script.error().kind == lemu::ErrorKind::invalid_entrypoint);
    CHECK_FALSE(script.error().remedy.empty());
  }
}
