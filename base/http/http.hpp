// SPDX-License-Identifier: Apache-2.0
// The one HTTP/1.1 front of every server in lemu: Server accepts, reads and writes; an Handler
// answers. The owner of a server makes both and keeps the handler alive longer than the server. Everything
// lives on the io_context's one thread. A request costs one recv and one gathered write; timers run only
// while a message is incomplete.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/http/body_budget.hpp"

namespace lemu::http {

struct Limits {
  /// Request line and header fields together, and trailers: 1 MiB, as Go's net/http has it (so the emulator
  /// of AWS).
  std::size_t header_bytes = std::size_t{1} << 20;
  /// How much of a body nobody wants is read all the same: a client that is still sending gets to read its
  /// answer.
  std::size_t discard_bytes = std::size_t{64} << 20;
  /// From the first byte of a request to the end of its header.
  std::chrono::milliseconds header_deadline{60'000};
  /// From the end of the header to the end of the body, and likewise for an answer the peer is slow to read.
  /// A streamed response may take as long as Lambda's longest function timeout, 900 s.
  std::chrono::milliseconds body_deadline{960'000};
  /// How long a connection that is being closed waits for its peer to close too.
  std::chrono::milliseconds linger_deadline{2'000};
  /// How long a connection may be without a request; zero for ever, as a runtime may wait for hours.
  std::chrono::milliseconds idle_deadline{0};
  std::size_t connections = 1024;
  /// Connections beyond those, whose requests are marked so (Request::standing): one each.
  std::size_t reserve = 0;
  /// Of bodies that are taken whole, over all connections, from their declaration until whoever has them lets
  /// them go. A connection whose body does not fit is not read on until it does. Those of up to 64 KiB, which
  /// is what a connection reads at once anyway, never wait and do not count.
  std::size_t bodies_bytes = std::numeric_limits<std::size_t>::max();
  /// Of headers, chunk lines and trailers, likewise over all connections. A connection that holds more than
  /// 16 KiB of them takes room for `header_bytes` here, until its request is answered.
  std::size_t heads_bytes = std::numeric_limits<std::size_t>::max();
  /// Connections that there may be even when the process has few descriptors left. Those beyond are turned
  /// away once half of its descriptors are in use.
  std::size_t sure_connections = std::numeric_limits<std::size_t>::max();
};

/// How requests are read and answers written.
enum class Dialect {
  strict,  ///< by RFC 9112: what another server could understand differently is refused
  go,      ///< as by Go's net/http server, which Lambda's Runtime API is
};

struct Field {
  std::string_view name;
  std::string_view value;
};

/// How the body of a request ended.
enum class BodyEnd {
  complete,
  truncated,  ///< the peer closed its side before the declared end
  malformed,  ///< it broke the framing: its chunks are none
  late,       ///< the deadline passed before
  no_room,    ///< the deadline passed before there was room for it (Limits::bodies_bytes)
  too_large,  ///< over the handler's limit; nothing of it is kept
};

/// One request. Views are valid until the handler returns; the body is the handler's to move away.
class Request {
 public:
  std::string body;
  BodyRoom room;  ///< the body's: whoever moves that away moves this along
  BodyEnd end = BodyEnd::complete;
  /// Of its connection: whether there is one only for what must work at the limit of connections, too.
  enum class Standing { usual, reserve } standing = Standing::usual;
  std::uint32_t tag = 0;  ///< HeadVerdict::tag

  [[nodiscard]] std::string_view method() const { return part(method_); }
  /// As sent, with the query.
  [[nodiscard]] std::string_view target() const { return part(target_); }
  /// Without the query, and without the scheme and host of an absolute form (RFC 9112, 3.2.2).
  [[nodiscard]] std::string_view path() const;
  /// What follows the target's first '?'; empty when there is none.
  [[nodiscard]] std::string_view query() const;
  /// Who the request is for: the host and port of an absolute form, else those of the Host field.
  [[nodiscard]] std::string_view authority() const;
  enum class Version { http_1_0, http_1_1 };
  [[nodiscard]] Version version() const { return version_; }
  /// The first field of that name, in any case; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const { return find(headers_, name); }
  /// Likewise for the fields that followed a chunked body.
  [[nodiscard]] std::string_view trailer(std::string_view name) const { return find(trailers_, name); }
  [[nodiscard]] std::size_t header_count() const { return headers_.size(); }
  [[nodiscard]] Field header_at(std::size_t index) const {
    return {part(headers_[index].name), part(headers_[index].value)};
  }

 private:
  friend class RequestParser;
  friend class Connection;
  // Everything textual stands in one string that keeps its capacity from request to request.
  struct Part {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  struct FieldParts {
    Part name;
    Part value;
  };
  [[nodiscard]] std::string_view part(Part p) const {
    return std::string_view(text_).substr(p.offset, p.size);
  }
  [[nodiscard]] std::string_view find(const std::vector<FieldParts>& fields, std::string_view name) const;
  Part append(std::string_view text);
  void clear();
  void drop_body();
  void drop_text();

  std::string text_;
  Part method_;
  Part target_;
  Version version_ = Version::http_1_1;
  std::vector<FieldParts> headers_;
  std::vector<FieldParts> trailers_;
};

/// An answer to be written at once: nothing of it is kept after the call it is given to, but for a body whose
/// owner is named.
struct Response {
  unsigned status = 200;
  std::string_view content_type = {};  ///< no such field when empty
  std::string_view body = {};
  std::span<const Field> fields = {};  ///< further fields; those with an empty value are left out
  /// Of the body, where it is shared: what the kernel does not take at once is kept by it, and not copied.
  const std::shared_ptr<const void>* owner = nullptr;
};

/// An answer that owns its body.
struct Refusal {
  unsigned status = 400;
  std::string content_type;
  std::string body;
  std::string_view allow = {};  ///< static text for the Allow field of a 405
};

/// What a server refused by itself, or on its handler's word.
struct Refused {
  unsigned status = 400;
  std::string_view method = {};  ///< empty where there is no request line
  std::string_view target = {};
  std::string_view reason = {};  ///< a few words
};

class Connection;
class Stream;
enum class StreamEvent;

/// The right to answer one request, now or later. A copyable handle that does not keep the connection alive.
class Reply {
 public:
  Reply() = default;
  Reply(std::weak_ptr<Connection> connection, std::uint64_t serial)
      : connection_(std::move(connection)), serial_(serial) {}

  /// What became of an answer.
  enum class Sent {
    queued,  ///< the kernel has it, or the connection holds what the kernel would not take yet
    gone,    ///< the connection is gone, or the request was answered already
  };
  /// Writes the answer before it returns, as far as the kernel takes it. Never calls the handler.
  Sent send(const Response& response) const;
  /// Begins an answer whose body is written in pieces (http_stream.hpp); `response.body` is not sent. `told`
  /// is called from the io_context, never from inside a call; not when the server drops the connection.
  [[nodiscard]] Stream begin(const Response& response, std::function<void(StreamEvent)> told) const;
  /// Goes on reading a body after on_body said `pause`.
  void resume_body() const;
  /// Closes the connection without an answer.
  void drop() const;

  friend bool operator==(const Reply& a, const Reply& b) {
    return a.serial_ == b.serial_ && !a.connection_.owner_before(b.connection_) &&
           !b.connection_.owner_before(a.connection_);
  }

 private:
  std::weak_ptr<Connection> connection_;
  std::uint64_t serial_ = 0;
};

/// How a handler wants the body of a request.
enum class BodyDelivery {
  whole,   ///< with on_request
  pieces,  ///< by on_body, as they come; on_request then tells the end
};

/// Whether whoever gives pieces is to go on.
enum class Flow { more, pause };

/// What a handler says when it has seen the header.
struct HeadVerdict {
  /// A body over this ends as BodyEnd::too_large.
  std::size_t body_limit = 0;
  /// When set, the front discards the body, sends this, and on_request is not called.
  std::optional<Refusal> refusal = {};
  BodyDelivery delivery = BodyDelivery::whole;
  /// What the handler wants to know again of this request: its Request::tag from now on.
  std::uint32_t tag = 0;
};

/// Who answers the requests of a server.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Always the same.
  [[nodiscard]] virtual Dialect dialect() const { return Dialect::strict; }
  /// The server has refused what was no request, or a connection. Decides nothing: it must not touch the
  /// server.
  virtual void on_refused(const Refused& /*refused*/) {}
  /// The header is there, the body may not be. Decides only: it must not answer, nor touch the server.
  virtual HeadVerdict on_head(const Request& request) = 0;
  /// A piece of a body that was wanted so; `reply` is what on_request will be given. After `pause` nothing
  /// more is read until resume_body(); only on_request may follow, when this was the last piece. May destroy
  /// the server.
  virtual Flow on_body(const Request& /*request*/, std::string_view /*piece*/, const Reply& /*reply*/) {
    return Flow::more;
  }
  /// Once for each on_head that did not refuse, unless the server dropped the connection meanwhile. May
  /// destroy the server.
  virtual void on_request(Request& request, Reply reply) = 0;
  /// The peer closed its side while it waits for this reply. It may still read: drop() if nobody can be
  /// there.
  virtual void on_peer_gone(const Reply& reply) = 0;
};

class CallerGuard;

class Server {
 public:
  /// `guard` decides who is served: a caller that is not gets one 403, which is not the handler's.
  Server(boost::asio::io_context& context, Fd listener, Handler& handler, Limits limits = {},
         std::shared_ptr<CallerGuard> guard = nullptr);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  void start();
  /// Closes every connection, those the kernel has not handed over yet included. The handler hears nothing.
  void drop_connections();
  /// Accepts no more, closes what is idle now and everything else when its present request is answered; the
  /// rest of a body that is not whole is waited for no longer (BodyEnd::late).
  void drain();
  /// Closes everything at once and accepts no more. Final.
  void stop();
  /// Connections with a request whose answer is not with the kernel yet.
  [[nodiscard]] std::size_t unanswered_count() const;
  [[nodiscard]] std::size_t connection_count() const;
  /// How many there can be: as many as it was asked for, or half of the files that the process may open.
  [[nodiscard]] std::size_t most_connections() const;

 private:
  class Acceptor;
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace lemu::http
