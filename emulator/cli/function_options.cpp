// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/function_options.hpp"

#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

using qemu::LaunchChoice;
using qemu::SandboxChoice;

constexpr double kMostTimeoutScale = 1000;

Take take_env(std::vector<EnvironmentEntry>& into) {
  return [&into](const std::string& value) -> Status {
    Result<EnvironmentEntry> entry = parse_env_option(value);
    LEMU_TRY(entry);
    into.push_back(std::move(*entry));
    return {};
  };
}

Take take_path(std::vector<std::string>& into) {
  return [&into](const std::string& value) -> Status {
    if (value.empty()) return fail<"value-path-empty">();
    into.push_back(value);
    return {};
  };
}

Take set_verbosity(Verbosity& into, Verbosity wanted) {
  return [&into, wanted](const std::string&) -> Status {
    if (into != Verbosity::normal && into != wanted) return fail<"options-contradict">();
    into = wanted;
    return {};
  };
}

OptionGroup function_group(FunctionDescription& into) {
  return {
      "The function",
      {{"--arch", "ARCH", "arm64 (aarch64) or x86_64 (amd64); default: what the bootstrap is", "--arch arm64",
        take_arch(into.arch)},
       {"--handler", "NAME", "what the runtime finds in _HANDLER (default: bootstrap)",
        "--handler app.handler", take_any_text(into.handler)},
       {"--timeout", "TIME", "as configured on Lambda: 5, 1500ms, 2m (default: 3 s, at most 900 s)",
        "--timeout 10s", take_seconds(into.timeout)},
       {"--memory", "SIZE", "128MB to 10240MB; a bare number counts MB (default: 128)", "--memory 512MB",
        take_megabytes(into.memory_mb)},
       {"--ephemeral-storage", "SIZE", "of /tmp: 512MB to 10240MB; a bare number counts MB (default: 512)",
        "--ephemeral-storage 1024MB", take_megabytes(into.ephemeral_storage_mb)},
       {"--name", "NAME", "function name (default: after TARGET)", "--name my-function",
        take_any_text(into.name)},
       {"--region", "REGION", "default: AWS_REGION or AWS_DEFAULT_REGION, else us-east-1",
        "--region eu-west-1", take_any_text(into.region)}}};
}

OptionGroup environment_group(FunctionDescription& into) {
  return {
      "Its environment variables",
      {{"--env", "NAME[=VALUE]",
        "set one; repeatable. NAME alone takes the value from your environment: do so with secrets, as every "
        "user of this machine can read a VALUE in the list of processes",
        "--env STAGE=test", take_env(into.env)},
       {"--env-file", "FILE",
        "NAME=VALUE lines, or JSON as sam's --env-vars takes it; repeatable, later files win, --env wins "
        "over "
        "them",
        "--env-file test.env", take_path(into.env_files)},
       {"--aws-credentials", "SOURCE",
        "none (default): dummy keys; env: the keys of your environment; profile: those of AWS_PROFILE",
        "--aws-credentials profile",
        take_choice<CredentialsSource>(into.credentials, {{"none", CredentialsSource::none},
                                                          {"env", CredentialsSource::environment},
                                                          {"profile", CredentialsSource::profile}})}}};
}

OptionGroup execution_group(LaunchOptions& into) {
  return {"How it is run",
          {{"--sandbox", "CHOICE", "auto (default), on (refuse to run without), off (no protection)",
            "--sandbox off",
            take_choice<SandboxChoice>(into.sandbox, {{"auto", SandboxChoice::automatic},
                                                      {"on", SandboxChoice::on},
                                                      {"off", SandboxChoice::off}})},
           {"--launch", "CHOICE", "auto (default), native, binfmt, host-binfmt, direct", "--launch direct",
            take_choice<LaunchChoice>(into.launch, {{"auto", LaunchChoice::automatic},
                                                    {"native", LaunchChoice::native},
                                                    {"binfmt", LaunchChoice::private_binfmt},
                                                    {"host-binfmt", LaunchChoice::host_binfmt},
                                                    {"direct", LaunchChoice::direct}})},
           {"--cpu", "MODEL", "QEMU's CPU model (default: that of Lambda's hardware)", "--cpu neoverse-n1",
            take_text(into.cpu)},
           {"--qemu", "PATH", "the QEMU user-mode program to use (default: searched for)",
            "--qemu /usr/bin/qemu-aarch64-static", take_text(into.qemu)},
           {"--sysroot", "DIR",
            "a root folder of the function's architecture, for its loader, libraries and /etc",
            "--sysroot /srv/arm64-root", take_text(into.sysroot)},
           {"--timeout-scale", "X", "stretch the timeout and the init limit, for slow emulation",
            "--timeout-scale 3", take_factor(into.timeout_scale, kMostTimeoutScale)},
           {"--keep", "", "leave the environment's folder and print its path", "",
            take_flag(into.folder, LaunchOptions::Folder::kept)}}};
}

OptionGroup talk_group(FunctionOptions& into) {
  return {"What lemu says",
          {{"-v,--verbose", "", "every choice with its reason, and the exact command line", "",
            set_verbosity(into.verbosity, Verbosity::verbose)},
           {"-q,--quiet", "", "nothing but errors and the function's own output", "",
            set_verbosity(into.verbosity, Verbosity::quiet)}}};
}

}  // namespace

std::vector<OptionGroup> function_option_groups(FunctionOptions& into) {
  return {function_group(into.description), environment_group(into.description), execution_group(into.launch),
          talk_group(into)};
}

}  // namespace lemu::emulator::cli
