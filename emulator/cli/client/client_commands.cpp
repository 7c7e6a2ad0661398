// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/client/client_commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_document.hpp"
#include "base/printable.hpp"
#include "base/url.hpp"
#include "emulator/cli/client/endpoint.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"

namespace lemu::emulator::cli {
namespace {

using json = nlohmann::ordered_json;
using Ending = TerminalOutput::Ending;

/// One command's talk with a daemon: errors end it, with their exit code.
class Client {
 public:
  /// The answer; nothing after an error, which has been told. `piece` as in Endpoint::control.
  std::optional<http::ClientAnswer> ask(const std::string& url, const std::string& method,
                                        const std::string& target, const http::AnswerPiece& piece = nullptr) {
    const Result<Endpoint> endpoint = Endpoint::parse(url);
    if (!endpoint) return end(endpoint.error());
    Result<http::ClientAnswer> answer = endpoint->control({method, target}, piece);
    if (!answer) return end(answer.error());
    if (answer->status >= 300) return end(refused_by(*endpoint, *answer).value());
    return std::move(*answer);
  }
  Status pass_on(std::string_view piece) {
    output_.answer(piece, Ending::as_it_is);
    return output_.answers();
  }
  void show(std::string_view text) {
    if (const Status written = pass_on(text); !written) end(written.error());
  }
  [[nodiscard]] int code() const { return code_; }

 private:
  std::nullopt_t end(const Error& error) {
    output_.error(error);
    code_ = static_cast<int>(exit_code_of(error.kind));
    return std::nullopt;
  }

  TerminalOutput output_{STDOUT_FILENO, STDERR_FILENO, Verbosity::normal};
  int code_ = static_cast<int>(ExitCode::success);
};

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], row[at].size());
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t at = 0; at < row.size(); ++at) {
      text += row[at];
      if (at + 1 < row.size()) text += std::string(widths[at] - row[at].size() + 2, ' ');
    }
    text += "\n";
  }
  return text;
}

std::string text_of(const json& value) {
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

/// "in 58 s", of what has a time to come.
void add_due_times(json& events) {
  constexpr std::int64_t kSecond = 1000;
  for (json& event : events) {
    if (!event.is_object() || !event.contains("dueInMs") || !event["dueInMs"].is_number_integer()) continue;
    const auto due = event["dueInMs"].get<std::int64_t>();
    event["due"] = "in " + std::to_string(due / kSecond + (due % kSecond > 0 ? 1 : 0)) + "s";
  }
}

/// A row for each object of the list, a column for each key.
std::string table(const json& list, const std::vector<std::pair<const char*, const char*>>& keys) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [title, key] : keys) rows[0].emplace_back(title);
  for (const json& object : list) {
    rows.emplace_back();
    for (const auto& [title, key] : keys)
      rows.back().push_back(object.is_object() && object.contains(key) ? text_of(object[key]) : "-");
  }
  return columns(rows);
}

}  // namespace

int run_ps(const PsOptions& options) {
  Client client;
  const std::optional<http::ClientAnswer> answer = client.ask(options.endpoint, "GET", "/_lemu/environments");
  if (!answer) return client.code();
  if (options.json) {
    client.show(printable_json(answer->body) + "\n");
    return client.code();
  }
  const json state = json_document(answer->body);
  if (state.is_object() && state.contains("functions"))
    client.show(table(state["functions"], {{"FUNCTION", "name"},
                                           {"STARTING", "starting"},
                                           {"BUSY", "busy"},
                                           {"IDLE", "idle"},
                                           {"QUEUED", "queued"},
                                           {"INVOCATIONS", "invocations"},
                                           {"ERRORS", "errors"},
                                           {"THROTTLES", "throttles"},
                                           {"COLD-STARTS", "coldStarts"}}));
  return client.code();
}

int run_logs(const LogsOptions& options) {
  Client client;
  const std::string target =
      "/_lemu/logs/" + percent_encode(options.function) + (options.follow ? "?follow=1" : "");
  client.ask(options.endpoint, "GET", target,
             [&client](std::string_view piece) { return client.pass_on(piece); });
  return client.code();
}

int run_stop(const StopOptions& options) {
  Client client;
  client.ask(options.endpoint, "POST", "/_lemu/stop");
  return client.code();
}

int run_async(const AsyncOptions& options) {
  Client client;
  switch (options.action) {
    case AsyncOptions::Action::list: {
      const std::optional<http::ClientAnswer> answer = client.ask(options.endpoint, "GET", "/_lemu/async");
      if (!answer) break;
      json events = json_document(answer->body);
      if (events.is_object() && events.contains("events")) {
        add_due_times(events["events"]);
        client.show(table(events["events"], {{"REQUEST-ID", "requestId"},
                                             {"FUNCTION", "function"},
                                             {"STATE", "state"},
                                             {"ATTEMPTS", "attempts"},
                                             {"DUE", "due"}}));
      }
      break;
    }
    case AsyncOptions::Action::show: {
      const std::optional<http::ClientAnswer> answer =
          client.ask(options.endpoint, "GET", "/_lemu/async/" + percent_encode(options.request_id));
      if (answer) client.show(printable_json(answer->body));
      break;
    }
    case AsyncOptions::Action::redrive:
      client.ask(options.endpoint, "POST", "/_lemu/async/" + percent_encode(options.request_id));
      break;
  }
  return client.code();
}

}  // namespace lemu::emulator::cli
