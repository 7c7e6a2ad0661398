// SPDX-License-Identifier: Apache-2.0
// Stream, and the half of Connection that writes an answer in pieces.
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <cassert>
#include <charconv>

#include "base/http/connection.hpp"

namespace lemu::http {

namespace {

// A chunk is its size, the caller's parts and a line break.
constexpr std::size_t kPartsAtMost = 6;

}  // namespace

// ---- the handles

Stream Reply::begin(const Response& response, std::function<void(StreamEvent)> told) const {
  const std::shared_ptr<Connection> connection = connection_.lock();
  if (!connection || !connection->begin_stream(serial_, response, std::move(told))) return {};
  return {connection_, serial_};
}

Stream::Room Stream::write(std::span<const std::string_view> parts) const {
  const std::shared_ptr<Connection> connection = connection_.lock();
  return connection ? connection->write_piece(serial_, parts) : Room::gone;
}

Stream::Room Stream::finish(std::span<const Field> trailers) const {
  const std::shared_ptr<Connection> connection = connection_.lock();
  return connection ? connection->finish_stream(serial_, trailers) : Room::gone;
}

void Stream::drop() const { Reply(connection_, serial_).drop(); }

// ---- the connection

bool Connection::begin_stream(std::uint64_t serial, const Response& response,
                              std::function<void(StreamEvent)> told) {
  if (phase_ != Phase::awaiting || serial != serial_) return false;
  phase_ = Phase::streaming;
  stream_ = std::make_unique<OutStream>();
  stream_->told = std::move(told);
  stream_->framing = speaks_1_0_ ? Framing::until_close : Framing::chunked;
  stream_->no_body = asks_for_head_only_;
  if (speaks_1_0_) close_after_reply_ = true;
  compose_head(response, stream_->framing);
  const std::string head = std::exchange(out_, {});
  const std::string_view part = head;
  return write_out({&part, 1}) != Stream::Room::gone;
}

Stream::Room Connection::write_piece(std::uint64_t serial, std::span<const std::string_view> parts) {
  if (phase_ != Phase::streaming || serial != serial_ || stream_->finished) return Stream::Room::gone;
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  // A chunk of nothing would be the end.
  if (stream_->no_body || size == 0) return Stream::Room::open;
  if (stream_->framing == Framing::until_close) return write_out(parts);
  assert(parts.size() + 2 <= kPartsAtMost);
  std::array<char, 18> head;
  char* end = std::to_chars(head.data(), head.data() + head.size(), size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  std::array<std::string_view, kPartsAtMost> chunk;
  chunk[0] = {head.data(), static_cast<std::size_t>(end - head.data())};
  std::copy(parts.begin(), parts.end(), chunk.begin() + 1);
  chunk[parts.size() + 1] = "\r\n";
  return write_out(std::span(chunk).first(parts.size() + 2));
}

Stream::Room Connection::finish_stream(std::uint64_t serial, std::span<const Field> trailers) {
  if (phase_ != Phase::streaming || serial != serial_ || stream_->finished) return Stream::Room::gone;
  stream_->finished = true;
  std::string last;
  if (stream_->framing == Framing::chunked && !stream_->no_body) {
    last = "0\r\n";
    for (const Field& field : trailers) append_field(last, field.name, field.value);
    last += "\r\n";
  }
  const std::string_view part = last;
  return write_out({&part, 1});
}

/// As much as the kernel takes now; the rest follows when there is room.
Stream::Room Connection::write_out(std::span<const std::string_view> parts) {
  std::size_t sent = 0;
  if (!stream_->sending) {
    std::array<iovec, kPartsAtMost> pieces;
    std::transform(parts.begin(), parts.end(), pieces.begin(), [](std::string_view part) {
      return iovec{const_cast<char*>(part.data()), part.size()};
    });
    const std::optional<std::size_t> taken = give_to_kernel(std::span(pieces).first(parts.size()));
    if (!taken) {
      close();
      return Stream::Room::gone;
    }
    sent = *taken;
  }
  for (const std::string_view part : parts) {
    const std::size_t skipped = std::min(sent, part.size());
    stream_->queued.append(part.substr(skipped));
    sent -= skipped;
  }
  if (!stream_->sending) flush();
  if (!stream_) return Stream::Room::open;  // finished, and all of it is with the kernel
  stream_->full = out_.size() + stream_->queued.size() > Stream::kKeptAtMost;
  return stream_->full ? Stream::Room::full : Stream::Room::open;
}

/// Sends what is queued, if anything is.
void Connection::flush() {
  out_ = std::exchange(stream_->queued, {});
  stream_->sending = !out_.empty();
  if (!stream_->sending) {
    if (stream_->finished) answered();
    return;
  }
  deadline_.reset();
  set_deadline(limits_.body_deadline);
  boost::asio::async_write(socket_, boost::asio::buffer(out_),
                           [self = shared_from_this()](ErrorCode ec, std::size_t) { self->flushed(ec); });
}

void Connection::flushed(ErrorCode ec) {
  if (phase_ != Phase::streaming) return;
  if (ec) {
    lose_peer();
    return;
  }
  deadline_.reset();
  const bool was_full = std::exchange(stream_->full, false);
  flush();
  if (!stream_) return;
  stream_->full = out_.size() > Stream::kKeptAtMost;
  if (was_full && !stream_->full && !stream_->finished) {
    const std::function<void(StreamEvent)> told = stream_->told;  // it may end the stream
    told(StreamEvent::writable);
  }
}

/// The peer of a stream is gone, or does not read.
void Connection::lose_peer() {
  const std::shared_ptr<Connection> self = shared_from_this();
  const std::function<void(StreamEvent)> told = std::move(stream_->told);
  close();
  told(StreamEvent::gone);
}

}  // namespace lemu::http
