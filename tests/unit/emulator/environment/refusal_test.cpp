// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/refusal.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace lemu;
using namespace lemu::emulator;
using sandbox::Stage;

TEST_CASE("each refusal of the kernel has its own name and remedy") {
  sandbox::SandboxSpec spec;
  spec.mounts.push_back({.kind = sandbox::MountKind::tmpfs, .target = "/tmp"});
  spec.mounts.push_back({.kind = sandbox::MountKind::bind, .source = "/home/u/code", .target = "/var/task"});
  struct Row {
    Stage stage;
    int os_error;
    std::string slug;
    ErrorKind kind;
  };
  const Row rows[] = {
      {Stage::user_namespace, EPERM, "sandbox-refused", ErrorKind::host_lacks},
      {Stage::user_namespace, ENOSPC, "sandbox-without-namespace", ErrorKind::host_lacks},
      {Stage::function_user, ENOSPC, "sandbox-without-namespace", ErrorKind::host_lacks},
      {Stage::function_user, EUSERS, "sandbox-without-namespace", ErrorKind::host_lacks},
      {Stage::fork, EAGAIN, "sandbox-without-process", ErrorKind::host_lacks},
      {Stage::mount, ENOSPC, "sandbox-without-room", ErrorKind::host_lacks},
      {Stage::root, ENOMEM, "sandbox-without-memory", ErrorKind::host_lacks},
      {Stage::root, EMFILE, "sandbox-without-descriptor", ErrorKind::host_lacks},
      {Stage::mount, ENFILE, "sandbox-without-descriptor", ErrorKind::host_lacks},
      {Stage::mount, EFBIG, "sandbox-file-too-large", ErrorKind::host_lacks},
      {Stage::mount, ENOENT, "sandbox-without-file", ErrorKind::host_lacks},
      {Stage::mount, ENOTDIR, "sandbox-without-file", ErrorKind::host_lacks},
      {Stage::mount, ELOOP, "sandbox-without-file", ErrorKind::host_lacks},
      {Stage::mount, ESTALE, "package-replaced", ErrorKind::bad_input},
      {Stage::mount, EACCES, "sandbox-refused", ErrorKind::host_lacks},
  };
  for (const Row& row : rows) {
    CAPTURE(row.slug);
    CAPTURE(row.os_error);
    sandbox::Report report;
    report.stage = row.stage;
    report.os_error = row.os_error;
    report.detail = row.stage == Stage::mount ? 1 : 0;
    const Error error = refusal(report, spec);
    CHECK(error.slug == row.slug);
    CHECK(error.kind == row.kind);
    CHECK(error.remedy != "");
    CHECK(error.remedy.find("--sandbox off") == std::string::npos);
    if (row.stage == Stage::mount) CHECK(error.message.find("/home/u/code") != std::string::npos);
  }
}

TEST_CASE("a report about a mount that no specification has is told all the same") {
  sandbox::Report report;
  report.stage = Stage::mount;
  report.os_error = ESTALE;
  report.detail = 7;
  CHECK(refusal(report, {}).slug == "sandbox-refused");
}
