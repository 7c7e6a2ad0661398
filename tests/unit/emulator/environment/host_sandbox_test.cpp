// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/host_sandbox.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace lemu;
using namespace lemu::emulator;
using qemu::Outcome;
using qemu::SandboxChoice;
using qemu::Trial;
using sandbox::Stage;

namespace {

Trial refused(Stage stage, int os_error) {
  Trial trial;
  trial.sandbox = SandboxChoice::on;
  trial.outcome = Outcome::refused;
  trial.stage = stage;
  trial.os_error = os_error;
  return trial;
}

}  // namespace

TEST_CASE("only what the host withholds for good is a reason to go without a sandbox") {
  struct Row {
    Stage stage;
    int os_error;
    bool impossible;
  };
  const Row rows[] = {
      {Stage::user_namespace, EPERM, true},
      {Stage::user_namespace, ENOSYS, true},
      {Stage::user_namespace, EINVAL, true},
      {Stage::user_namespace, ENOSPC, false},
      {Stage::user_namespace, EUSERS, false},
      {Stage::user_namespace, EAGAIN, false},
      {Stage::user_namespace, ENOMEM, false},
      {Stage::user_namespace, EMFILE, false},
      {Stage::id_maps, EPERM, true},
      {Stage::id_maps, EINVAL, false},
      {Stage::private_mounts, EACCES, true},
      {Stage::private_mounts, EINVAL, false},
      {Stage::root, EPERM, true},
      {Stage::root, ENOENT, false},
      {Stage::root, ENOSPC, false},
      {Stage::root, EFBIG, false},
      {Stage::mount, EACCES, true},
      {Stage::mount, ENOENT, false},
      {Stage::mount, ESTALE, false},
      {Stage::mount, ENOTDIR, false},
      {Stage::mount, EMFILE, false},
      {Stage::pivot_root, EPERM, true},
      {Stage::pivot_root, EINVAL, false},
      {Stage::hostname, EPERM, true},
      {Stage::seal, EPERM, true},
      {Stage::fork, EPERM, false},
      {Stage::fork, EAGAIN, false},
      {Stage::log, EACCES, false},
      {Stage::function_user, EPERM, true},
      {Stage::function_user, ENOSYS, true},
      {Stage::function_user, ENOSPC, false},
      {Stage::function_user, EROFS, false},
      {Stage::limits, EPERM, false},
      {Stage::capabilities, EPERM, true},
      {Stage::working_folder, EACCES, false},
      {Stage::load, EACCES, false},
      {Stage::exec, EACCES, false},
      {Stage::exec, EPERM, false},
      {Stage::specification, EPERM, false},
  };
  for (const Row& row : rows) {
    CAPTURE(sandbox::name_of(row.stage));
    CAPTURE(row.os_error);
    HostSandbox host;
    host.judge(refused(row.stage, row.os_error));
    CHECK(host.impossible() == row.impossible);
    CHECK(host.decided() == row.impossible);
  }
}

TEST_CASE("a trial that tells nothing decides nothing") {
  HostSandbox host;
  Trial silent;  // no answer in time, or a program that ended otherwise
  silent.sandbox = SandboxChoice::on;
  silent.os_error = EPERM;
  host.judge(silent);
  host.judge(fail(Error{ErrorKind::host_lacks, "no room for a trial"}));
  CHECK_FALSE(host.decided());
  Trial bare = refused(Stage::user_namespace, EPERM);
  bare.sandbox = SandboxChoice::off;
  host.judge(bare);
  CHECK_FALSE(host.decided());
}

TEST_CASE("once decided it stays") {
  HostSandbox host;
  host.worked();
  host.judge(refused(Stage::user_namespace, EPERM));
  CHECK(host.decided());
  CHECK_FALSE(host.impossible());

  HostSandbox tried;
  Trial works;
  works.sandbox = SandboxChoice::on;
  works.outcome = Outcome::works;
  tried.judge(works);
  tried.judge(refused(Stage::mount, EPERM));
  CHECK_FALSE(tried.impossible());
}

TEST_CASE(
    "after a refusal lemu goes without a sandbox only where none was insisted on and the host has none") {
  using Then = AfterRefusal;
  enum class Host { unknown, possible, impossible };
  struct Row {
    const char* slug;
    SandboxChoice asked;
    uid_t user;
    Host host;
    Then then;
  };
  constexpr uid_t kUser = 1000;
  constexpr uid_t kRoot = 0;
  const Row rows[] = {
      {"sandbox-refused", SandboxChoice::automatic, kUser, Host::unknown, Then::try_host},
      {"sandbox-refused", SandboxChoice::automatic, kUser, Host::possible, Then::tell},
      {"sandbox-refused", SandboxChoice::automatic, kUser, Host::impossible, Then::go_without},
      {"sandbox-refused", SandboxChoice::automatic, kRoot, Host::unknown, Then::tell_root},
      {"sandbox-refused", SandboxChoice::automatic, kRoot, Host::impossible, Then::tell_root},
      {"sandbox-refused", SandboxChoice::on, kUser, Host::unknown, Then::tell},
      {"sandbox-refused", SandboxChoice::on, kUser, Host::impossible, Then::tell},
      {"sandbox-refused", SandboxChoice::on, kRoot, Host::impossible, Then::tell},
      {"sandbox-refused", SandboxChoice::off, kUser, Host::impossible, Then::tell},
      {"sandbox-without-memory", SandboxChoice::automatic, kUser, Host::impossible, Then::tell},
      {"package-replaced", SandboxChoice::automatic, kUser, Host::unknown, Then::tell},
      {"helper-ended", SandboxChoice::automatic, kRoot, Host::unknown, Then::tell},
  };
  for (const Row& row : rows) {
    CAPTURE(&row - rows);
    HostSandbox host;
    if (row.host == Host::possible) host.worked();
    if (row.host == Host::impossible) host.judge(refused(Stage::user_namespace, EPERM));
    Error error{ErrorKind::host_lacks, "refused"};
    error.slug = row.slug;
    CHECK(after_refusal(error, row.asked, row.user, host) == row.then);
  }
}
