// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/invoke.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>

#include "base/named_files.hpp"
#include "base/printable.hpp"
#include "base/rethrow.hpp"
#include "base/syscall.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/function_setup.hpp"
#include "emulator/cli/served_invoke.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/own_descendants.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"
#include "emulator/report/report_json.hpp"
#include "emulator/report/report_line.hpp"
#include "qemu/guarantees.hpp"
#include "qemu/sandbox/wrapper_paths.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

constexpr int kEndingSignals[] = {SIGINT, SIGTERM, SIGHUP};

class InvokeCommand : private ResponseSink {
 public:
  explicit InvokeCommand(const InvokeOptions& options)
      : options_(options),
        output_(STDOUT_FILENO, STDERR_FILENO, options.function.verbosity,
                options.report == ReportFormat::text ? TerminalOutput::PlatformLines::shown
                                                     : TerminalOutput::PlatformLines::left_out,
                &context_) {}

  int run() {
    Status prepared = prepare();
    if (!prepared) {
      exit_code_ = refuse(prepared.error());
      output_.flush();
      return exit_code_;
    }
    asio::signal_set signals(context_);
    for (const int number : kEndingSignals)
      if (!ignored_by_caller(number)) signals.add(number);
    signals.async_wait([this](const boost::system::error_code& code, int number) {
      if (code) return;
      exit_code_ = exit_code_of_signal(number);
      context_.stop();
    });
    asio::co_spawn(context_, go(), [this](const std::exception_ptr& bug) {
      rethrow(bug);
      context_.stop();
    });
    context_.run();
    end();
    return exit_code_;
  }

 private:
  Status prepare() {
    Result<std::string> event = read_event(options_.event, STDIN_FILENO);
    LEMU_TRY(event);
    event_ = std::move(*event);
    if (!options_.report_file.empty()) {
      Result<Fd> file = open_named_file(options_.report_file, 0644);
      if (!file) return fail<"report-file-not-opened">(at<"reason">(file.error().message));
      report_file_ = std::move(*file);
    }
    Result<SessionSettings> settings = session_settings(options_.function, ids_, output_);
    LEMU_TRY(settings);
    if (options_.report == ReportFormat::none) settings->memory_figure = Invocation::MemoryFigure::unwanted;
    // Within a handler: asio allows that, and it lets a signal come through.
    settings->setup.interrupted = [this] {
      context_.poll();
      return context_.stopped();
    };
    session_.emplace(context_, std::move(*settings), ids_, output_);
    return {};
  }

  asio::awaitable<void> go() {
    co_await invoke_all();
    co_await settle();
  }

  asio::awaitable<void> invoke_all() {
    Status opened = co_await session_->open();
    if (context_.stopped()) co_return;  // by a signal
    if (!opened) {
      exit_code_ = refuse(opened.error());
      co_return;
    }
    explain();
    Status initialised = co_await session_->init();
    if (!initialised) {
      exit_code_ = refuse(initialised.error());
      co_return;
    }
    for (std::uint32_t i = 0; i < options_.repeat && !stdout_lost_; ++i) {
      const InvocationRecord record =
          co_await session_->invoke(event_, options_.client_context.value_or(""), *this,
                                    [this](const Answer& answer) { deliver(answer); });
      report(record);
      co_await settle();
    }
    co_await conclude();
  }

  // ResponseSink: what a function streams is written as it comes; a slow reader of stdout holds it back.
  void begin(rapi::ResponseHead head) override { resume_ = std::move(head.resume); }
  http::Flow piece(std::string_view bytes) override {
    output_.part_of_answer(bytes);
    if (output_.answers_taken()) return http::Flow::more;
    output_.when_answers_taken(resume_);
    return http::Flow::pause;
  }

  void deliver(const Answer& answer) {
    using Ending = TerminalOutput::Ending;
    const bool failed = answer.kind == Answer::Kind::function_error;
    if (failed) exit_code_ = static_cast<int>(ExitCode::function_failed);
    output_.answer(answer.streamed ? "" : answer.payload,
                   options_.repeat > 1 ? Ending::newline : Ending::as_it_is);
    if (failed && answer.streamed)
      output_.line("the response ended in an error: " + answer.error_type + " " + answer.payload);
  }

  /// Goes on when all output is taken: the one place where lemu waits for its readers.
  asio::awaitable<void> settle() {
    if (!output_.all_taken()) co_await output_.taken();
    const Status answers = output_.answers();
    if (answers || stdout_lost_) co_return;
    stdout_lost_ = true;
    exit_code_ = static_cast<int>(ExitCode::internal);
    output_.error(answers.error());
    co_await output_.taken();
  }

  void report(const InvocationRecord& record) {
    if (options_.report == ReportFormat::text) output_.platform_line(report_line(record));
    if (options_.report == ReportFormat::json) json_reports_ += report_json(record, session_->mode()) + "\n";
    if (record.status == InvocationStatus::timeout && session_->mode().emulated)
      output_.note(
          "the function ran under emulation, which is slower than Lambda: --timeout-scale 5 would give it "
          "five times as long");
  }

  asio::awaitable<void> to_report_file(const std::string& text) {
    OutputStream file(report_file_.get(), &context_);
    file.write(text);
    co_await file.taken();
    if (file.failure() == 0) co_return;
    output_.error(error_errno<"report-not-written">(file.failure(), at<"path">(options_.report_file)));
    exit_code_ = static_cast<int>(ExitCode::internal);
  }

  void explain() {
    for (const qemu::Reason& reason : session_->launcher().reasons())
      output_.detail(reason.choice + " (" + reason.because + ")");
    for (const std::string& lost : session_->launcher().plan().lost) output_.detail("not given: " + lost);
    std::string why;
    if (qemu::is_lost(qemu::Guarantee::own_runtime_api, session_->launcher().plan().lost, &why))
      output_.note("other users of this machine can call the function's Runtime API (" + why + ")");
    const sandbox::SandboxSpec& spec = session_->launcher().plan().spec;
    const bool direct = session_->mode().execution == "direct" && spec.direct;
    std::string command;
    for (const std::string& word : (direct ? *spec.direct : spec.normal).arguments)
      command += " " + shell_word(word);
    output_.detail("command:" + command);
    if (session_->mode().execution == "private-binfmt") {
      command.clear();
      for (const std::string& word : session_->launcher().qemu_command()) command += " " + shell_word(word);
      for (const sandbox::QemuVariable& variable : sandbox::kQemuEnvironment)
        command += std::string(" -U ") + variable.name;
      output_.detail("the kernel runs it by:" + command + " -0 ARGV0 PATH");
    }
  }

  asio::awaitable<void> conclude() {
    const std::string sentence = emulation_note(session_->mode());
    if (!sentence.empty() && options_.report != ReportFormat::none) output_.note(sentence);
    if (options_.function.launch.folder == LaunchOptions::Folder::kept)
      output_.line("kept: " + session_->folder());
    if (json_reports_.empty()) co_return;
    if (report_file_.valid())
      co_await to_report_file(json_reports_);
    else
      output_.report(json_reports_);
  }

  /// An error before any invocation; for an entry point Lambda would refuse, its payload too.
  int refuse(const Error& error) {
    output_.error(error);
    if (error.kind == ErrorKind::invalid_entrypoint && !error.aws_message.empty()) {
      const PlatformError payload = invalid_entrypoint(make_request_id(ids_), error.aws_message);
      output_.line("on Lambda: " + payload.type + ": " + error.aws_message);
      output_.answer(payload.payload, TerminalOutput::Ending::as_it_is);
    }
    return static_cast<int>(exit_code_of(error.kind));
  }

  /// Everything the function started is gone when this returns. A signal that comes meanwhile has to wait.
  void end() {
    sigset_t ending, came;
    ::sigemptyset(&ending);
    for (const int number : kEndingSignals) ::sigaddset(&ending, number);
    ::sigprocmask(SIG_BLOCK, &ending, nullptr);
    session_.reset();
    descendants_.end();
    if (::sigpending(&came) != 0) return;
    for (const int number : kEndingSignals)
      if (::sigismember(&came, number) == 1) exit_code_ = exit_code_of_signal(number);
  }

  const InvokeOptions& options_;
  const OwnDescendants descendants_;
  asio::io_context context_{1};
  TerminalOutput output_;
  RandomIdentifiers ids_;
  std::optional<Session> session_;
  std::string event_;
  Fd report_file_;
  std::string json_reports_;
  int exit_code_ = static_cast<int>(ExitCode::success);
  bool stdout_lost_ = false;
  std::function<void()> resume_;  // of the stream in hand
};

}  // namespace

int run_invoke(const InvokeOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  if (!options.endpoint.empty()) return run_served_invoke(options);
  return InvokeCommand(options).run();
}

}  // namespace lemu::emulator::cli
