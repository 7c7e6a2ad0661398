// SPDX-License-Identifier: Apache-2.0
// RequestParser: Beast's parser, filling an Request that is reused. One per request, owned by a
// connection. Internal to the room: it pulls Beast.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional.hpp>
#include <limits>

#include "base/http/http.hpp"

namespace lemu::http {

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using ErrorCode = boost::beast::error_code;

  RequestParser(Request& request, std::size_t header_limit);

  /// From here on a body over `limit` is dropped and marked too large; a limit of nothing drops it silently.
  void keep_body(std::optional<std::size_t> limit);
  /// The body so far has been taken elsewhere; it counts towards the limit all the same.
  void piece_taken();
  /// Bytes of body that were read and dropped.
  [[nodiscard]] std::size_t discarded() const { return discarded_; }
  [[nodiscard]] bool body_started() const { return body_started_; }
  /// What a body that is kept whole takes, as far as that is known: its declared length; its limit where none
  /// is declared, once it is not small any more. 0 for a small one, and for one that is not kept.
  [[nodiscard]] std::size_t room_needed() const;
  /// Bytes still to come of a body that is kept and whose length was declared; 0 otherwise.
  [[nodiscard]] std::uint64_t wanted_rest() const;

 private:
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                       ErrorCode& ec) override;
  void on_response_impl(int, string_view, int, ErrorCode&) override {}
  void on_field_impl(field id, string_view name, string_view value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& ec) override;
  std::size_t on_body_impl(string_view bytes, ErrorCode& ec) override;
  void on_chunk_header_impl(std::uint64_t, string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, ErrorCode& ec) override {
    return on_body_impl(bytes, ec);
  }
  void on_finish_impl(ErrorCode& ec) override;
  void charge(std::size_t bytes, ErrorCode& ec);

  Request& request_;
  std::size_t text_left_;
  std::optional<std::size_t> body_limit_;
  std::size_t discarded_ = 0;
  enum class Fields { header, trailer } fields_ = Fields::header;
  bool body_started_ = false;
};

}  // namespace lemu::http
