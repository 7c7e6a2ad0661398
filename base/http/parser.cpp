// SPDX-License-Identifier: Apache-2.0
#include "base/http/parser.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

#include "base/words.hpp"

namespace lemu::http {
namespace {

namespace beast = boost::beast::http;

// What a field costs beyond its text, so that a million empty ones are not free.
constexpr std::size_t kFieldOverhead = 32;
// Bodies of up to that size need no room of the server's.
constexpr std::size_t kSmallBody = std::size_t{64} << 10;
// A declared length is believed up to here; a larger body grows as it comes. Memory that nothing was written
// to yet is the process's in name only.
constexpr std::size_t kBelievedAtMost = std::size_t{8} << 20;

/// Of an absolute form; empty when the target is another.
std::string_view after_scheme(std::string_view target) {
  if (target.starts_with('/')) return {};
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")})
    if (same_word(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  return {};
}

std::string_view std_view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string_view Request::find(const std::vector<FieldParts>& fields, std::string_view name) const {
  for (const FieldParts& field : fields)
    if (same_word(part(field.name), name)) return part(field.value);
  return {};
}

std::string_view Request::path() const {
  const std::string_view path = target().substr(0, target().find('?'));
  const std::string_view rest = after_scheme(path);
  if (rest.empty()) return path;
  const std::size_t slash = rest.find('/');
  return slash == std::string_view::npos ? "/" : rest.substr(slash);
}

std::string_view Request::authority() const {
  const std::string_view rest = after_scheme(target());
  return rest.empty() ? header("Host") : rest.substr(0, rest.find_first_of("/?"));
}

std::string_view Request::query() const {
  const std::size_t question = target().find('?');
  return question == std::string_view::npos ? std::string_view() : target().substr(question + 1);
}

Request::Part Request::append(std::string_view text) {
  const Part part{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
  text_.append(text);
  return part;
}

void Request::drop_body() {
  std::string().swap(body);
  room = {};
}

void Request::drop_text() {
  std::string().swap(text_);
  method_ = target_ = {};
  std::vector<FieldParts>().swap(headers_);
  std::vector<FieldParts>().swap(trailers_);
}

void Request::clear() {
  text_.clear();
  method_ = target_ = {};
  headers_.clear();
  trailers_.clear();
  body.clear();
  room = {};
  end = BodyEnd::complete;
  tag = 0;
}

RequestParser::RequestParser(Request& request, std::size_t header_limit)
    : request_(request), text_left_(header_limit) {
  request_.clear();
  this->header_limit(static_cast<std::uint32_t>(
      std::min<std::size_t>(header_limit, std::numeric_limits<std::uint32_t>::max())));
  // Limits are the handler's, known only after the header; and the header is to be seen before the body is
  // read.
  basic_parser::body_limit(boost::none);
  eager(false);
}

void RequestParser::keep_body(std::optional<std::size_t> limit) {
  body_limit_ = limit;
  if (limit && content_length() && *content_length() > *limit) request_.end = BodyEnd::too_large;
}

void RequestParser::piece_taken() {
  *body_limit_ -= request_.body.size();
  request_.body.clear();
}

std::size_t RequestParser::room_needed() const {
  if (!body_limit_ || request_.end != BodyEnd::complete) return 0;
  const std::uint64_t known = content_length().value_or(request_.body.size());
  if (known <= kSmallBody) return 0;
  return content_length() ? static_cast<std::size_t>(known) : *body_limit_;
}

std::uint64_t RequestParser::wanted_rest() const {
  const bool kept = body_limit_ && request_.end == BodyEnd::complete;
  return kept ? content_length_remaining().value_or(0) : 0;
}

void RequestParser::charge(std::size_t bytes, ErrorCode& ec) {
  if (bytes > text_left_)
    ec = beast::error::header_limit;
  else
    text_left_ -= bytes;
}

void RequestParser::on_request_impl(beast::verb, string_view method, string_view target, int version,
                                    ErrorCode& ec) {
  request_.version_ = version < 11 ? Request::Version::http_1_0 : Request::Version::http_1_1;
  charge(method.size() + target.size(), ec);
  if (ec) return;
  request_.method_ = request_.append(std_view(method));
  request_.target_ = request_.append(std_view(target));
}

void RequestParser::on_field_impl(field id, string_view name, string_view value, ErrorCode& ec) {
  // Beast applies its limit to each piece it is given, so the sum is counted here.
  charge(name.size() + value.size() + kFieldOverhead, ec);
  if (ec) return;
  // Beast takes another coding for "no body", which a front that knows it would not: a way to smuggle
  // requests.
  if (id == field::transfer_encoding &&
      (!same_word(std_view(value), "chunked") || request_.version_ == Request::Version::http_1_0)) {
    ec = beast::error::bad_transfer_encoding;
    return;
  }
  std::vector<Request::FieldParts>& fields =
      fields_ == Fields::header ? request_.headers_ : request_.trailers_;
  const Request::Part name_part = request_.append(std_view(name));
  fields.push_back({name_part, request_.append(std_view(value))});
}

void RequestParser::on_header_impl(ErrorCode&) { fields_ = Fields::trailer; }

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  if (length && body_limit_ && request_.end == BodyEnd::complete)
    request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kBelievedAtMost)));
}

std::size_t RequestParser::on_body_impl(string_view bytes, ErrorCode&) {
  body_started_ = true;
  if (body_limit_ && request_.end == BodyEnd::complete) {
    if (bytes.size() <= *body_limit_ - request_.body.size()) {
      request_.body.append(bytes.data(), bytes.size());
      return bytes.size();
    }
    request_.end = BodyEnd::too_large;
    discarded_ += request_.body.size();
    std::string().swap(request_.body);
  }
  discarded_ += bytes.size();
  return bytes.size();
}

void RequestParser::on_finish_impl(ErrorCode&) {}

}  // namespace lemu::http
