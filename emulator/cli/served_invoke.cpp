// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/served_invoke.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64.hpp"
#include "base/json_document.hpp"
#include "base/named_files.hpp"
#include "base/printable.hpp"
#include "base/url.hpp"
#include "emulator/api/event_stream.hpp"
#include "emulator/api/event_stream_reader.hpp"
#include "emulator/cli/client/endpoint.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"

namespace lemu::emulator::cli {
namespace {

using json = nlohmann::ordered_json;

/// The member as text; empty when there is none.
std::string text_at(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : "";
}

bool is_platform_line(std::string_view line, std::string_view request_id) {
  if (line.starts_with("INIT_REPORT Init Duration: ")) return true;
  for (const std::string_view word : {"START", "END", "REPORT"})
    if (line.starts_with(std::string(word) + " RequestId: " + std::string(request_id))) return true;
  return false;
}

std::string without_platform_lines(std::string_view log, std::string_view request_id) {
  std::string kept;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n') == log.npos ? log.npos : log.find('\n') + 1);
    if (!is_platform_line(line, request_id)) kept += line;
    log.remove_prefix(line.size());
  }
  return kept;
}

/// One answer: its response is written as it comes, the rest is kept for the end.
class ServedAnswer {
 public:
  explicit ServedAnswer(TerminalOutput& output) : output_(output) {}

  Status take(std::string_view bytes) {
    events_.feed(bytes);
    for (;;) {
      Result<std::optional<StreamedEvent>> event = events_.next();
      LEMU_TRY(event);
      if (!*event) return output_.answers();
      take(std::move(**event));
    }
  }

  [[nodiscard]] bool is_complete() const { return complete_.is_object(); }
  [[nodiscard]] bool failed() const { return !text_at(complete_, "ErrorCode").empty(); }
  /// Of a response that had begun when it failed; empty otherwise.
  [[nodiscard]] std::string broken_off() const {
    const std::string details = text_at(complete_, "ErrorDetails");
    if (details.empty()) return {};
    const std::string type = text_at(report(), "errorType");
    return (type.empty() ? text_at(complete_, "ErrorCode") : type) + " " + details;
  }
  [[nodiscard]] std::string log() const {
    return base64_decode(text_at(complete_, "LogResult")).value_or("");
  }
  [[nodiscard]] const std::string& report_text() const { return report_; }
  [[nodiscard]] json report() const { return json_document(report_); }

 private:
  void take(StreamedEvent event) {
    if (event.type == kPayloadChunk) output_.part_of_answer(event.payload);
    if (event.type == kLemuReport) report_ = printable_json(event.payload);
    if (event.type == kInvokeComplete) complete_ = json_document(event.payload);
  }

  TerminalOutput& output_;
  EventStreamReader events_;
  std::string report_;
  json complete_;
};

class ServedInvokeCommand {
 public:
  explicit ServedInvokeCommand(const InvokeOptions& options) : options_(options) {}

  int run() {
    const Status invoked = invoke_all();
    if (invoked) return static_cast<int>(code_);
    output_.error(invoked.error());
    return static_cast<int>(exit_code_of(invoked.error().kind));
  }

 private:
  Status invoke_all() {
    Result<std::string> event = read_event(options_.event, STDIN_FILENO);
    LEMU_TRY(event);
    const Result<Endpoint> endpoint = Endpoint::parse(options_.endpoint);
    LEMU_TRY(endpoint);
    if (!options_.report_file.empty()) {
      Result<Fd> file = open_named_file(options_.report_file, 0644);
      if (!file) return fail<"report-file-not-opened">(at<"reason">(file.error().message));
      report_file_ = std::move(*file);
    }
    const http::ClientRequest request = request_for(std::move(*event));
    Status invoked;
    for (std::uint32_t i = 0; i < options_.repeat && invoked; ++i) invoked = invoke_once(*endpoint, request);
    const Status concluded = conclude();
    return invoked ? concluded : invoked;
  }

  [[nodiscard]] http::ClientRequest request_for(std::string event) const {
    http::ClientRequest request{
        "POST", "/_lemu/functions/" + percent_encode(options_.function.description.target) + "/invocations"};
    if (options_.client_context)
      request.fields.emplace_back("X-Amz-Client-Context", base64_encode(*options_.client_context));
    request.body = std::move(event);
    return request;
  }

  /// Success, or an error of lemu's; whether the function failed is put into the exit code.
  Status invoke_once(const Endpoint& endpoint, const http::ClientRequest& request) {
    ServedAnswer answer(output_);
    const Result<http::ClientAnswer> head =
        endpoint.request(request, [&answer](std::string_view piece) { return answer.take(piece); });
    LEMU_TRY(head);
    if (head->status >= 300) return refused_by(endpoint, *head);
    if (!answer.is_complete()) return fail<"endpoint-no-answer">(at<"url">(endpoint.url()));
    deliver(answer);
    tell_log(answer.log(), head->field("x-amzn-requestid"));
    if (options_.report == ReportFormat::json) json_reports_ += answer.report_text() + "\n";
    emulation_note_ = text_at(answer.report(), "note");
    return output_.answers();
  }

  void deliver(const ServedAnswer& answer) {
    using Ending = TerminalOutput::Ending;
    if (answer.failed()) code_ = ExitCode::function_failed;
    output_.answer("", options_.repeat > 1 ? Ending::newline : Ending::as_it_is);
    if (!answer.broken_off().empty()) output_.line("the response ended in an error: " + answer.broken_off());
  }

  void tell_log(const std::string& log, std::string_view request_id) {
    const bool all = options_.report == ReportFormat::text && options_.function.verbosity != Verbosity::quiet;
    output_.function_output(all ? log : without_platform_lines(log, request_id));
  }

  Status conclude() {
    if (!emulation_note_.empty() && options_.report != ReportFormat::none) output_.note(emulation_note_);
    if (!report_file_.valid()) {
      output_.report(json_reports_);
      return {};
    }
    OutputStream file(report_file_.get(), nullptr);
    file.write(json_reports_);
    if (file.failure() == 0) return {};
    return fail_errno<"report-not-written">(file.failure(), at<"path">(options_.report_file));
  }

  const InvokeOptions& options_;
  TerminalOutput output_{STDOUT_FILENO, STDERR_FILENO, options_.function.verbosity};
  Fd report_file_;
  std::string json_reports_;
  std::string emulation_note_;
  ExitCode code_ = ExitCode::success;
};

}  // namespace

int run_served_invoke(const InvokeOptions& options) { return ServedInvokeCommand(options).run(); }

}  // namespace lemu::emulator::cli
