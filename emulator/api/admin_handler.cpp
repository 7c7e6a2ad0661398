// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/admin_handler.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/url.hpp"
#include "emulator/api/figures.hpp"
#include "emulator/api/log_follower.hpp"

namespace lemu::emulator {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";

void send_json(const http::Reply& reply, const ordered_json& value) {
  reply.send(
      {.content_type = kJson, .body = value.dump(-1, ' ', false, ordered_json::error_handler_t::replace)});
}

ordered_json described(const ServedFunction& function) {
  const FunctionFigures figures = figures_of(function);
  return {{"name", figures.function},
          {"arn", function.config().arn},
          {"memoryMB", function.config().memory_mb},
          {"starting", figures.starting},
          {"busy", figures.busy},
          {"idle", figures.idle},
          {"queued", figures.queued},
          {"invocations", figures.metrics->invocations},
          {"errors", figures.metrics->errors},
          {"throttles", figures.throttles},
          {"coldStarts", figures.cold_starts}};
}

std::string_view word_of(AsyncQueue::State state) {
  switch (state) {
    case AsyncQueue::State::delayed: return "waiting";
    case AsyncQueue::State::ready: return "ready";
    case AsyncQueue::State::running: return "running";
    case AsyncQueue::State::unserved: return "unserved";
    case AsyncQueue::State::given_up: return "given-up";
  }
  return {};
}

ordered_json described(const AsyncQueue::List& list) {
  ordered_json events = ordered_json::array();
  for (const AsyncQueue::Listed& event : list.events) {
    events.push_back({{"requestId", event.schedule.request_id},
                      {"function", event.schedule.function},
                      {"state", word_of(event.state)},
                      {"attempts", event.schedule.attempts},
                      {"acceptedMs", event.schedule.accepted_ms},
                      {"dueMs", event.schedule.due_ms}});
    const bool waits =
        event.state == AsyncQueue::State::delayed || event.state == AsyncQueue::State::given_up;
    if (waits) events.back()["dueInMs"] = event.due_in.count();
  }
  for (const DeadLetters::Entry& letter : list.letters)
    events.push_back(
        {{"requestId", letter.request_id}, {"function", letter.function}, {"state", "dead-letter"}});
  return {{"events", events}};
}

}  // namespace

void AdminHandler::environments(const RouteCall& call) {
  ordered_json state{{"pid", ::getpid()}, {"functions", ordered_json::array()}};
  for (const auto& [name, function] : functions_.all()) state["functions"].push_back(described(*function));
  send_json(call.http, state);
}

void AdminHandler::logs(const RouteCall& call) {
  const http::Reply& reply = call.http;
  ServedFunction* function = functions_.find(percent_decode(call.name).value_or(""));
  if (function == nullptr) {
    reply.send({.status = 404,
                .content_type = kJson,
                .body = R"({"message":"no function of that name is served"})"});
    return;
  }
  if (!query_value(call.request.query(), "follow").empty()) return LogFollower::begin(function->log(), reply);
  reply.send({.content_type = kText, .body = function->log()->since(0).text});
}

void AdminHandler::stopped(const http::Reply& reply) {
  reply.send({.content_type = kJson, .body = R"({"status":"stopped"})"});
}

void AdminHandler::list_events(const RouteCall& call) {
  events_.list([reply = call.http](const AsyncQueue::List& list) { send_json(reply, described(list)); });
}

void AdminHandler::show_letter(const RouteCall& call) {
  events_.show(std::string(call.name),
               [api = call.reply, reply = call.http](const Result<std::string>& record) {
                 if (record)
                   reply.send({.content_type = kJson, .body = *record});
                 else
                   api.refuse({ApiFault::resource_not_found, record.error().message});
               });
}

void AdminHandler::redrive(const RouteCall& call) {
  events_.redrive(std::string(call.name), [api = call.reply](const Status& done) {
    if (done)
      api.send({.status = 202});
    else
      api.refuse(
          {done.error().kind == ErrorKind::bad_input ? ApiFault::resource_not_found : ApiFault::unavailable,
           done.error().message});
  });
}

}  // namespace lemu::emulator
