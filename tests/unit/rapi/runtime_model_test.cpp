// SPDX-License-Identifier: Apache-2.0
// The Runtime API, served over real sockets, against a model of it: random sequences of legal and illegal
// calls with right, stale and foreign ids, pipelined or in two halves, of connections that end, and of what
// its owner does. After each step every status and body, what the owner was told, the phase and the open
// connections are compared.
//
// A failure prints its seed and the last steps. LEMU_SEED plays one seed only, LEMU_MODEL_STEPS that many
// steps of it.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "tests/unit/rapi/runtime_bench.hpp"
#include "tests/unit/rapi/runtime_model.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;
using lemu::http::test::UnixListener;

namespace {

constexpr std::size_t kConnections = RuntimeModel::kConnections;

std::string text_of(const Call& call) {
  const std::string body = "\"" + call.id + "\"";
  const std::string path = "invocation/" + call.id;
  const std::string large(RuntimeModel::kBodyLimit + 1, 'x');
  switch (call.ask) {
    case Ask::next: return std::string(kNext);
    case Ask::response: return post(path + "/response", body);
    case Ask::error: return post(path + "/error", body);
    case Ask::bad_mode:
      return post(path + "/response", body, "Lambda-Runtime-Function-Response-Mode: odd\r\n");
    case Ask::large_response: return post(path + "/response", large);
    case Ask::large_error: return post(path + "/error", large);
    case Ask::init_error: return post("init/error", "{}");
    case Ask::ping: return "GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n";
    case Ask::wrong_method: return post("invocation/next", "{}");
    case Ask::wrong_path: return post("invocation/a/b/response", "{}");
  }
  return {};
}

std::string first_line(const Call& call) {
  const std::string text = text_of(call);
  return text.substr(0, text.find("\r\n"));
}

/// The server under test and its owner.
class Subject {
 public:
  Policy policy = Policy::never;
  Recorder recorder;
  boost::asio::io_context context{1};

  Subject() {
    recorder.then = [this] { on_told(recorder.calls.back()); };
    api_.start();
  }
  [[nodiscard]] const RuntimeApi& api() const { return api_; }
  RawClient client() { return {context, listener_}; }
  void dispatch() {
    outstanding_ = true;
    static_cast<void>(api_.dispatch(event("id-" + std::to_string(++count_))));
  }
  void abandon() {
    outstanding_ = false;
    api_.abandon();
  }
  void restart() {
    outstanding_ = false;
    api_.restart();
  }
  void settle() {
    context.restart();
    while (context.poll() > 0) continue;
  }

 private:
  void on_told(const std::string& what) {
    if (what == "response") CHECK(recorder.response.body == "\"" + recorder.response.request_id + "\"");
    if (what == "error") CHECK(recorder.error.body == "\"" + recorder.error.request_id + "\"");
    const bool answered = what == "response" || what == "error";
    if (answered || what == "rejected") outstanding_ = false;
    const bool eager =
        (policy == Policy::on_next && what == "next") || (policy == Policy::on_answer && answered);
    if (eager && !outstanding_) dispatch();
  }

  UnixListener listener_;
  RuntimeApi api_{
      context, listener_.for_server(), recorder,
      Limits{.response_bytes = RuntimeModel::kBodyLimit, .error_bytes = RuntimeModel::kBodyLimit}};
  bool outstanding_ = false;
  int count_ = 0;
};

/// One random sequence.
class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed) {}

  void step() {
    note("--");
    const std::size_t connection = pick(kConnections);
    switch (pick(20)) {
      case 0: note("abandon"), subject_.abandon(), model_.abandon(); break;
      case 1: pick(4) == 0 || model_.phase() == RuntimePhase::init_error ? restart() : set_policy(); break;
      case 2: finish(connection); break;
      case 3: vanish(connection); break;
      case 4:
      case 5:
      case 6: dispatch(); break;
      case 7:
      case 8:
      case 9: halves(connection); break;
      case 10: pipeline(connection); break;
      default: send(connection, {random_call()}); break;
    }
    compare();
  }
  [[nodiscard]] std::string last_steps() const {
    std::string all;
    for (const std::string& one : steps_) all.append("\n  ").append(one);
    return all;
  }

 private:
  std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  void note(std::string what) {
    steps_.push_back(std::move(what));
    if (steps_.size() > 30) steps_.pop_front();
  }

  std::string random_id() {
    switch (pick(10)) {
      case 0: return "";
      case 1: return "foreign";
      case 2: return "id-" + std::to_string(pick(5));  // an old one, sooner or later
      default: return model_.event_id().empty() ? model_.latest_id() : model_.event_id();
    }
  }
  Call random_call() {
    constexpr std::array kWithId{Ask::response,       Ask::response, Ask::response,   Ask::error,
                                 Ask::large_response, Ask::bad_mode, Ask::large_error};
    constexpr std::array kWithout{Ask::init_error, Ask::ping, Ask::wrong_method, Ask::wrong_path};
    const std::size_t which = pick(10);
    if (which < 5) return {Ask::next};
    if (which < 9) return {kWithId[pick(kWithId.size())], random_id()};
    return {kWithout[pick(kWithout.size())]};
  }

  RawClient& client(std::size_t connection) {
    if (!clients_[connection]) clients_[connection].emplace(subject_.client());
    return *clients_[connection];
  }
  void send(std::size_t connection, const std::vector<Call>& calls) {
    if (model_.in_body(connection)) return;
    std::string bytes;
    for (const Call& call : calls) {
      bytes += text_of(call);
      note(std::to_string(connection) + " " + first_line(call));
    }
    client(connection).send(bytes);
    for (const Call& call : calls) model_.send(connection, call);
    subject_.settle();
  }
  void pipeline(std::size_t connection) {
    std::vector<Call> calls;
    for (std::size_t count = 2 + pick(3); count > 0; --count) calls.push_back(random_call());
    send(connection, calls);
  }
  /// A body whose beginning and end come in different steps; between them the others go on.
  void halves(std::size_t connection) {
    if (model_.in_body(connection)) {
      note(std::to_string(connection) + " the rest");
      client(connection).send(rest_[connection]);
      model_.send_rest(connection);
    } else if (!model_.blocked(connection)) {
      Call call = random_call();
      if (call.ask == Ask::next || call.ask == Ask::ping) call = {Ask::response, random_id()};
      const std::string bytes = text_of(call);
      note(std::to_string(connection) + " the beginning of " + first_line(call));
      client(connection).send(bytes.substr(0, bytes.size() - 1));
      rest_[connection] = bytes.substr(bytes.size() - 1);
      model_.send_beginning(connection, call);
    }
    subject_.settle();
  }
  void finish(std::size_t connection) {
    if (!clients_[connection]) return;
    note(std::to_string(connection) + " sends no more");
    clients_[connection]->finish_sending();
    model_.finish(connection);
    subject_.settle();
  }
  void vanish(std::size_t connection) {
    if (!clients_[connection]) return;
    note(std::to_string(connection) + " vanishes");
    clients_[connection].reset();
    model_.finish(connection);
    model_.answers[connection].clear();
    model_.ended[connection] = false;
    subject_.settle();
  }
  void dispatch() {
    if (!model_.may_dispatch()) return;
    note("dispatch");
    subject_.dispatch();
    model_.dispatch();
    subject_.settle();
  }
  void restart() {
    note("restart");
    subject_.restart();
    model_.restart();
    subject_.settle();
  }
  void set_policy() {
    model_.policy = subject_.policy = static_cast<Policy>(pick(3));
    note("policy " + std::to_string(static_cast<int>(model_.policy)));
  }

  void compare() {
    for (std::size_t i = 0; i < kConnections; ++i) {
      for (const Expected& expected : std::exchange(model_.answers[i], {}))
        compare(clients_[i]->answer(), expected);
      if (std::exchange(model_.ended[i], false)) {
        REQUIRE(clients_[i]->ended());
        clients_[i].reset();
      } else if (clients_[i]) {
        REQUIRE(clients_[i]->silent());
      }
    }
    REQUIRE(std::exchange(subject_.recorder.calls, {}) == std::exchange(model_.told, {}));
    REQUIRE(name_of(subject_.api().phase()) == name_of(model_.phase()));
    const auto open = std::count(model_.open.begin(), model_.open.end(), true);
    REQUIRE(subject_.api().open_connections() == static_cast<std::size_t>(open));
  }
  static void compare(const Answer& answer, const Expected& expected) {
    CAPTURE(answer.head + answer.body);
    CAPTURE(expected.body);
    REQUIRE(answer.status == expected.status);
    if (expected.status == 200 && expected.body != "pong") {
      REQUIRE(answer.body == "{}");
      REQUIRE(answer.has("Lambda-Runtime-Aws-Request-Id: " + expected.body));
    } else {
      REQUIRE(answer.body == expected.body);
    }
  }

  std::mt19937_64 random_;
  Subject subject_;
  RuntimeModel model_;
  std::array<std::optional<RawClient>, kConnections> clients_;
  std::array<std::string, kConnections> rest_;
  std::deque<std::string> steps_;
};

void play(std::uint64_t seed, std::uint64_t steps) {
  Play play(seed);
  for (std::uint64_t i = 0; i < steps; ++i) {
    INFO("LEMU_SEED=" << seed << ", step " << i << "; the last steps:" << play.last_steps());
    play.step();
  }
}

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

}  // namespace

TEST_CASE("random runtimes and owners: the running server answers as the model says") {
  const std::uint64_t steps = number_of("LEMU_MODEL_STEPS").value_or(400);
  if (const std::optional<std::uint64_t> seed = number_of("LEMU_SEED")) {
    play(*seed, steps);
    return;
  }
  for (std::uint64_t seed = 1; seed <= 25; ++seed) play(seed, steps);
}
