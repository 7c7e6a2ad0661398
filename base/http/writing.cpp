// SPDX-License-Identifier: Apache-2.0
// The writing and closing half of Connection.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <charconv>

#include "base/http/connection.hpp"

namespace lemu::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;

void append_number(std::string& out, std::size_t number, int base = 10) {
  std::array<char, 20> digits;
  const std::to_chars_result end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
  out.append(digits.data(), end.ptr);
}

}  // namespace

void append_chunk_size(std::string& out, std::size_t size) {
  append_number(out, size, 16);
  out.append("\r\n");
}

/// A line break in a value would end the field; it becomes a space, as in Go's net/http (so the emulator of
/// AWS).
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const std::size_t begin = out.size();
  out.append(value);
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
      [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  out.append("\r\n");
}

Reply::Sent Reply::send(const Response& response) const {
  const std::shared_ptr<Connection> connection = connection_.lock();
  return connection ? connection->send(serial_, response) : Sent::gone;
}

void Reply::resume_body() const {
  if (const std::shared_ptr<Connection> connection = connection_.lock()) connection->resume_body(serial_);
}

void Reply::drop() const {
  if (const std::shared_ptr<Connection> connection = connection_.lock()) connection->drop_request(serial_);
}

Reply::Sent Connection::send(std::uint64_t serial, const Response& response) {
  if (phase_ != Phase::awaiting || serial != serial_) return Reply::Sent::gone;
  write(response);
  return phase_ == Phase::closed ? Reply::Sent::gone : Reply::Sent::queued;
}

void Connection::drop_request(std::uint64_t serial) {
  const bool in_body = phase_ == Phase::receiving && parser_ && head_done_;
  if (serial == serial_ && (in_body || phase_ == Phase::awaiting || phase_ == Phase::streaming)) close();
}

/// Go's server sends what the handler wrote by itself when it knows all of it: up to its buffer's size, and
/// else in chunks (net/http/server.go, bufferBeforeChunkingSize).
Connection::Framing Connection::framing_of(const Response& response) const {
  constexpr std::size_t kBuffered = 2048;
  if (dialect_ == Dialect::strict || response.body.size() <= kBuffered || asks_for_head_only_)
    return Framing::length;
  return speaks_1_0_ ? Framing::until_close : Framing::chunked;
}

/// Go's server sorts the handler's fields by their names and writes its own behind them, Date first. The
/// handler gives its further fields in their order, and they come after Content-Type.
void Connection::append_fields(const Response& response) {
  const bool go = dialect_ == Dialect::go;
  if (go && !response.content_type.empty()) append_field(out_, "Content-Type", response.content_type);
  for (const Field& field : response.fields)
    if (!field.value.empty()) append_field(out_, field.name, field.value);
  if (!go && !response.content_type.empty()) append_field(out_, "Content-Type", response.content_type);
  if (go) append_field(out_, "Date", date_.now());
}

void Connection::compose_head(const Response& response, Framing framing) {
  out_.assign("HTTP/1.1 ");
  append_number(out_, response.status);
  const boost::beast::string_view reason = beast::obsolete_reason(beast::int_to_status(response.status));
  out_.append(" ").append(reason.data(), reason.size()).append("\r\n");
  append_fields(response);
  // That there is no body is what 204 means (RFC 9110, 8.6).
  if (framing == Framing::length && response.status != 204) {
    out_.append("Content-Length: ");
    append_number(out_, response.body.size());
    out_.append("\r\n");
  }
  if (close_after_reply_)
    out_.append("Connection: close\r\n");
  else if (speaks_1_0_)  // HTTP/1.0 closes unless both sides say otherwise
    out_.append("Connection: keep-alive\r\n");
  if (framing == Framing::chunked) out_.append("Transfer-Encoding: chunked\r\n");
  out_.append("\r\n");
}

void Connection::write(const Response& response) {
  const Framing framing = framing_of(response);
  if (framing == Framing::until_close) close_after_reply_ = true;
  compose_head(response, framing);
  Message message{.body = asks_for_head_only_ ? std::string_view() : response.body};
  if (framing == Framing::chunked) {
    append_chunk_size(out_, response.body.size());
    message.end = "\r\n0\r\n\r\n";
  }
  message.head = out_;
  phase_ = Phase::writing;
  write_bytes(message, response.owner);
}

/// How much of it the kernel took at once; nothing when the peer is gone.
std::optional<std::size_t> Connection::give_to_kernel(std::span<iovec> pieces) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  ssize_t taken = 0;
  do taken = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (taken < 0 && errno == EINTR);
  if (taken >= 0) return static_cast<std::size_t>(taken);
  return errno == EAGAIN || errno == EWOULDBLOCK ? std::optional<std::size_t>(0) : std::nullopt;
}

/// One gathered write. What the kernel does not take follows when there is room.
void Connection::write_bytes(const Message& message, const std::shared_ptr<const void>* owner) {
  std::array<iovec, 3> pieces{iovec{const_cast<char*>(message.head.data()), message.head.size()},
                              iovec{const_cast<char*>(message.body.data()), message.body.size()},
                              iovec{const_cast<char*>(message.end.data()), message.end.size()}};
  const std::size_t count = message.body.empty() ? 1 : message.end.empty() ? 2 : 3;
  const std::optional<std::size_t> taken = give_to_kernel(std::span(pieces).first(count));
  if (!taken) {
    close();
    return;
  }
  if (*taken == message.size()) {
    if (phase_ == Phase::writing) answered();
    return;
  }
  if (phase_ != Phase::writing) {  // an interim answer: a peer with no room for its few bytes reads nothing
    close();
    return;
  }
  write_rest(message.after(*taken), owner);
}

Connection::Message Connection::Message::after(std::size_t taken) const {
  Message rest = *this;
  for (std::string_view* part : {&rest.head, &rest.body, &rest.end}) {
    const std::size_t of_part = std::min(taken, part->size());
    part->remove_prefix(of_part);
    taken -= of_part;
  }
  return rest;
}

/// Keeps a copy of what it writes, or of its owner.
void Connection::write_rest(const Message& rest, const std::shared_ptr<const void>* owner) {
  std::string kept(rest.head);
  if (owner == nullptr) kept.append(rest.body);
  if (owner != nullptr) owner_ = *owner;
  out_ = std::move(kept);
  const std::string_view body = owner == nullptr ? std::string_view() : rest.body;
  const std::array<asio::const_buffer, 3> buffers{asio::buffer(out_), asio::buffer(body.data(), body.size()),
                                                  asio::buffer(rest.end.data(), rest.end.size())};
  set_deadline(limits_.body_deadline);
  asio::async_write(socket_, buffers, [self = shared_from_this()](ErrorCode ec, std::size_t) {
    self->owner_.reset();
    if (self->phase_ != Phase::writing) return;
    std::string().swap(self->out_);
    if (ec)
      self->close();
    else
      self->answered();
  });
}

/// The answer is with the kernel: on to the next request, or to the end.
void Connection::answered() {
  deadline_.reset();
  refusal_.reset();
  stream_.reset();
  if (close_after_reply_) {
    linger();
    return;
  }
  phase_ = Phase::receiving;
  await_request();
  if (processing_ || (unread() == 0 && !peer_closed_)) return;
  // Requests that came ahead of their turn. Not from here: the one who answers may be in the middle of
  // something.
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ != Phase::receiving) return;
    self->process();
    self->read();
  });
}

/// Closing a socket with unread input resets it, and the peer may lose the answer: so shut down and read
/// first.
void Connection::linger() {
  if (peer_closed_) {
    close();
    return;
  }
  phase_ = Phase::lingering;
  take(unread());
  ::shutdown(socket_.native_handle(), SHUT_WR);
  set_deadline(limits_.linger_deadline);
  read();
}

void Connection::retire() {
  close_after_reply_ = true;
  if (phase_ != Phase::receiving) return;
  if (!parser_)
    close();
  else if (head_done_)
    stop_waiting_for_body(BodyEnd::late);
}

bool Connection::owes_answer() const {
  if (phase_ == Phase::receiving) return parser_ && head_done_;
  return phase_ == Phase::awaiting || phase_ == Phase::writing || phase_ == Phase::streaming;
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const Closed closed = std::move(closed_);
  const std::shared_ptr<Connection> self = shared_from_this();
  drop();
  if (closed) closed(*this);
}

void Connection::drop() {
  phase_ = Phase::closed;
  closed_ = nullptr;
  wait_no_longer();
  stream_.reset();
  boost::system::error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
}

}  // namespace lemu::http
