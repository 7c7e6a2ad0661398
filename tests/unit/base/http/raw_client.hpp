// SPDX-License-Identifier: Apache-2.0
// RawClient: a byte-level HTTP client in the same thread as the server it talks to: whatever it waits for, it
// drives the io_context meanwhile. A wait that lasts 10 s fails the test.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "tests/unit/base/http/unix_listener.hpp"

namespace lemu::http::test {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  int chunks = 0;  ///< of a chunked one, the last included
  [[nodiscard]] bool has(std::string_view line) const {
    return head.find(std::string(line) + "\r\n") != head.npos;
  }
};

template <class Condition>
void run_until(boost::asio::io_context& context, Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < limit);
    context.restart();
    context.run_one_for(std::chrono::milliseconds(1));
  }
}

class RawClient {
 public:
  RawClient(boost::asio::io_context& context, const Fd& listener) : context_(context) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    connect(address);
  }
  RawClient(boost::asio::io_context& context, std::string_view host_port) : context_(context) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(std::string(host_port.substr(host_port.find(':') + 1)))));
    connect(address);
  }

  RawClient(boost::asio::io_context& context, const UnixListener& listener)
      : context_(context), fd_(listener.connect()) {}

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
      if (n < 0) {
        REQUIRE(errno == EAGAIN);
        settle();
      }
    }
  }
  /// As much as the kernel takes now.
  std::size_t send_some(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n =
          ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) break;
      sent += static_cast<std::size_t>(n);
    }
    return sent;
  }
  void send_one_by_one(std::string_view bytes) {
    for (const char byte : bytes) {
      send({&byte, 1});
      settle();
    }
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  /// Lets the server do what it can do now.
  void settle() {
    context_.restart();
    context_.poll();
  }

  /// The next whole answer.
  Answer answer() {
    std::optional<Answer> found;
    run_until(context_, [&] {
      receive();
      return (found = take()).has_value() || ended_;
    });
    REQUIRE(found.has_value());
    return *found;
  }
  /// True when the server ends the connection without a further byte.
  bool ended() {
    run_until(context_, [&] {
      receive();
      return ended_ || !in_.empty();
    });
    return in_.empty();
  }
  bool silent() {
    for (int i = 0; i < 5; ++i) settle();
    receive();
    return in_.empty() && !ended_;
  }
  Answer ask(std::string_view bytes) {
    send(bytes);
    return answer();
  }
  std::string take_all() {
    receive();
    return std::exchange(in_, {});
  }

 private:
  void connect(const sockaddr_in& address) {
    fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  void receive() {
    char buffer[65536];
    while (fd_.valid()) {
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) {
        in_.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (n == 0 || (errno != EAGAIN && errno != EINTR)) ended_ = true;
      return;
    }
  }
  std::optional<Answer> take() {
    const std::size_t end = in_.find("\r\n\r\n");
    if (end == in_.npos) return std::nullopt;
    Answer answer;
    answer.head = in_.substr(0, end + 2);
    answer.status = std::stoi(answer.head.substr(9, 3));
    if (answer.has("Transfer-Encoding: chunked")) return take_chunks(std::move(answer), end + 4);
    std::size_t length = 0;
    const std::size_t at = answer.head.find("Content-Length: ");
    if (at != answer.head.npos) length = std::stoul(answer.head.substr(at + 16));
    if (in_.size() < end + 4 + length) return std::nullopt;
    answer.body = in_.substr(end + 4, length);
    in_.erase(0, end + 4 + length);
    return answer;
  }

  std::optional<Answer> take_chunks(Answer answer, std::size_t at) {
    while (true) {
      const std::size_t line = in_.find("\r\n", at);
      if (line == in_.npos) return std::nullopt;
      const std::size_t size = std::stoul(in_.substr(at, line - at), nullptr, 16);
      if (in_.size() < line + 2 + size + 2) return std::nullopt;
      answer.body += in_.substr(line + 2, size);
      at = line + 2 + size + 2;  // no trailers
      ++answer.chunks;
      if (size > 0) continue;
      in_.erase(0, at);
      return answer;
    }
  }

  boost::asio::io_context& context_;
  Fd fd_;
  std::string in_;
  bool ended_ = false;
};

}  // namespace lemu::http::test
