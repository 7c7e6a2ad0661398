// SPDX-License-Identifier: Apache-2.0
// lemu: parses, runs, maps the exit code.
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cli/client/client_commands.hpp"
#include "emulator/cli/command_line.hpp"
#include "emulator/cli/doctor/doctor.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/invoke.hpp"
#include "emulator/cli/rie.hpp"
#include "emulator/cli/serve.hpp"
#include "emulator/cli/shell.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"

namespace {

using namespace lemu::emulator::cli;

struct Runner {
  int operator()(const ShowText& show) const {
    const int stream = show.code == ExitCode::success ? 1 : 2;
    TerminalOutput output(stream, 2, Verbosity::normal);
    output.answer(show.text, TerminalOutput::Ending::as_it_is);
    return static_cast<int>(output.answers() ? show.code : ExitCode::internal);
  }
  int operator()(const InvokeOptions& options) const { return run_invoke(options); }
  int operator()(const ShellOptions& options) const { return run_shell(options); }
  int operator()(const ServeOptions& options) const { return run_serve(options); }
  int operator()(const PsOptions& options) const { return run_ps(options); }
  int operator()(const LogsOptions& options) const { return run_logs(options); }
  int operator()(const StopOptions& options) const { return run_stop(options); }
  int operator()(const AsyncOptions& options) const { return run_async(options); }
  int operator()(const lemu::emulator::RieSettings& options) const { return run_rie(options); }
  int operator()(const DoctorOptions& options) const { return run_doctor(options); }
};

int refuse(const lemu::Error& error) {
  TerminalOutput(1, 2, Verbosity::normal).error(error);
  return static_cast<int>(exit_code_of(error.kind));
}

/// In an image lemu stands where aws-lambda-rie stood, and is called by that name.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const std::string_view self(argv[0]);
  if (self.substr(self.rfind('/') + 1) == "aws-lambda-rie") words.insert(words.begin(), "rie");
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  set_up_process();
  const std::vector<std::string> arguments = words_of(argc, argv);
  lemu::Result<Command> command = parse_command_line(arguments);
  if (!command) return refuse(command.error());
  try {
    const lemu::Status ready =
        std::holds_alternative<ShowText>(*command) ? lemu::Status{} : get_descriptors();
    if (!ready) return refuse(ready.error());
    return std::visit(Runner{}, *command);
  } catch (const std::exception& bug) {
    return refuse(error<"unforeseen">(lemu::at<"what">(bug.what())));
  }
}
