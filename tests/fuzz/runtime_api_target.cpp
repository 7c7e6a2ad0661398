// SPDX-License-Identifier: Apache-2.0
// The Runtime API over two connections, whatever a runtime writes to them and whenever its owner dispatches,
// abandons or restarts: every answer is one of the API's, an event is answered once, by its own id, within
// the limits.
#include "rapi/runtime_api.hpp"

#include <sys/socket.h>

#include <array>

#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/base/http/unix_listener.hpp"

using namespace lemu;
using namespace lemu::rapi;
using lemu::http::test::UnixListener;

namespace {

constexpr std::size_t kBodyLimit = 100;
const Limits kLimits{.response_bytes = kBodyLimit,
                     .streamed_bytes = 2 * kBodyLimit,
                     .error_bytes = kBodyLimit,
                     .http = {.header_bytes = 2048, .discard_bytes = 1024}};

/// The owner: dispatches one event after the other, and holds the API to what it promises.
class Owner final : public RuntimeObserver {
 public:
  RuntimeApi* api = nullptr;
  std::uint8_t eagerness = 0;  ///< bit 0: dispatches when the runtime is ready

  void dispatch(ResponseDelivery delivery) {
    if (unanswered_) return;
    unanswered_ = true;
    begun_ = false;
    streamed_ = 0;
    Event event;
    event.request_id = id_ = "id-" + std::to_string(++count_ % 8);
    event.body = "{}";
    event.trace_id = "a\r\nb";
    static_cast<void>(api->dispatch(std::move(event), delivery));
  }
  void forget() { unanswered_ = false; }
  void forget_init() { init_failed_ = false; }

  void on_next() override {
    if (eagerness & 1) dispatch(static_cast<ResponseDelivery>(eagerness % 3));
  }
  void on_response_begin(ResponseHead head) override {
    LEMU_HOLDS(unanswered_ && !begun_);
    begun_ = true;
    resume_ = std::move(head.resume);
  }
  http::Flow on_response_piece(std::string_view bytes) override {
    LEMU_HOLDS(unanswered_ && begun_ && !bytes.empty());
    streamed_ += bytes.size();
    LEMU_HOLDS(streamed_ <= kLimits.streamed_bytes);
    return eagerness & 2 ? http::Flow::pause : http::Flow::more;
  }
  void on_response(FunctionResponse response) override {
    LEMU_HOLDS(unanswered_ && response.request_id == id_ && response.body.size() <= kBodyLimit);
    LEMU_HOLDS(!begun_ || response.body.empty());
    unanswered_ = false;
  }
  void on_error(FunctionError error) override {
    LEMU_HOLDS(unanswered_ && error.request_id == id_ && error.body.size() <= kBodyLimit);
    unanswered_ = false;
  }
  void on_init_error(FunctionError error) override {
    LEMU_HOLDS(error.request_id.empty() && error.body.size() <= kBodyLimit);
    LEMU_HOLDS(!std::exchange(init_failed_, true));
  }
  void on_refused(const http::Refused& refused) override {
    LEMU_HOLDS(refused.status >= 400 && !refused.reason.empty());
  }
  void on_response_rejected(ResponseFault) override {
    LEMU_HOLDS(unanswered_);
    unanswered_ = false;
  }
  bool resume() {
    if (!resume_) return false;
    std::exchange(resume_, nullptr)();
    return true;
  }

 private:
  bool unanswered_ = false;
  bool begun_ = false;
  bool init_failed_ = false;
  std::size_t streamed_ = 0;
  unsigned count_ = 0;
  std::string id_;
  std::function<void()> resume_;
};

/// One connection of the runtime, and all it was answered.
class Client {
 public:
  void connect(const UnixListener& listener) {
    fd_ = listener.connect();
    out_.clear();
  }
  [[nodiscard]] bool connected() const { return fd_.valid(); }
  void send(std::string_view bytes) {
    static_cast<void>(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  void receive() {
    char buffer[16384];
    for (ssize_t n = 0; fd_.valid() && (n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
      out_.append(buffer, static_cast<std::size_t>(n));
  }
  void close() {
    receive();
    fd_.reset();
    check();
  }

 private:
  void check() const {
    const std::optional<std::vector<fuzz::Answer>> answers = fuzz::parse_answers(out_);
    LEMU_HOLDS(answers);
    for (const fuzz::Answer& answer : *answers) check(answer);
  }
  static void check(const fuzz::Answer& answer) {
    switch (answer.status) {
      case 200: LEMU_HOLDS(answer.body == "pong" || answer.body == "{}"); return;
      case 202: LEMU_HOLDS(answer.body == "{\"status\":\"OK\"}\n"); return;
      case 400:
        LEMU_HOLDS(answer.body.starts_with("{\"errorMessage\":") || answer.body.starts_with("400 "));
        return;
      case 403: LEMU_HOLDS(answer.body.ends_with("\"errorType\":\"InvalidStateTransition\"}\n")); return;
      case 404: LEMU_HOLDS(answer.body == "404 page not found\n"); return;
      case 405: LEMU_HOLDS(answer.body.empty() && !answer.field("Allow").empty()); return;
      case 413: LEMU_HOLDS(answer.body.ends_with("\"errorType\":\"RequestEntityTooLarge\"}\n")); return;
      case 431: LEMU_HOLDS(answer.body.starts_with("431 ")); return;
      default: LEMU_HOLDS(answer.status == 200);  // no other is the API's
    }
  }
  Fd fd_;
  std::string out_;
};

class Play {
 public:
  Play(boost::asio::io_context& context, const UnixListener& listener)
      : context_(context), listener_(listener), api_(context, listener.for_server(), owner_, kLimits) {
    owner_.api = &api_;
    api_.start();
  }
  void run(fuzz::Input input) {
    owner_.eagerness = input.byte();
    while (!input.empty()) step(input);
    for (Client& client : clients_)
      if (client.connected()) client.close();
    api_.stop();
    settle();
  }

 private:
  void step(fuzz::Input& input) {
    const std::uint8_t what = input.byte();
    Client& client = clients_[what % clients_.size()];
    switch (what / clients_.size() % 8) {
      case 0: client.close(); break;
      case 1: owner_.dispatch(static_cast<ResponseDelivery>(input.byte() % 3)); break;
      case 2: api_.abandon(), owner_.forget(); break;
      case 3: api_.restart(), owner_.forget(), owner_.forget_init(); break;
      case 4: owner_.resume(); break;
      default:
        if (!client.connected()) client.connect(listener_);
        client.send(input.text());
    }
    settle();
  }
  void settle() {
    context_.restart();
    while (context_.poll() > 0) continue;
    for (Client& client : clients_) client.receive();
  }

  boost::asio::io_context& context_;
  const UnixListener& listener_;
  Owner owner_;
  RuntimeApi api_;
  std::array<Client, 2> clients_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static boost::asio::io_context context(1);
  static const UnixListener listener;
  const std::string_view bytes = fuzz::text_of(data, size);
  if (bytes.find("HEAD") != std::string_view::npos) return 0;  // see http_target.cpp
  Play(context, listener).run(fuzz::Input(bytes));
  return 0;
}
