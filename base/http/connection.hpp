// SPDX-License-Identifier: Apache-2.0
// Connection: one accepted socket: reads requests one after the other, hands each to the handler, writes
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
#include <optional>

#include "base/http/date.hpp"
#include "base/http/go_head.hpp"
#include "base/http/parser.hpp"
#include "base/http/stream.hpp"

struct iovec;

namespace lemu::http {

void append_field(std::string& out, std::string_view name, std::string_view value);
void append_chunk_size(std::string& out, std::size_t size);

class Connection final : private RoomWaiter, public std::enable_shared_from_this<Connection> {
 public:
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Clock = std::chrono::steady_clock;
  using Closed = std::function<void(Connection&)>;

  /// `closed` is called once when the connection ends by itself, not when it is dropped.
  Connection(Socket socket, Handler& handler, const Limits& limits, std::shared_ptr<BodyBudget> bodies,
             std::shared_ptr<BodyBudget> heads, Closed closed);

  void start(Request::Standing standing);
  /// Answers the first request so, without the handler, and closes.
  void start_refused(Refusal refusal);
  /// Closes when the present request is answered; at once when there is none. A body that is not whole is
  /// waited for no longer.
  void retire();
  /// A request's header is there, and its answer not yet with the kernel.
  [[nodiscard]] bool owes_answer() const;
  /// Closes at once; neither the handler nor `closed` hears of it.
  void drop();
  Reply::Sent send(std::uint64_t serial, const Response& response);
  void drop_request(std::uint64_t serial);
  void resume_body(std::uint64_t serial);
  // For Stream.
  bool begin_stream(std::uint64_t serial, const Response& response, std::function<void(StreamEvent)> told);
  Stream::Room write_piece(std::uint64_t serial, std::span<const std::string_view> parts);
  Stream::Room finish_stream(std::uint64_t serial, std::span<const Field> trailers);

 private:
  using ErrorCode = boost::system::error_code;
  enum class Phase {
    receiving,  ///< waiting for a request, or in one
    awaiting,   ///< the handler has a request and has not answered
    writing,    ///< the kernel would not take all of an answer
    streaming,  ///< an answer is being written in pieces
    lingering,  ///< answered and shut down; reads only so that the peer gets the answer before a reset
    closed,
  };
  enum class Pull { more_needed, request_done, stopped };

  void read();
  [[nodiscard]] std::size_t read_size() const;
  [[nodiscard]] std::size_t unread() const { return in_.size() - taken_; }
  void take(std::size_t count);
  void on_read(ErrorCode ec, std::size_t count);
  void on_end();
  void process();
  Pull pull();
  std::size_t put(ErrorCode& ec);
  void begin_request();
  void head_complete();
  void expect_continue();
  void hand_over_piece();
  void look_for_room();
  void look_for_head_room();
  void wait_no_longer();
  [[nodiscard]] bool waits_for_room() const { return waits_in_ != nullptr; }
  void forget_head();
  void on_room(BodyRoom room) override;
  void deliver();
  void truncate(BodyEnd why);
  void stop_waiting_for_body(BodyEnd why);
  void fail_request(unsigned status, std::string_view reason);

  void write(const Response& response);
  /// The parts of an answer; each may be empty.
  struct Message {
    std::string_view head;
    std::string_view body;
    std::string_view end;  ///< static text
    [[nodiscard]] std::size_t size() const { return head.size() + body.size() + end.size(); }
    /// Less what stands in front.
    [[nodiscard]] Message after(std::size_t taken) const;
  };
  void write_bytes(const Message& message, const std::shared_ptr<const void>* owner = nullptr);
  void write_rest(const Message& rest, const std::shared_ptr<const void>* owner);
  std::optional<std::size_t> give_to_kernel(std::span<iovec> pieces);
  enum class Framing { length, chunked, until_close };
  [[nodiscard]] Framing framing_of(const Response& response) const;
  void compose_head(const Response& response, Framing framing);
  void append_fields(const Response& response);
  Stream::Room write_out(std::span<const std::string_view> parts);
  void flush();
  void flushed(ErrorCode ec);
  void lose_peer();
  void answered();
  void linger();
  void close();

  void set_deadline(std::chrono::milliseconds from_now);
  void await_request();
  void arm_timer();
  void on_timer();
  void on_deadline();

  Socket socket_;
  Handler* handler_;
  const Limits limits_;
  const Dialect dialect_;
  const std::shared_ptr<BodyBudget> bodies_;
  const std::shared_ptr<BodyBudget> heads_;
  Closed closed_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor> timer_;

  boost::beast::flat_buffer in_;
  std::size_t taken_ =
      0;  // bytes at the front of in_ that are done with, while a read has the room behind them
  std::optional<RequestParser> parser_;
  GoHead go_head_;
  Request request_;
  BodyRoom head_room_;              // of what is large and not parsed yet, or in request_
  BodyBudget* waits_in_ = nullptr;  // nothing is read meanwhile
  std::string out_;
  std::shared_ptr<const void> owner_;  // of a body that is written after out_, where it is not in it
  struct OutStream {
    std::function<void(StreamEvent)> told;
    Framing framing = Framing::chunked;
    std::string queued;  // follows what is being sent from out_
    bool sending = false;
    bool full = false;
    bool finished = false;
    bool no_body = false;  // the answer to HEAD
  };
  std::unique_ptr<OutStream> stream_;  // while an answer is being written in pieces
  std::optional<Refusal> refusal_;
  std::optional<Refusal> imposed_;  // of whatever is asked here
  std::optional<Clock::time_point> deadline_;
  Date date_;
  std::uint64_t serial_ = 0;  // of the latest request whose header is there
  Phase phase_ = Phase::receiving;
  // Facts about the connection, each on its own.
  bool head_done_ = false;
  bool in_pieces_ = false;  // the handler takes the body so
  bool paused_ = false;     // until resume_body()
  bool reading_ = false;
  bool processing_ = false;
  bool timer_running_ = false;
  bool peer_closed_ = false;
  bool close_after_reply_ = false;
  bool continue_sent_ = false;
  bool speaks_1_0_ = false;
  bool asks_for_head_only_ = false;
};

}  // namespace lemu::http
