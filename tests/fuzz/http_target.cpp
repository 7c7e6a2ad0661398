// SPDX-License-Identifier: Apache-2.0
// The HTTP front, a whole connection over a socket pair, in both dialects: the same bytes in one piece and in
// many are the same requests and the same answers; limits are held; what goes out is well-formed whatever the
// handler echoes. What the strict dialect takes, Go's reads the same.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http/connection.hpp"
#include "base/syscall.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::http;

namespace {

constexpr std::size_t kBodyLimit = 64;
constexpr http::Limits kLimits{.header_bytes = 1024};

/// Echoes what it was sent, where an answer could be broken by it. The path says how: /refused, /later,
/// /stream, and with the body in /pieces or /paused after each.
class Echo final : public http::Handler {
 public:
  const http::Dialect speaks;
  std::string seen;  ///< every request as it was understood
  /// A body was given up before its end: how early, and whether the connection goes on, depends on how it
  /// came.
  bool gave_up = false;

  explicit Echo(http::Dialect dialect) : speaks(dialect) {}
  [[nodiscard]] http::Dialect dialect() const override { return speaks; }
  void on_refused(const http::Refused& refused) override {
    LEMU_HOLDS(refused.status >= 400 && !refused.reason.empty());
  }
  http::HeadVerdict on_head(const http::Request& request) override {
    LEMU_HOLDS(text_size(request) <= kLimits.header_bytes);
    seen.append("[").append(request.method()).append(" ").append(request.target());
    for (std::size_t i = 0; i < request.header_count(); ++i)
      seen.append("|").append(request.header_at(i).name).append(":").append(request.header_at(i).value);
    body_.clear();
    if (request.path() == "/refused") return {.refusal = http::Refusal{403, "text/plain", "no", "GET"}};
    return {.body_limit = request.path() == "/empty" ? 0 : kBodyLimit,
            .delivery = pieces(request) ? http::BodyDelivery::pieces : http::BodyDelivery::whole};
  }
  http::Flow on_body(const http::Request& request, std::string_view piece,
                     const http::Reply& reply) override {
    LEMU_HOLDS(!paused_ && !piece.empty());
    body_.append(piece);
    LEMU_HOLDS(body_.size() <= kBodyLimit);
    if (request.path() != "/paused") return http::Flow::more;
    paused_ = reply;
    return http::Flow::pause;
  }
  void on_request(http::Request& request, http::Reply reply) override {
    LEMU_HOLDS(request.body.size() <= kBodyLimit);
    LEMU_HOLDS(request.end == http::BodyEnd::complete || request.body.empty());
    paused_.reset();
    body_ += request.body;
    // Of a body that ended otherwise, how much was handed over before depends on how it came.
    if (request.end != http::BodyEnd::complete) body_.clear();
    gave_up = gave_up || (request.end == http::BodyEnd::too_large && pieces(request));
    seen.append("#").append(body_).append("#").append(request.trailer("t"));
    seen.append(std::to_string(static_cast<int>(request.end))).append("]");
    target_ = request.target();
    streams_ = request.path() == "/stream";
    pending_ = reply;
    if (request.path() != "/later") answer();
  }
  void on_peer_gone(const http::Reply& reply) override { reply.drop(); }
  /// Does what was put off; false when there is nothing.
  bool go_on() {
    if (paused_)
      std::exchange(paused_, std::nullopt)->resume_body();
    else if (pending_)
      answer();
    else
      return false;
    return true;
  }

 private:
  static bool pieces(const http::Request& request) {
    return request.path() == "/pieces" || request.path() == "/paused";
  }
  static std::size_t text_size(const http::Request& request) {
    std::size_t size = request.method().size() + request.target().size();
    for (std::size_t i = 0; i < request.header_count(); ++i)
      size += request.header_at(i).name.size() + request.header_at(i).value.size();
    return size;
  }
  void answer() {
    const http::Reply reply = *std::exchange(pending_, std::nullopt);
    const http::Field field{"X-Echo", body_};
    const http::Response response{
        .status = 200, .content_type = target_, .body = body_, .fields = {&field, 1}};
    if (streams_) {
      const http::Stream stream = reply.begin(response, [](http::StreamEvent) {});
      const std::string_view part = body_;
      stream.write({&part, 1});
      stream.finish({&field, 1});
      LEMU_HOLDS(stream.write({&part, 1}) == http::Stream::Room::gone);
    } else {
      reply.send(response);
    }
    LEMU_HOLDS(reply.send(response) == http::Reply::Sent::gone);  // an answer is given once
  }

  std::string body_;
  std::string target_;
  bool streams_ = false;
  std::optional<http::Reply> pending_;
  std::optional<http::Reply> paused_;
};

struct Outcome {
  std::string seen;
  std::string out;
  bool gave_up = false;
};

/// One connection from its first byte to its end.
class Conversation {
 public:
  Conversation(boost::asio::io_context& context, const http::Limits& limits, http::Dialect dialect)
      : context_(context), echo_(dialect) {
    Result<SocketPair> pair = make_socket_pair();
    LEMU_HOLDS(pair);
    peer_ = std::move(pair->theirs);
    http::Connection::Socket socket(context.get_executor());
    socket.assign(boost::asio::ip::tcp::v4(), pair->ours.release());
    connection_ = std::make_shared<http::Connection>(
        std::move(socket), echo_, limits, std::make_shared<http::BodyBudget>(limits.bodies_bytes),
        std::make_shared<http::BodyBudget>(limits.heads_bytes), [this](http::Connection&) { ended_ = true; });
    connection_->start(http::Request::Standing::usual);
  }
  ~Conversation() {
    connection_->drop();
    connection_.reset();
    settle();
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Whether what the handler put off is done before more is sent.
  enum class Handler { goes_on, waits };
  void send(std::string_view bytes, Handler handler) {
    // The connection may have closed: then nobody reads it.
    static_cast<void>(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    poll();
    if (handler == Handler::goes_on) settle();
    receive();
  }
  Outcome finish() {
    settle();
    ::shutdown(peer_.get(), SHUT_WR);
    settle();
    receive();
    LEMU_HOLDS(ended_);
    check_answers();
    return {std::move(echo_.seen), std::move(out_), echo_.gave_up};
  }

 private:
  void poll() {
    context_.restart();
    while (context_.poll() > 0) continue;
  }
  void settle() {
    do poll();
    while (connection_ && echo_.go_on());
  }
  void receive() {
    char buffer[16384];
    for (ssize_t n = 0; (n = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
      out_.append(buffer, static_cast<std::size_t>(n));
  }
  void check_answers() const {
    const std::optional<std::vector<fuzz::Answer>> answers = fuzz::parse_answers(out_);
    LEMU_HOLDS(answers);
    for (std::size_t i = 0; i < answers->size(); ++i) {
      const fuzz::Answer& answer = (*answers)[i];
      LEMU_HOLDS(answer.field("Connection") != "close" || i + 1 == answers->size());
      const bool dated = !answer.field("Date").empty();
      LEMU_HOLDS(dated == (echo_.speaks == http::Dialect::go));
      LEMU_HOLDS(answer.fields.size() <= (dated ? 5 : 4));  // the server's own: nothing was smuggled in
    }
  }

  boost::asio::io_context& context_;
  Echo echo_;
  Fd peer_;
  std::shared_ptr<http::Connection> connection_;
  std::string out_;
  bool ended_ = false;
};

Outcome in_pieces(std::string_view bytes, std::string_view sizes, const http::Limits& limits,
                  http::Dialect dialect) {
  static boost::asio::io_context context(1);
  Conversation conversation(context, limits, dialect);
  std::size_t turn = 0;
  while (!bytes.empty()) {
    // Seven bits of a byte are the size of a piece.
    const unsigned char how = sizes.empty() ? 0 : static_cast<unsigned char>(sizes[turn++ % sizes.size()]);
    const std::string_view piece =
        bytes.substr(0, sizes.empty() ? bytes.size() : (how & 0x7f) + std::size_t{1});
    conversation.send(piece, how & 0x80 ? Conversation::Handler::waits : Conversation::Handler::goes_on);
    bytes.remove_prefix(piece.size());
  }
  return conversation.finish();
}

/// What the handler told the peer, every byte. Not the front's own refusals: whether a broken header is seen
/// before its end, and what of it first, depends on how the bytes came.
std::string told(const std::string& out) {
  std::string text;
  const std::optional<std::vector<fuzz::Answer>> answers = fuzz::parse_answers(out);
  for (const fuzz::Answer& answer : *answers) {
    if (answer.field("Content-Type") == "text/plain; charset=utf-8") {
      LEMU_HOLDS(answer.status == 400 || answer.status == 431);
      continue;
    }
    text.append(std::to_string(answer.status));
    for (const auto& [name, value] : answer.fields)
      if (name != "Date") text.append("|").append(name).append(":").append(value);
    text.append("#").append(answer.body);
  }
  return text;
}

Outcome check_dialect(std::string_view bytes, std::string_view sizes, http::Dialect dialect) {
  Outcome whole = in_pieces(bytes, {}, kLimits, dialect);
  const Outcome pieces = in_pieces(bytes, sizes, kLimits, dialect);
  if (!whole.gave_up && !pieces.gave_up) {
    LEMU_HOLDS(whole.seen == pieces.seen);
    LEMU_HOLDS(told(whole.out) == told(pieces.out));
  }
  http::Limits impatient = kLimits;
  impatient.discard_bytes = 16;
  in_pieces(bytes, sizes, impatient, dialect);
  return whole;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(fuzz::text_of(data, size));
  const std::string_view sizes = input.bytes(4);
  const std::string_view bytes = input.rest();
  // The answers to HEAD have no body, and its answers alone do not tell which those are.
  if (bytes.find("HEAD") != std::string_view::npos) return 0;
  const Outcome strict = check_dialect(bytes, sizes, http::Dialect::strict);
  const Outcome go = check_dialect(bytes, sizes, http::Dialect::go);
  // But for how blanks of a folded line are taken together.
  if (bytes.find("\n ") == std::string_view::npos && bytes.find("\n\t") == std::string_view::npos)
    LEMU_HOLDS(go.seen.starts_with(strict.seen));
  return 0;
}
