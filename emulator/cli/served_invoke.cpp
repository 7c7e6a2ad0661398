// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/served_invoke.hpp"

#include <unistd.h>

#include "base/base64.hpp"
#include "base/url.hpp"
#include "emulator/cli/endpoint.hpp"
#include "emulator/cli/exit_code.hpp"
#include "emulator/cli/terminal_output.hpp"

namespace lemu::emulator::cli {
namespace {

EndpointRequest request_for(const InvokeOptions& options, std::string event) {
  EndpointRequest request{"POST", "/2015-03-31/functions/" + percent_encode(options.target) + "/invocations"};
  if (options.report == ReportFormat::text) request.fields.emplace_back("X-Amz-Log-Type", "Tail");
  if (options.client_context)
    request.fields.emplace_back("X-Amz-Client-Context", base64_encode(*options.client_context));
  request.body = std::move(event);
  return request;
}

/// Success, or an error of lemu's; whether the function failed is put into `code`.
Status invoke_once(const InvokeOptions& options, const Endpoint& endpoint, const EndpointRequest& request,
                   TerminalOutput& output, ExitCode& code) {
  using Ending = TerminalOutput::Ending;
  Result<EndpointAnswer> answer = endpoint.request(request);
  if (!answer) return fail(std::move(answer.error()));
  if (answer->status >= 300) return refused_by(endpoint, *answer);
  if (!answer->field("x-amz-function-error").empty()) code = ExitCode::function_failed;
  output.function_output(base64_decode(answer->field("x-amz-log-result")).value_or(""));
  output.answer(answer->body, options.repeat > 1 ? Ending::newline : Ending::as_it_is);
  return output.answers();
}

Status invoke_all(const InvokeOptions& options, TerminalOutput& output, ExitCode& code) {
  Result<std::string> event = read_event(options.event, STDIN_FILENO);
  if (!event) return fail(std::move(event.error()));
  const Result<Endpoint> endpoint = Endpoint::parse(options.endpoint);
  if (!endpoint) return fail(Error(endpoint.error()));
  const EndpointRequest request = request_for(options, std::move(*event));
  for (std::uint32_t i = 0; i < options.repeat; ++i)
    if (Status invoked = invoke_once(options, *endpoint, request, output, code); !invoked) return invoked;
  return {};
}

}  // namespace

int run_served_invoke(const InvokeOptions& options) {
  TerminalOutput output(STDOUT_FILENO, STDERR_FILENO, options.function.verbosity);
  ExitCode code = ExitCode::success;
  const Status invoked = invoke_all(options, output, code);
  if (invoked) return static_cast<int>(code);
  output.error(invoked.error());
  return static_cast<int>(exit_code_of(invoked.error().kind));
}

}  // namespace lemu::emulator::cli
