// SPDX-License-Identifier: Apache-2.0
// The launcher with a script in the helper's place, which reports what a test has it report.
#include "emulator/environment/function_launcher.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu;
using namespace lemu::emulator;
using lemu::qemu::test::kThisMachine;
using lemu::qemu::test::make_elf;
using lemu::qemu::test::TemporaryFolder;
using qemu::LaunchChoice;
using qemu::SandboxChoice;
using sandbox::Report;
using sandbox::ReportKind;
using sandbox::Stage;

namespace {

class SilentLog : public LogSink {
 public:
  void function_output(std::string_view) override {}
  void platform_line(std::string_view) override {}
  void detail(std::string_view) override {}
  void misuse(const std::string&, const std::string&) override {}
  void when_taken(std::function<void()> then) override { then(); }
};

/// The report's bytes, for printf(1).
std::string as_printf(const Report& report) {
  std::string text;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&report);
  for (std::size_t i = 0; i < sizeof report; ++i) {
    char octal[8];
    std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(bytes[i]));
    text += octal;
  }
  return text;
}

struct Bench {
  TemporaryFolder files;
  boost::asio::io_context context{1};
  EnvironmentHost host{EnvironmentHost::Environments::one};
  EnvironmentFolder folder = EnvironmentFolder::make(files.path + "/base").value();
  SilentLog log;
  FunctionSetup setup;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;

  Bench() {
    setup.function.config.target =
        files.add("function/bootstrap", make_elf({.machine = kThisMachine, .type = ET_EXEC}));
    setup.libexec = files.path;
  }

  /// The helper's reports; it then waits for lemu's end of the socket to be closed.
  void helper_reports(const std::vector<Report>& reports) const {
    std::string script = "#!/bin/sh\n";
    for (const Report& report : reports) script += "printf '" + as_printf(report) + "' >&3\n";
    files.add("lemu-sandbox", script + "exec cat <&3 >/dev/null\n");
  }
  void helper_ends_at_once() const { files.add("lemu-sandbox", "#!/bin/sh\n"); }

  FunctionLauncher launcher() {
    return {context, host, setup, [this](FunctionLauncher::Weight weight, const std::string& text) {
              (weight == FunctionLauncher::Weight::warning ? warnings : notes).push_back(text);
            }};
  }

  Result<std::unique_ptr<ExecutionEnvironment>> launch(FunctionLauncher& launcher) {
    std::optional<Result<std::unique_ptr<ExecutionEnvironment>>> launched;
    boost::asio::co_spawn(context, launcher.launch({folder, log, "stream"}),
                          [&](const std::exception_ptr& thrown, auto result) {
                            REQUIRE(!thrown);
                            launched.emplace(std::move(result));
                          });
    while (!launched && context.run_one() > 0) {
    }
    REQUIRE(launched);
    return std::move(*launched);
  }
};

Report report(ReportKind kind, Stage stage = Stage::specification, int os_error = 0,
              std::uint32_t detail = 0) {
  Report made;
  made.kind = kind;
  made.stage = stage;
  made.os_error = os_error;
  made.detail = detail;
  return made;
}

}  // namespace

TEST_CASE("what the user asked for and this host cannot do is refused before anything is launched") {
  struct Case {
    SandboxChoice sandbox;
    LaunchChoice launch;
    const char* slug;
  };
  const Case cases[] = {
      {SandboxChoice::automatic, LaunchChoice::direct, "launch-emulation-needless"},
      {SandboxChoice::on, LaunchChoice::private_binfmt, "launch-emulation-needless"},
      {SandboxChoice::off, LaunchChoice::host_binfmt, "launch-emulation-needless"},
      {SandboxChoice::automatic, LaunchChoice::native, ""},
      {SandboxChoice::off, LaunchChoice::automatic, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    Bench bench;
    bench.setup.launch.sandbox = c.sandbox;
    bench.setup.launch.launch = c.launch;
    FunctionLauncher launcher = bench.launcher();
    const Status prepared = launcher.prepare(bench.folder);
    CHECK((prepared ? "" : prepared.error().slug) == c.slug);
  }
}

TEST_CASE("the user is warned when a function has no sandbox") {
  Bench bench;
  bench.setup.launch.sandbox = SandboxChoice::off;
  FunctionLauncher off = bench.launcher();
  REQUIRE(off.prepare(bench.folder));
  REQUIRE(bench.warnings.size() == 1);
  CHECK(bench.warnings[0].starts_with("no sandbox: asked for with --sandbox off"));

  bench.setup.launch.sandbox = SandboxChoice::automatic;
  FunctionLauncher automatic = bench.launcher();
  REQUIRE(automatic.prepare(bench.folder));
  CHECK(bench.warnings.size() == 1);
}

TEST_CASE("each environment is launched by the plan") {
  for (const SandboxChoice sandbox : {SandboxChoice::automatic, SandboxChoice::on, SandboxChoice::off}) {
    CAPTURE(static_cast<int>(sandbox));
    Bench bench;
    bench.setup.launch.sandbox = sandbox;
    bench.helper_reports({report(ReportKind::ready)});
    FunctionLauncher launcher = bench.launcher();
    REQUIRE(launcher.prepare(bench.folder));
    for (int environment = 0; environment < 2; ++environment) {
      const Result<std::unique_ptr<ExecutionEnvironment>> launched = bench.launch(launcher);
      REQUIRE(launched);
      CHECK((*launched)->helper_pid() > 0);
      CHECK_FALSE((*launched)->initialised());
      CHECK_FALSE((*launched)->lost());
    }
    CHECK(launcher.plan().spec.isolation ==
          (sandbox == SandboxChoice::off ? sandbox::Isolation::plain : sandbox::Isolation::namespaces));
    CHECK(launcher.plan().execution == qemu::ExecutionMode::native);
    CHECK(launcher.qemu_command().empty());
  }
}

TEST_CASE("what the helper refuses is an error with a name") {
  struct Case {
    SandboxChoice sandbox;
    std::vector<Report> reports;
    const char* slug;
  };
  const Case cases[] = {
      {SandboxChoice::on, {report(ReportKind::failed, Stage::user_namespace, EPERM)}, "sandbox-refused"},
      {SandboxChoice::on,
       {report(ReportKind::failed, Stage::user_namespace, ENOSPC)},
       "sandbox-without-namespace"},
      {SandboxChoice::automatic, {report(ReportKind::failed, Stage::root, ENOMEM)}, "sandbox-without-memory"},
      {SandboxChoice::on,
       {report(ReportKind::lost, Stage::filter, EPERM), report(ReportKind::ready)},
       "sandbox-partial"},
      {SandboxChoice::automatic,
       {report(ReportKind::lost, Stage::filter, EPERM), report(ReportKind::ready)},
       ""},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    Bench bench;
    bench.setup.launch.sandbox = c.sandbox;
    bench.helper_reports(c.reports);
    FunctionLauncher launcher = bench.launcher();
    REQUIRE(launcher.prepare(bench.folder));
    const Result<std::unique_ptr<ExecutionEnvironment>> launched = bench.launch(launcher);
    CHECK((launched ? "" : launched.error().slug) == c.slug);
    CHECK(bench.warnings.empty());
  }
}

TEST_CASE("a helper that ends without a word is an error") {
  Bench bench;
  bench.helper_ends_at_once();
  FunctionLauncher launcher = bench.launcher();
  REQUIRE(launcher.prepare(bench.folder));
  const Result<std::unique_ptr<ExecutionEnvironment>> launched = bench.launch(launcher);
  REQUIRE_FALSE(launched);
  CHECK(launched.error().slug == "helper-ended");
}
