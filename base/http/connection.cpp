// SPDX-License-Identifier: Apache-2.0
#include "base/http/connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include "base/words.hpp"

namespace lemu::http {
namespace {

namespace beast = boost::beast::http;

// One read takes a usual request whole, and is all that an idle connection holds ready; more comes in larger
// pieces.
constexpr std::size_t kFirstReadSize = std::size_t{4} << 10;
constexpr std::size_t kReadSize = std::size_t{64} << 10;
constexpr std::size_t kBodyReadSize = std::size_t{512} << 10;
// Requests sent ahead of their turn are taken up to here, then left to the kernel's buffer.
constexpr std::size_t kPipelinedAtMost = kReadSize;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(Socket socket, Handler& handler, const Limits& limits,
                       std::shared_ptr<BodyBudget> bodies, std::shared_ptr<BodyBudget> heads, Closed closed)
    : socket_(std::move(socket)),
      handler_(&handler),
      limits_(limits),
      dialect_(handler.dialect()),
      bodies_(std::move(bodies)),
      heads_(std::move(heads)),
      closed_(std::move(closed)),
      timer_(socket_.get_executor()) {}

/// What is in reserve takes one request, which is to come at once.
void Connection::start(Request::Standing standing) {
  request_.standing = standing;
  if (standing == Request::Standing::reserve) {
    close_after_reply_ = true;
    set_deadline(limits_.header_deadline);
  }
  await_request();
  read();
}

void Connection::start_refused(Refusal refusal) {
  imposed_ = std::move(refusal);
  start(Request::Standing::reserve);
}

void Connection::await_request() {
  if (limits_.idle_deadline.count() > 0) set_deadline(limits_.idle_deadline);
}

// ---- reading

void Connection::read() {
  if (reading_ || paused_ || waits_for_room() || peer_closed_ || phase_ == Phase::closed) return;
  const std::size_t size = read_size();
  if (!parser_ && in_.capacity() > in_.size() + size) in_.shrink_to_fit();  // to what it holds
  const bool waiting = phase_ == Phase::awaiting || phase_ == Phase::writing || phase_ == Phase::streaming;
  if (waiting && unread() >= kPipelinedAtMost) return;  // answered() reads on
  reading_ = true;
  socket_.async_read_some(in_.prepare(size), [self = shared_from_this()](ErrorCode ec, std::size_t count) {
    self->on_read(ec, count);
  });
}

std::size_t Connection::read_size() const {
  if (!parser_ && in_.size() == 0) return kFirstReadSize;
  // No more than the body's, so that little of what follows it is held.
  const std::uint64_t rest = parser_ && head_done_ ? parser_->wanted_rest() : 0;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(rest, kReadSize, kBodyReadSize));
}

/// The buffer may move what it holds, but not while a pending read writes behind it: requests that came ahead
/// of their turn are taken then too.
void Connection::take(std::size_t count) {
  if (reading_)
    taken_ += count;
  else
    in_.consume(count);
}

void Connection::on_read(ErrorCode ec, std::size_t count) {
  reading_ = false;
  if (phase_ == Phase::closed) return;
  in_.commit(count);
  in_.consume(std::exchange(taken_, 0));
  if (ec) {
    peer_closed_ = true;
    if (phase_ == Phase::streaming && ec != boost::asio::error::eof)
      lose_peer();
    else
      on_end();
    return;
  }
  if (phase_ == Phase::lingering) {
    in_.consume(in_.size());
  } else if (phase_ == Phase::receiving) {
    process();
    // A client that left Nagle's algorithm on holds the rest back until this part is acknowledged, which the
    // kernel delays by 40 ms unless told otherwise.
    if (phase_ == Phase::receiving && parser_) {
      const int on = 1;
      ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    }
  }
  read();
}

/// The peer sends no more.
void Connection::on_end() {
  switch (phase_) {
    case Phase::receiving:
      if (parser_ && head_done_)
        stop_waiting_for_body(BodyEnd::truncated);
      else if (parser_ && dialect_ == Dialect::go)  // which answers what it could not read
        fail_request(400, "it ends within its header");
      else if (parser_ || unread() == 0)
        close();
      return;  // else requests that came ahead of their turn are about to be taken
    case Phase::awaiting: handler_->on_peer_gone(Reply(weak_from_this(), serial_)); return;
    case Phase::writing:
    case Phase::streaming: return;  // it may still read; answered() closes
    case Phase::lingering: close(); return;
    case Phase::closed: return;
  }
}

// ---- parsing

/// Takes as many requests out of the buffer as are complete and answered at once.
void Connection::process() {
  processing_ = true;
  while (phase_ == Phase::receiving && pull() == Pull::request_done) deliver();
  processing_ = false;
  if (peer_closed_ && phase_ == Phase::receiving) on_end();
}

void Connection::begin_request() {
  head_done_ = false;
  in_pieces_ = false;
  continue_sent_ = false;
  deadline_.reset();
  parser_.emplace(request_, limits_.header_bytes);
  if (dialect_ == Dialect::go) go_head_.reset();
}

/// Gives the parser what has come. How many bytes of it are done with.
std::size_t Connection::put(ErrorCode& ec) {
  const boost::asio::const_buffer bytes = in_.cdata() + taken_;
  if (head_done_ || dialect_ == Dialect::strict) return parser_->put(bytes, ec);
  const std::optional<GoHead::Piece> piece =
      go_head_.next({static_cast<const char*>(bytes.data()), bytes.size()});
  if (!piece) {
    ec = beast::error::need_more;
    return 0;
  }
  const std::size_t used = parser_->put({piece->text.data(), piece->text.size()}, ec);
  if (used != piece->text.size() && (!ec || ec == beast::error::need_more)) ec = beast::error::bad_version;
  return piece->taken;
}

Connection::Pull Connection::pull() {
  // An empty line between requests is tolerated (RFC 9112, 2.2).
  while (!parser_ && unread() > 0) {
    const char first = *static_cast<const char*>((in_.cdata() + taken_).data());
    if (first == '\r' || first == '\n')
      take(1);
    else
      begin_request();
  }
  if (!parser_) return Pull::more_needed;
  while (unread() > 0) {
    ErrorCode ec;
    take(put(ec));
    if (in_pieces_) hand_over_piece();
    if (phase_ != Phase::receiving) return Pull::stopped;
    if (ec && ec != beast::error::need_more) {
      fail_request(ec == beast::error::header_limit ? 431 : 400, ec.message());
      return Pull::stopped;
    }
    if (!head_done_ && parser_->is_header_done()) head_complete();
    if (head_done_ && !in_pieces_) look_for_room();
    if (waits_for_room()) break;
    if (parser_->is_done()) return Pull::request_done;
    if (in_pieces_ && request_.end == BodyEnd::too_large) {  // whoever has the pieces is not left waiting
      close_after_reply_ = true;
      return Pull::request_done;
    }
    if (paused_) break;
    if (parser_->discarded() > limits_.discard_bytes) {
      close_after_reply_ = true;
      return Pull::request_done;
    }
    if (ec) break;
  }
  if (!waits_for_room() && unread() > limits_.header_bytes) {
    fail_request(431, head_done_ ? "a chunk's line or the trailers are too long" : "its header is too long");
    return Pull::stopped;
  }
  if (!waits_for_room() && !paused_) look_for_head_room();
  set_deadline(head_done_ ? limits_.body_deadline : limits_.header_deadline);
  if (head_done_) expect_continue();
  return phase_ == Phase::receiving ? Pull::more_needed : Pull::stopped;
}

/// Asks the handler about the header that is now there.
void Connection::head_complete() {
  head_done_ = true;
  ++serial_;
  deadline_.reset();
  go_head_.reset();
  if (!parser_->keep_alive()) close_after_reply_ = true;
  speaks_1_0_ = request_.version() == Request::Version::http_1_0;
  asks_for_head_only_ = request_.method() == "HEAD";
  HeadVerdict verdict = imposed_ ? HeadVerdict{.refusal = imposed_} : handler_->on_head(request_);
  refusal_ = std::move(verdict.refusal);
  request_.tag = verdict.tag;
  parser_->keep_body(refusal_ ? std::nullopt : std::optional<std::size_t>(verdict.body_limit));
  in_pieces_ = verdict.delivery == BodyDelivery::pieces && !refusal_ && request_.end == BodyEnd::complete;
  parser_->eager(true);
}

/// A client that asks before it sends its body is told to go on, or is given its refusal instead.
void Connection::expect_continue() {
  if (continue_sent_ || waits_for_room() || parser_->body_started() ||
      !same_word(request_.header("expect"), "100-continue"))
    return;
  if (refusal_ || request_.end == BodyEnd::too_large) {
    close_after_reply_ = true;  // whether the body follows all the same cannot be known
    deliver();
    return;
  }
  continue_sent_ = true;
  write_bytes({.head = kContinue});
}

/// Gives the handler what has come of a body that it takes in pieces.
void Connection::hand_over_piece() {
  if (request_.body.empty()) return;
  const Reply reply(weak_from_this(), serial_);
  paused_ = handler_->on_body(request_, request_.body, reply) == Flow::pause;
  if (phase_ == Phase::receiving) parser_->piece_taken();
}

void Connection::resume_body(std::uint64_t serial) {
  if (serial != serial_ || !paused_) return;
  paused_ = false;
  // Not from here: the one who resumes may be in the middle of something.
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ == Phase::receiving) self->process();
    self->read();
  });
}

void Connection::deliver() {
  deadline_.reset();
  parser_.reset();
  paused_ = false;
  phase_ = Phase::awaiting;
  request_.room.shrink_to(request_.body.size());
  if (!refusal_) {
    handler_->on_request(request_, Reply(weak_from_this(), serial_));
    if (request_.room.bytes() > 0) request_.drop_body();  // the handler left both here
    forget_head();
    return;
  }
  const Field allow{"Allow", refusal_->allow};
  write({.status = refusal_->status,
         .content_type = refusal_->content_type,
         .body = refusal_->body,
         .fields = {&allow, 1}});
  forget_head();
}

/// The rest of the body will not come; the handler has seen the header, so it is owed the end.
void Connection::truncate(BodyEnd why) {
  close_after_reply_ = true;
  request_.drop_body();
  if (request_.end == BodyEnd::complete) request_.end = why;
  deliver();
}

void Connection::stop_waiting_for_body(BodyEnd why) {
  wait_no_longer();
  truncate(why);
}

/// Answers what is not a request, and closes: where the next one begins cannot be known.
void Connection::fail_request(unsigned status, std::string_view reason) {
  wait_no_longer();
  if (head_done_) {
    truncate(BodyEnd::malformed);
    return;
  }
  handler_->on_refused(
      {.status = status, .method = request_.method(), .target = request_.target(), .reason = reason});
  deadline_.reset();
  parser_.reset();
  close_after_reply_ = true;
  const boost::beast::string_view phrase = beast::obsolete_reason(beast::int_to_status(status));
  const std::string body = std::to_string(status) + " " + std::string(phrase.data(), phrase.size()) + ": " +
                           std::string(reason) + "\n";
  asks_for_head_only_ = false;
  write({.status = status, .content_type = "text/plain; charset=utf-8", .body = body});
  forget_head();
}

// ---- deadlines

void Connection::set_deadline(std::chrono::milliseconds from_now) {
  if (deadline_) return;
  deadline_ = Clock::now() + from_now;
  arm_timer();
}

/// The timer is left running when its deadline is withdrawn, and looks again when it fires: a request that
/// comes in two pieces then costs no timer operation.
void Connection::arm_timer() {
  if (timer_running_ && timer_.expiry() <= *deadline_) return;
  timer_running_ = true;
  timer_.expires_at(*deadline_);
  timer_.async_wait([weak = weak_from_this()](ErrorCode ec) {
    const std::shared_ptr<Connection> self = weak.lock();
    if (self && !ec) self->on_timer();
  });
}

void Connection::on_timer() {
  timer_running_ = false;
  if (phase_ == Phase::closed || !deadline_) return;
  if (Clock::now() < *deadline_)
    arm_timer();
  else
    on_deadline();
}

void Connection::on_deadline() {
  deadline_.reset();
  if (phase_ == Phase::receiving && parser_ && head_done_)
    stop_waiting_for_body(waits_for_room() ? BodyEnd::no_room : BodyEnd::late);
  else if (phase_ == Phase::receiving && parser_)
    fail_request(408, "the header did not come in time");
  else if (phase_ == Phase::streaming)
    lose_peer();
  else if (phase_ != Phase::awaiting)
    close();
}

}  // namespace lemu::http
