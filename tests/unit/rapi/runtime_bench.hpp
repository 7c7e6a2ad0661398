// SPDX-License-Identifier: Apache-2.0
// RuntimeBench: a RuntimeApi over a loopback socket with an observer that writes down what it is told, and
// the requests a runtime sends.
#pragma once

#include "rapi/runtime_api.hpp"

#include <functional>
#include <vector>

#include "base/http/listener.hpp"
#include "tests/unit/base/http/raw_client.hpp"

namespace lemu::rapi::test {

using http::test::Answer;
using http::test::RawClient;
using http::test::run_until;

inline constexpr std::string_view kNext =
    "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
inline constexpr std::string_view kOk = "{\"status\":\"OK\"}\n";
inline constexpr std::string_view kUnknownId =
    "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n";

inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST /2018-06-01/runtime/" + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}
inline std::string respond(std::string_view id, std::string_view body, std::string_view fields = "") {
  return post("invocation/" + std::string(id) + "/response", body, fields);
}
inline std::string chunked_head(std::string_view id, std::string_view fields = "") {
  return "POST /2018-06-01/runtime/invocation/" + std::string(id) +
         "/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + std::string(fields) + "\r\n";
}
inline std::string state_error(std::string_view from, std::string_view to) {
  return "{\"errorMessage\":\"State transition from " + std::string(from) + " to " + std::string(to) +
         " failed for runtime. Error: State transition is not "
         "allowed\",\"errorType\":\"InvalidStateTransition\"}\n";
}
inline Event event(std::string id, std::string body = "{}") {
  Event made;
  made.request_id = std::move(id);
  made.body = std::move(body);
  made.deadline_ms = 1'700'000'000'123;
  return made;
}

/// Writes down what it is told; `then` runs after each.
struct Recorder : RuntimeObserver {
  std::vector<std::string> calls;
  ResponseHead head;
  std::string streamed;
  http::Flow flow = http::Flow::more;
  FunctionResponse response;
  FunctionError error;
  ResponseFault fault{};
  std::vector<std::string> refused;
  std::function<void()> then;

  void note(std::string call) {
    calls.push_back(std::move(call));
    if (then) then();
  }
  void on_next() override { note("next"); }
  void on_response_begin(ResponseHead told) override {
    head = std::move(told);
    note("begin");
  }
  http::Flow on_response_piece(std::string_view bytes) override {
    streamed += bytes;
    note("piece");
    return flow;
  }
  void on_response(FunctionResponse told) override {
    response = std::move(told);
    note("response");
  }
  void on_error(FunctionError told) override {
    error = std::move(told);
    note("error");
  }
  void on_init_error(FunctionError told) override {
    error = std::move(told);
    note("init_error");
  }
  void on_response_rejected(ResponseFault told) override {
    fault = told;
    note("rejected");
  }
  void on_refused(const http::Refused& told) override {
    refused.push_back(std::to_string(told.status) + " " + std::string(told.method) +
                      (told.target.empty() ? "" : " ") + std::string(told.target) + ": " +
                      std::string(told.reason));
  }
};

using Calls = std::vector<std::string>;

struct Environment {
  boost::asio::io_context context{1};
  std::string address;
  Recorder recorder;
  std::optional<RuntimeApi> api;

  explicit Environment(Limits limits = {}) {
    Result<Fd> listener = http::listen_on_loopback();
    REQUIRE(listener);
    Result<std::string> where = http::address_of(*listener);
    REQUIRE(where);
    address = *where;
    api.emplace(context, std::move(*listener), recorder, limits);
    api->start();
  }
  RawClient client() { return RawClient(context, address); }
  /// A client that holds the event `id`.
  RawClient working(const std::string& id, ResponseDelivery delivery = ResponseDelivery::whole) {
    RawClient made = client();
    made.send(kNext);
    run_until(context, [&] { return api->phase() == RuntimePhase::ready; });
    REQUIRE(api->dispatch(event(id), delivery) == RuntimeApi::Handover::delivered);
    REQUIRE(made.answer().status == 200);
    return made;
  }
};

}  // namespace lemu::rapi::test
