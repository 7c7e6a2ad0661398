// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/invoke_options.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;
using namespace lemu::emulator::cli;
using namespace std::chrono_literals;
using lemu::qemu::LaunchChoice;
using lemu::qemu::SandboxChoice;
using Words = std::vector<std::string>;

namespace {

InvokeOptions parsed(const Words& arguments) {
  lemu::Result<std::variant<InvokeOptions, HelpText>> options = parse_invoke(arguments);
  if (!options) FAIL(options.error().message);
  return std::get<InvokeOptions>(*options);
}

std::string refusal(const Words& arguments) {
  lemu::Result<std::variant<InvokeOptions, HelpText>> options = parse_invoke(arguments);
  if (options) return "accepted";
  return options.error().message + " | " + options.error().remedy;
}

}  // namespace

TEST_CASE("the defaults of invoke") {
  const InvokeOptions options = parsed({"./bootstrap"});
  CHECK(options.function.description.target == "./bootstrap");
  CHECK_FALSE(options.event.file.has_value());
  CHECK_FALSE(options.event.data.has_value());
  CHECK(options.repeat == 1);
  CHECK(options.report == ReportFormat::text);
  CHECK(options.report_file.empty());
  CHECK_FALSE(options.function.description.arch.has_value());
  CHECK_FALSE(options.function.description.memory_mb.has_value());
  CHECK(options.function.launch.sandbox == SandboxChoice::automatic);
  CHECK(options.function.launch.launch == LaunchChoice::automatic);
  CHECK(options.function.description.credentials == CredentialsSource::none);
  CHECK(options.function.verbosity == Verbosity::normal);
  CHECK(options.function.launch.folder == LaunchOptions::Folder::removed);
}

TEST_CASE("every option of invoke arrives") {
  const InvokeOptions options = parsed({"--arch",
                                        "aarch64",
                                        "--handler",
                                        "h.x",
                                        "--timeout",
                                        "1500ms",
                                        "--memory",
                                        "1GB",
                                        "--env",
                                        "A1=b=c",
                                        "--env",
                                        "B2",
                                        "--env-file",
                                        "f1",
                                        "--env-file",
                                        "f2",
                                        "--name",
                                        "n",
                                        "--region",
                                        "eu-west-1",
                                        "--client-context",
                                        "{\"custom\":{}}",
                                        "--repeat",
                                        "3",
                                        "--timeout-scale",
                                        "2.5",
                                        "--cpu",
                                        "max",
                                        "--qemu",
                                        "/q",
                                        "--sysroot",
                                        "/s",
                                        "--sandbox",
                                        "off",
                                        "--launch",
                                        "host-binfmt",
                                        "--aws-credentials",
                                        "profile",
                                        "--keep",
                                        "--report",
                                        "json",
                                        "--report-file",
                                        "r",
                                        "-v",
                                        "dir",
                                        "-"});
  CHECK(options.function.description.arch == lemu::Arch::arm64);
  CHECK(options.function.description.handler == "h.x");
  CHECK(options.function.description.timeout == 1500ms);
  CHECK(options.function.description.memory_mb == 1024);
  REQUIRE(options.function.description.env.size() == 2);
  CHECK(options.function.description.env[0].value == "b=c");
  CHECK_FALSE(options.function.description.env[1].value.has_value());
  CHECK(options.function.description.env_files == Words{"f1", "f2"});
  CHECK(options.function.description.name == "n");
  CHECK(options.function.description.region == "eu-west-1");
  CHECK(options.client_context == "{\"custom\":{}}");
  CHECK(options.repeat == 3);
  CHECK(options.function.launch.timeout_scale == 2.5);
  CHECK(options.function.launch.cpu == "max");
  CHECK(options.function.launch.qemu == "/q");
  CHECK(options.function.launch.sysroot == "/s");
  CHECK(options.function.launch.sandbox == SandboxChoice::off);
  CHECK(options.function.launch.launch == LaunchChoice::host_binfmt);
  CHECK(options.function.description.credentials == CredentialsSource::profile);
  CHECK(options.function.launch.folder == LaunchOptions::Folder::kept);
  CHECK(options.report == ReportFormat::json);
  CHECK(options.report_file == "r");
  CHECK(options.function.verbosity == Verbosity::verbose);
  CHECK(options.function.description.target == "dir");
  CHECK(options.event.file == "-");
}

TEST_CASE("units, choices and bare numbers") {
  CHECK(parsed({"x", "--memory", "512"}).function.description.memory_mb == 512);
  CHECK(parsed({"x", "--ephemeral-storage", "1GB"}).function.description.ephemeral_storage_mb == 1024);
  CHECK(parsed({"x", "--memory", "512MB"}).function.description.memory_mb == 512);
  CHECK(parsed({"x", "--memory", "1.5G"}).function.description.memory_mb == 1536);
  CHECK(parsed({"x", "--timeout", "5"}).function.description.timeout == 5s);
  CHECK(parsed({"x", "--timeout", "2m"}).function.description.timeout == 120s);
  CHECK(parsed({"x", "--timeout", "0.25"}).function.description.timeout == 250ms);
  CHECK(parsed({"x", "--memory", "128", "--memory", "256"}).function.description.memory_mb == 256);
  CHECK(parsed({"x", "--arch", "AMD64"}).function.description.arch == lemu::Arch::x86_64);
  CHECK(parsed({"x", "--data", "{}"}).event.data == "{}");
  CHECK(parsed({"x", "--data", "[1,[2]]"}).event.data == "[1,[2]]");
  CHECK(parsed({"x", "--handler="}).function.description.handler == "");
  struct Launch {
    const char* word;
    LaunchChoice choice;
  };
  for (const Launch& row :
       {Launch{"auto", LaunchChoice::automatic}, Launch{"native", LaunchChoice::native},
        Launch{"binfmt", LaunchChoice::private_binfmt}, Launch{"host-binfmt", LaunchChoice::host_binfmt},
        Launch{"direct", LaunchChoice::direct}})
    CHECK(parsed({"x", "--launch", row.word}).function.launch.launch == row.choice);
}

TEST_CASE("a wrong value is answered with option, value, reason and an example") {
  struct Row {
    Words arguments;
    const char* refusal;
  };
  const Row rows[] = {
      {{"x", "--memory", "lots"},
       "--memory: 'lots' is not a size: a number and a unit are expected | for example --memory 512MB"},
      {{"x", "--memory", "1.5k"},
       "--memory: '1.5k' is not a whole number of MB, which Lambda counts in | for example --memory "
       "512MB"},
      {{"x", "--timeout", "10us"},
       "--timeout: '10us' is not a whole number of milliseconds | for example --timeout 10s"},
      {{"x", "--timeout", "-3"},
       "--timeout: '-3' is not a duration: it must not be negative | for example --timeout 10s"},
      {{"x", "--arch", "amr64"},
       "--arch: 'amr64' is none of arm64, aarch64, x86_64, amd64; did you mean 'arm64' or 'amd64'? | for "
       "example "
       "--arch arm64"},
      {{"x", "--sandbox", "onn"},
       "--sandbox: 'onn' is none of auto, on, off; did you mean 'on'? | for example --sandbox off"},
      {{"x", "--repeat", "0"},
       "--repeat: '0' is not a whole number from 1 to 1000000 | for example --repeat 10"},
      {{"x", "--repeat", "2x"},
       "--repeat: '2x' is not a whole number from 1 to 1000000 | for example --repeat 10"},
      {{"x", "--timeout-scale", "nan"},
       "--timeout-scale: 'nan' is not a number above 0 and up to 1000 | for example --timeout-scale 3"},
      {{"x", "--env", "=v"}, "--env: =v has no name before its '=' | for example --env STAGE=test"},
      {{"x", "--cpu", ""}, "--cpu: the value is empty | for example --cpu neoverse-n1"},
      {{"x", "-v", "-q"}, "--quiet: --verbose and --quiet contradict each other | give one of them"},
      {{"x", "e.json", "--data", "{}"}, "EVENT 'e.json' and --data are both given | give one event"},
      {{"x", ""}, "EVENT is an empty word | leave it out to send {}"},
      {{"x", "--report-file", "f"}, "--report-file is for the JSON report | add --report json"},
      {{},
       "no TARGET given: a bootstrap, a folder that holds one, or a .zip | usage: lemu invoke [options] "
       "TARGET "
       "[EVENT]"},
      {{"x", "e", "z"},
       "unexpected argument 'z': TARGET is 'x', EVENT is 'e' | usage: lemu invoke [options] TARGET "
       "[EVENT]"},
      {{"x", "--rep", "3"},
       "ambiguous option '--rep': it could be '--repeat', '--report' or '--report-file' | 'lemu invoke "
       "--help' lists "
       "the options"},
  };
  for (const Row& row : rows) CHECK(refusal(row.arguments) == row.refusal);
  CHECK(refusal({"x", "--client-context", "[1]"}).starts_with("--client-context is not a JSON object"));
}

TEST_CASE("the help of invoke names every option and the exit codes, in 80 columns") {
  lemu::Result<std::variant<InvokeOptions, HelpText>> help = parse_invoke(Words{"--help"});
  REQUIRE(help);
  const std::string text = std::get<HelpText>(*help).text;
  for (const char* part : {"--arch ARCH",
                           "--handler NAME",
                           "--timeout TIME",
                           "--memory SIZE",
                           "--env NAME[=VALUE]",
                           "--env-file FILE",
                           "--name NAME",
                           "--region REGION",
                           "--client-context JSON",
                           "--repeat N",
                           "--timeout-scale X",
                           "--cpu MODEL",
                           "--qemu PATH",
                           "--sysroot DIR",
                           "--sandbox CHOICE",
                           "--launch CHOICE",
                           "--aws-credentials SOURCE",
                           "--keep",
                           "--report FORMAT",
                           "--report-file FILE",
                           "-v, --verbose",
                           "-q, --quiet",
                           "--data JSON",
                           "Exit codes:",
                           "Examples:",
                           "Usage: lemu invoke [options] TARGET [EVENT]"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    REQUIRE(end != std::string::npos);
    CAPTURE(text.substr(start, end - start));
    CHECK(end - start <= 80);
    start = end + 1;
  }
}

TEST_CASE("shell takes a command behind --") {
  lemu::Result<std::variant<ShellOptions, HelpText>> shell =
      parse_shell(Words{"--memory", "256", "dir", "--arch", "arm64", "--", "ls", "-l", "--arch"});
  REQUIRE(shell);
  const ShellOptions& options = std::get<ShellOptions>(*shell);
  CHECK(options.function.description.target == "dir");
  CHECK(options.command == Words{"ls", "-l", "--arch"});
  CHECK(options.function.description.arch == lemu::Arch::arm64);
  CHECK(options.function.description.memory_mb == 256);
  CHECK_FALSE(parse_shell(Words{}).has_value());
  CHECK_FALSE(parse_shell(Words{"dir", "--repeat", "2"}).has_value());
}
