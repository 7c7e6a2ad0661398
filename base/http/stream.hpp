// SPDX-License-Identifier: Apache-2.0
// Stream: an answer whose body is written in pieces: chunked, to a client of HTTP/1.0 until the
// connection's end. A copyable handle that does not keep the connection alive; made by Reply::begin. The
// io_context's thread.
#pragma once

#include <span>

#include "base/http/http.hpp"

namespace lemu::http {

/// What becomes of a stream while nobody writes to it.
enum class StreamEvent {
  writable,  ///< after Room::full: there is room again
  gone,      ///< the peer is gone, or was too slow; the last event
};

class Stream {
 public:
  /// Whether more should follow.
  enum class Room {
    open,
    full,  ///< taken, but the peer is slow: more than kKeptAtMost is kept here; wait for `writable`
    gone,  ///< the connection is gone, or the answer is finished; `told` is not called for it
  };
  /// What the kernel would not take yet is kept up to here, and one piece more.
  static constexpr std::size_t kKeptAtMost = std::size_t{256} << 10;

  Stream() = default;
  Stream(std::weak_ptr<Connection> connection, std::uint64_t serial)
      : connection_(std::move(connection)), serial_(serial) {}

  /// One chunk made of these parts (four at most), with the kernel before this returns as far as it takes it.
  Room write(std::span<const std::string_view> parts) const;
  Room write(std::string_view piece) const { return write(std::span(&piece, 1)); }
  /// The regular end. The fields are left out for a client of HTTP/1.0.
  Room finish(std::span<const Field> trailers = {}) const;
  /// Breaks off: the peer sees that the body is not whole.
  void drop() const;

 private:
  std::weak_ptr<Connection> connection_;
  std::uint64_t serial_ = 0;
};

}  // namespace lemu::http
