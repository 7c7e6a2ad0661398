// SPDX-License-Identifier: Apache-2.0
// RuntimeApi: the Runtime API (2018-06-01) of one execution environment, over HTTP. Made and owned by the
// environment, with a listener that exists before the runtime's process does. The io_context's thread; every
// call returns at once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/http/http.hpp"
#include "rapi/runtime_state.hpp"

namespace lemu::rapi {

/// 6 MiB and 100 bytes, over which the platform refuses a response (aws-lambda-rie, MaxPayloadSize).
inline constexpr std::size_t kMaxPayload = std::size_t{6} * 1024 * 1024 + 100;

/// 200 MB: the most that can be streamed ("Response streaming for Lambda functions", AWS Lambda Developer
/// Guide).
inline constexpr std::size_t kMaxStreamedPayload = std::size_t{200} * 1024 * 1024;

/// A runtime has a connection or two, and one body at a time. So memory is bounded by what a misbehaving
/// function can make of it: two bodies, two headers of the largest size, 64 connections.
inline constexpr http::Limits kRuntimeHttpLimits{.connections = 64,
                                                 .bodies_bytes = 2 * kMaxPayload,
                                                 .heads_bytes = 2 * http::Limits{}.header_bytes,
                                                 .sure_connections = 8};

struct Limits {
  std::size_t response_bytes = kMaxPayload;
  std::size_t streamed_bytes = kMaxStreamedPayload;
  std::size_t error_bytes = kMaxPayload;
  http::Limits http = kRuntimeHttpLimits;
  std::shared_ptr<http::CallerGuard> guard = nullptr;  ///< who is served; without one whoever connects
};

enum class ResponseMode { buffered, streaming };

/// How the caller wants a response. It decides, not the runtime: aws-lambda-go streams without ever saying
/// so.
enum class ResponseDelivery {
  whole,        ///< on_response has it all
  as_streamed,  ///< in pieces when the runtime says that it streams, by the mode or by the content type
  pieces,       ///< in pieces
};

/// What is known of a response when it begins.
struct ResponseHead {
  std::string content_type;
  ResponseMode mode = ResponseMode::buffered;
  /// Goes on after a piece was answered by `pause`. May be called at any time, by whoever has it.
  std::function<void()> resume;
};

struct FunctionResponse {
  std::string request_id;
  std::string body;  ///< empty when it was given in pieces
  std::string content_type;
  ResponseMode mode = ResponseMode::buffered;
  // An error after the first byte, told in the trailers of a streamed response.
  std::string trailer_error_type;  ///< as sent
  std::string trailer_error_body;  ///< as sent: base64 of JSON
};

struct FunctionError {
  std::string request_id;  ///< empty for an error of init
  std::string body;        ///< what the caller gets, byte for byte
  std::string content_type;
  std::string error_type;  ///< sanitised: for reports, not for payloads
  std::string xray_cause;  ///< JSON of at most 64 KiB; empty when there is none
};

/// Why a response was not taken. The invocation counts as answered: the runtime may go on to `next`.
enum class ResponseFault {
  too_large,  ///< the runtime got 413
  truncated,  ///< 400, where it could still be told
  bad_mode,   ///< 400
};

/// What the API tells the environment. Called on the io_context's thread, after the runtime's answer is
/// queued on its socket, and never from inside a call of RuntimeApi. Each call may use the RuntimeApi, or
/// destroy it.
class RuntimeObserver {
 public:
  virtual ~RuntimeObserver() = default;
  /// The runtime called `next`: init is complete (the first time), or the invocation (then). Not for repeats.
  virtual void on_next() = 0;
  /// Only where a delivery in pieces was asked for. Then come the pieces, as the runtime writes them, and one
  /// of on_response and on_response_rejected; or nothing more, after abandon() or restart().
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who wants it moves from it
  virtual void on_response_begin(ResponseHead /*head*/) {}
  virtual http::Flow on_response_piece(std::string_view /*bytes*/) { return http::Flow::more; }
  virtual void on_response(FunctionResponse response) = 0;
  virtual void on_error(FunctionError error) = 0;
  virtual void on_init_error(FunctionError error) = 0;
  virtual void on_response_rejected(ResponseFault fault) = 0;
  /// A request, or a connection, was refused: told once for each kind of reason. As an exception it may come
  /// before the answer is queued, and must not use the RuntimeApi.
  virtual void on_refused(const http::Refused& /*refused*/) {}
};

class RuntimeApi {
 public:
  RuntimeApi(boost::asio::io_context& context, Fd listener, RuntimeObserver& observer, Limits limits = {});
  RuntimeApi(const RuntimeApi&) = delete;
  RuntimeApi& operator=(const RuntimeApi&) = delete;
  ~RuntimeApi();

  void start();

  enum class Handover {
    delivered,  ///< a blocked `next` was given the event before this returned
    waits,      ///< the next `next` will be
  };
  /// Gives the runtime an event. The previous one must be answered or abandoned.
  Handover dispatch(Event event, ResponseDelivery delivery = ResponseDelivery::whole);

  /// The invocation is over without the runtime's answer, which will be refused if it still comes.
  void abandon();
  /// A new runtime process follows: to be called when the old one is gone and before the new one starts.
  /// Closes all connections, forgets the event; the state is Started.
  void restart();
  /// Closes all connections and the listener. Final.
  void stop();

  [[nodiscard]] RuntimePhase phase() const;
  /// Connections that are open: none is left once an ended runtime's last words have been read.
  [[nodiscard]] std::size_t open_connections() const;

 private:
  class Service;
  std::shared_ptr<Service> service_;
};

}  // namespace lemu::rapi
