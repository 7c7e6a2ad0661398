// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/invoke_handler.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "emulator/api/errors.hpp"
#include "emulator/api/streaming_call.hpp"
#include "emulator/report/report_json.hpp"

namespace lemu::emulator {
namespace {

constexpr std::string_view kUnhandled = "Unhandled";  // the only value AWS was seen to send

/// "Root=1-…;Parent=…;Sampled=0" → "root=1-…;sampled=0", as Lambda answers.
std::string answered_trace(std::string_view trace) {
  const auto value_of = [trace](std::string_view key) {
    const std::size_t at = trace.find(key);
    if (at == std::string_view::npos) return std::string_view();
    const std::string_view rest = trace.substr(at + key.size());
    return rest.substr(0, rest.find(';'));
  };
  const std::string_view sampled = value_of("Sampled=");
  return std::string("root=")
      .append(value_of("Root="))
      .append(";sampled=")
      .append(sampled.empty() ? "0" : sampled);
}

/// A caller that waits for the answer, and for the log's end where it asked for that.
class SynchronousCall final : public InvocationClient {
 public:
  SynchronousCall(ApiReply reply, std::string executed_version, LogType log, std::string trace)
      : reply_(std::move(reply)),
        executed_version_(std::move(executed_version)),
        log_(log),
        trace_(std::move(trace)) {}

  void answered(Answer answer) override {
    kept_ = std::make_shared<const Answer>(std::move(answer));
    if (log_ == LogType::none) send({});
  }
  void completed(const InvocationRecord&, std::string log_tail) override {
    if (log_ == LogType::tail) send(base64_encode(log_tail));
  }
  void failed(const Error& error) override { reply_.fail(error); }
  [[nodiscard]] bool answers_to(const http::Reply& reply) const override { return reply_.is(reply); }

 private:
  /// What the caller has not taken yet is kept with its room.
  void send(std::string_view log) {
    const std::shared_ptr<const void> owner = std::exchange(kept_, nullptr);
    const Answer& answer = *static_cast<const Answer*>(owner.get());
    reply_.send(
        {.status = 200,
         .body = answer.payload,
         .owner = &owner,
         .executed_version = executed_version_,
         .function_error = answer.kind == Answer::Kind::function_error ? kUnhandled : std::string_view(),
         .log_result = log,
         .trace = answered_trace(trace_)});
  }

  ApiReply reply_;
  std::string executed_version_;
  LogType log_;
  std::string trace_;
  std::shared_ptr<const Answer> kept_;
};

ApiError throttled(EnvironmentPool::Admission why) {
  return {ApiFault::too_many_requests, "Rate Exceeded.",
          why == EnvironmentPool::Admission::function_limit
              ? "ReservedFunctionConcurrentInvocationLimitExceeded"
              : "ConcurrentInvocationLimitExceeded"};
}

/// Whether the reference names an account other than the function's. If the function is not served: an
/// account that no served function has.
bool is_of_another_account(const FunctionReference& reference, const ServedFunction* function,
                           const FunctionRegistry::Functions& all) {
  if (reference.account.empty()) return false;
  if (function != nullptr) return function->config().account_id != reference.account;
  return std::none_of(all.begin(), all.end(),
                      [&reference](const FunctionRegistry::Functions::value_type& one) {
                        return one.second->config().account_id == reference.account;
                      });
}

}  // namespace

void InvokeHandler::stream(PoolTask& task, const ServedFunction& function, const InvokeRequest& asked,
                           const ApiReply& reply, InvokeOperation operation) {
  StreamingCall::Report report;
  task.invocation.delivery = rapi::ResponseDelivery::pieces;
  if (operation == InvokeOperation::reported) {
    task.invocation.delivery = rapi::ResponseDelivery::as_streamed;
    report = [&function](const InvocationRecord& record) {  // it outlives its pool's calls
      return report_json(record, function.launcher().mode());
    };
  }
  auto call = std::make_shared<StreamingCall>(reply, function.config().version, asked.log,
                                              answered_trace(asked.trace), std::move(report));
  task.invocation.sink = call.get();
  task.client = std::move(call);
}

tl::expected<ServedFunction*, ApiError> InvokeHandler::find(const FunctionReference& reference) const {
  ServedFunction* function = functions_.find(reference.name);
  if (is_of_another_account(reference, function, functions_.all()))
    return tl::unexpected(ApiError{ApiFault::access_denied, "The function " + reference.name +
                                                                " of the account " + reference.account +
                                                                " is not this account's to invoke"});
  if (function != nullptr && !reference.region.empty() && reference.region != function->config().region)
    return tl::unexpected(ApiError{ApiFault::resource_not_found, "Functions from '" + reference.region +
                                                                     "' are not reachable in this region ('" +
                                                                     function->config().region + "')"});
  if (function != nullptr && function->answers_to(reference.qualifier)) return function;
  const FunctionRegistry::Functions& all = functions_.all();
  std::string arn = function != nullptr ? function->config().arn
                    : all.empty()       ? "function:" + reference.name
                                        : all.begin()->second->config().arn;
  arn = arn.substr(0, arn.rfind(':') + 1) + reference.name + ":" +
        (reference.qualifier.empty() ? std::string(kLatestVersion) : reference.qualifier);
  return tl::unexpected(ApiError{ApiFault::resource_not_found, "Function not found: " + arn});
}

void InvokeHandler::invoke(http::Request& request, const ApiReply& reply, std::string_view name,
                           InvokeOperation operation) {
  tl::expected<InvokeRequest, ApiError> asked = read_invoke_request(request, name, operation);
  if (!asked) return reply.refuse(asked.error());
  const tl::expected<ServedFunction*, ApiError> function = find(asked->function);
  if (!function) return reply.refuse(function.error());
  tl::expected<Payload, ApiError> payload =
      take_payload(request, asked->type, payload_limit(asked->type, payload_limit_));
  if (!payload) return reply.refuse(payload.error());
  asked->trace = complete_trace_id(asked->trace, ids_, std::chrono::system_clock::now());
  if (asked->type == InvocationType::dry_run)
    return reply.send({.status = 204, .trace = answered_trace(asked->trace)});

  std::string arn = (*function)->config().arn;
  if (!asked->function.qualifier.empty()) arn += ":" + asked->function.qualifier;
  if (asked->type == InvocationType::event)
    accept(std::move(*asked), std::move(*payload), std::move(arn), reply);
  else
    run(**function, std::move(*asked), std::move(*payload), std::move(arn), reply, operation);
}

void InvokeHandler::caller_gone(const http::Reply& reply) const {
  for (const auto& [name, function] : functions_.all())
    if (const std::shared_ptr<InvocationClient> client = function->pool().withdraw(reply))
      return client->failed(error<"caller-gone">());
}

void InvokeHandler::run(ServedFunction& function, InvokeRequest asked, Payload payload, std::string arn,
                        const ApiReply& reply, InvokeOperation operation) {
  PoolTask task;
  rapi::Event& event = task.invocation.event;
  event.request_id = reply.request_id();
  event.trace_id = asked.trace;
  event.function_arn = std::move(arn);
  event.client_context = std::move(asked.client_context);
  event.tenant_id = std::move(asked.tenant);
  event.body = std::move(payload.text);
  event.room = std::move(payload.room);
  if (asked.log == LogType::tail) task.invocation.log = Invocation::Log::tail;
  if (operation == InvokeOperation::buffered)
    task.client = std::make_shared<SynchronousCall>(reply, function.config().version, asked.log,
                                                    std::move(asked.trace));
  else
    stream(task, function, asked, reply, operation);
  const EnvironmentPool::Admission admission = function.pool().submit(std::move(task));
  if (admission != EnvironmentPool::Admission::accepted) reply.refuse(throttled(admission));
}

void InvokeHandler::accept(InvokeRequest asked, Payload payload, std::string arn, const ApiReply& reply) {
  AcceptedEvent event;
  event.schedule.request_id = reply.request_id();
  event.schedule.function = std::move(asked.function.name);
  event.arn = std::move(arn);
  event.client_context = std::move(asked.client_context);
  event.trace = asked.trace;
  event.payload = std::move(payload.text);
  auto room = std::make_shared<http::BodyRoom>(std::move(payload.room));  // until the event is on disk
  events_.accept(std::move(event), [reply, room = std::move(room),
                                    trace = std::move(asked.trace)](const Status& durable) {
    if (durable)
      reply.send({.status = 202, .trace = answered_trace(trace)});
    else
      reply.refuse({ApiFault::unavailable, "the event was not accepted: " + durable.error().message});
  });
}

}  // namespace lemu::emulator
