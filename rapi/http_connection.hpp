// SPDX-License-Identifier: Apache-2.0
// HttpConnection: one accepted socket: reads requests one after the other, hands each to the handler, writes
// its answer. Owned by the server's list; kept alive besides by its own pending operations. The io_context's
// thread. Internal to the room.
//
// It is written with completion handlers instead of a coroutine: one read is always pending, which serves
// both to take the next request and to see the peer leave while a reply is awaited, and replies come from
// outside.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <optional>

#include "rapi/http_parser.hpp"

namespace lemu::rapi {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Clock = std::chrono::steady_clock;
  using Closed = std::function<void(HttpConnection&)>;

  /// `closed` is called once when the connection ends by itself, not when it is dropped.
  HttpConnection(Socket socket, HttpHandler& handler, const HttpLimits& limits, Closed closed);

  void start() { read(); }
  /// Closes at once; neither the handler nor `closed` hears of it.
  void drop();
  HttpReply::Sent send(std::uint64_t serial, const HttpResponse& response);
  void drop_request(std::uint64_t serial);

 private:
  using ErrorCode = boost::system::error_code;
  enum class Phase {
    receiving,  ///< waiting for a request, or in one
    awaiting,   ///< the handler has a request and has not answered
    writing,    ///< the kernel would not take all of an answer
    lingering,  ///< answered and shut down; reads only so that the peer gets the answer before a reset
    closed,
  };
  enum class Pull { more_needed, request_done, stopped };

  void read();
  void on_read(ErrorCode ec, std::size_t count);
  void on_end();
  void process();
  Pull pull();
  void begin_request();
  void head_complete();
  void expect_continue();
  void deliver();
  void truncate();
  void fail_request(unsigned status, std::string_view reason);

  void write(const HttpResponse& response);
  void write_bytes(std::string_view head, std::string_view body);
  void compose_head(const HttpResponse& response);
  void answered();
  void linger();
  void close();

  void set_deadline(std::chrono::milliseconds from_now);
  void arm_timer();
  void on_timer();
  void on_deadline();

  Socket socket_;
  HttpHandler* handler_;
  const HttpLimits limits_;
  Closed closed_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor> timer_;

  boost::beast::flat_buffer in_;
  std::optional<RequestParser> parser_;
  HttpRequest request_;
  std::string out_;
  std::optional<HttpRefusal> refusal_;
  std::optional<Clock::time_point> deadline_;
  std::uint64_t serial_ = 0;  // of the request that may be answered
  Phase phase_ = Phase::receiving;
  // Facts about the connection, each on its own.
  bool head_done_ = false;
  bool reading_ = false;
  bool processing_ = false;
  bool timer_running_ = false;
  bool peer_closed_ = false;
  bool close_after_reply_ = false;
  bool continue_sent_ = false;
  bool said_keep_alive_ = false;
};

}  // namespace lemu::rapi
