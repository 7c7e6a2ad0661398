// SPDX-License-Identifier: Apache-2.0
// The whole of what a Lambda runtime needs: fetch an event, hand over the answer, over one kept connection.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

struct Reply {
  int status = 0;
  std::string headers;
  std::string body;

  std::string header(const std::string& name) const {
    for (size_t at = 0; (at = headers.find("\r\n", at)) != std::string::npos;) {
      at += 2;
      if (strncasecmp(headers.c_str() + at, (name + ":").c_str(), name.size() + 1) != 0) continue;
      const size_t value = headers.find_first_not_of(' ', at + name.size() + 1);
      return headers.substr(value, headers.find("\r\n", value) - value);
    }
    return {};
  }
};

class RuntimeApi {
 public:
  RuntimeApi() {
    const char* where = std::getenv("AWS_LAMBDA_RUNTIME_API");
    if (where == nullptr)
      throw std::runtime_error("AWS_LAMBDA_RUNTIME_API is not set: is this running in Lambda?");
    host_ = where;
    const size_t colon = host_.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(std::stoi(host_.substr(colon + 1))));
    if (inet_pton(AF_INET, host_.substr(0, colon).c_str(), &address.sin_addr) != 1) {
      throw std::runtime_error("not an address: " + host_);
    }
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), "connect");
    const int on = 1;
    check(setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  }
  ~RuntimeApi() { ::close(socket_); }
  RuntimeApi(const RuntimeApi&) = delete;
  RuntimeApi& operator=(const RuntimeApi&) = delete;

  /// Blocks until there is an event.
  Reply next() { return exchange("GET", "invocation/next", {}); }
  Reply respond(const std::string& id, const std::string& body) {
    return exchange("POST", "invocation/" + id + "/response", body);
  }
  Reply fail(const std::string& id, const std::string& body) {
    return exchange("POST", "invocation/" + id + "/error", body);
  }

 private:
  static ssize_t check(ssize_t result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
  }

  void read_more() {
    char bytes[65536];
    const ssize_t n = check(::recv(socket_, bytes, sizeof bytes, 0), "recv");
    if (n == 0) throw std::runtime_error("the Runtime API closed the connection");
    buffer_.append(bytes, static_cast<size_t>(n));
  }

  Reply exchange(const std::string& method, const std::string& path, const std::string& body) {
    std::string request = method + " /2018-06-01/runtime/" + path + " HTTP/1.1\r\nHost: " + host_ + "\r\n";
    if (method == "POST") {
      request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    request += "\r\n" + body;
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t n = ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      sent += static_cast<size_t>(check(n, "send"));
    }

    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) read_more();
    Reply reply;
    reply.headers = buffer_.substr(0, end + 2);
    reply.status = std::stoi(reply.headers.substr(reply.headers.find(' ') + 1));
    buffer_.erase(0, end + 4);
    reply.body =
        reply.header("Transfer-Encoding").empty() ? take_body(reply.header("Content-Length")) : take_chunks();
    return reply;
  }

  std::string take_body(const std::string& length) {
    const size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size) read_more();
    const std::string body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return body;
  }

  /// Lambda sends an event of more than 2,048 bytes in chunks: each after its size, the last one empty.
  std::string take_chunks() {
    std::string body;
    while (true) {
      size_t line = 0;
      while ((line = buffer_.find("\r\n")) == std::string::npos) read_more();
      const size_t begin = line + 2, size = std::stoul(buffer_, nullptr, 16);
      while (buffer_.size() < begin + size + 2) read_more();
      body.append(buffer_, begin, size);
      buffer_.erase(0, begin + size + 2);
      if (size == 0) return body;
    }
  }

  std::string host_;
  int socket_ = -1;
  std::string buffer_;
};
