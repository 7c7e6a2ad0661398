// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <cerrno>
#include <iterator>
#include <unordered_map>

#include "base/http/caller_guard.hpp"
#include "base/http/connection.hpp"

namespace lemu::http {
namespace {

namespace asio = boost::asio;
using boost::asio::ip::tcp;

// Who connects without end must not keep everything else waiting.
constexpr int kAcceptedAtOnce = 64;
// When descriptors run out, a connection has to end before another can begin.
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{50};
// Callers that are refused are told so in their turn, as long as there are few of them and they are quick.
constexpr std::size_t kRefusedAtOnce = 8;
constexpr std::chrono::milliseconds kPatienceWithRefused{5'000};

/// The next connection of the kernel's queue, close-on-exec (Asio's own accept leaves it inheritable).
Fd accept_one(int listener) {
  int fd = -1;
  do fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  return Fd(fd);
}

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 24\r\n"
    "Connection: close\r\n\r\n503 too many connections";

/// Says why, as far as that can be had without waiting: what the peer has sent is taken first, or its kernel
/// would be told of a reset and might drop the answer.
void turn_away(const Fd& fd) {
  std::array<char, 4096> ignored;
  while (::recv(fd.get(), ignored.data(), ignored.size(), MSG_DONTWAIT) == std::ssize(ignored)) continue;
  ::send(fd.get(), kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(fd.get(), SHUT_WR);
}

/// A peer whose machine is gone, or no longer reached, is known by that after 3 minutes.
void probe_when_silent(const Fd& fd) {
  const int on = 1, seconds_of_silence = 120, between_probes = 20, probes = 3;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, &seconds_of_silence, sizeof seconds_of_silence);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, &between_probes, sizeof between_probes);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

std::size_t open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace

/// The listening half of a server and its list of connections; shared with its own pending operations.
class Server::Acceptor : public std::enable_shared_from_this<Server::Acceptor> {
 public:
  Acceptor(asio::io_context& context, Fd listener, Handler& handler, const Limits& limits,
           std::shared_ptr<CallerGuard> guard)
      : context_(context),
        acceptor_(context.get_executor()),
        pause_(context.get_executor()),
        handler_(handler),
        limits_(limits),
        guard_(std::move(guard)),
        many_descriptors_(open_files_limit() / 2),
        most_(std::min(limits.connections, many_descriptors_)) {
    acceptor_.assign(tcp::v4(), listener.release());
    acceptor_.non_blocking(true);
  }

  void wait() {
    acceptor_.async_wait(tcp::acceptor::wait_read,
                         [weak = weak_from_this()](const boost::system::error_code& ec) {
                           const std::shared_ptr<Acceptor> self = weak.lock();
                           if (self && !ec && self->acceptor_.is_open()) self->accept_all();
                         });
  }

  void drop_connections() {
    // A process that is gone may have left connections, and requests in them, that nobody has accepted yet.
    if (acceptor_.is_open())
      while (accept_one(acceptor_.native_handle()).valid()) continue;
    for (const auto& [address, connection] : std::exchange(connections_, {})) connection->drop();
    for (const auto& [address, connection] : std::exchange(refused_, {})) connection->drop();
  }

  void drain() {
    stop_accepting();
    const Connections all = connections_;  // some take themselves off it
    for (const auto& [address, connection] : all) connection->retire();
    for (const auto& [address, connection] : std::exchange(refused_, {})) connection->drop();
  }

  void stop() {
    drop_connections();
    stop_accepting();
  }

  [[nodiscard]] std::size_t unanswered_count() const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(),
                      [](const Connections::value_type& one) { return one.second->owes_answer(); }));
  }

  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }
  [[nodiscard]] std::size_t most() const { return most_; }

 private:
  using Connections = std::unordered_map<const Connection*, std::shared_ptr<Connection>>;

  void stop_accepting() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

  void accept_all() {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      Fd fd = accept_one(acceptor_.native_handle());
      if (!fd.valid()) return accept_later(errno);
      if (std::optional<std::string> objection = guard_ ? guard_->objection(fd.get()) : std::nullopt)
        refuse(std::move(fd), std::move(*objection));
      else if (connections_.size() >= most_ + limits_.reserve || too_scarce(fd))
        refuse_as_too_many(fd);
      else
        adopt(std::move(fd),
              connections_.size() < most_ ? Request::Standing::usual : Request::Standing::reserve);
    }
    wait();
  }

  /// The kernel gives the lowest number that is free, so a number tells how many are in use.
  [[nodiscard]] bool too_scarce(const Fd& fd) const {
    return connections_.size() >= limits_.sure_connections &&
           static_cast<std::size_t>(fd.get()) >= many_descriptors_;
  }

  void refuse_as_too_many(const Fd& fd) {
    turn_away(fd);
    handler_.on_refused({.status = 503, .reason = "there are too many connections"});
  }

  void accept_later(int error) {
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
      wait_for_descriptors();
    else
      wait();
  }

  void wait_for_descriptors() {
    pause_.expires_after(kPauseWithoutDescriptors);
    pause_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
      const std::shared_ptr<Acceptor> self = weak.lock();
      if (self && !ec && self->acceptor_.is_open()) self->accept_all();
    });
  }

  void adopt(Fd fd, Request::Standing standing) {
    if (const std::shared_ptr<Connection> made = make(std::move(fd), limits_, connections_))
      made->start(standing);
  }

  /// Those are not counted among the others.
  void refuse(Fd fd, std::string objection) {
    if (refused_.size() >= kRefusedAtOnce) return;
    Limits limits = limits_;
    limits.header_deadline = limits.body_deadline = limits.idle_deadline = kPatienceWithRefused;
    if (const std::shared_ptr<Connection> made = make(std::move(fd), limits, refused_))
      made->start_refused({403, "text/plain; charset=utf-8", std::move(objection) + "\n", {}});
  }

  std::shared_ptr<Connection> make(Fd fd, const Limits& limits, Connections& list) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    probe_when_silent(fd);
    Connection::Socket socket(context_.get_executor());
    boost::system::error_code ec;
    socket.assign(tcp::v4(), fd.get(), ec);
    if (ec) return nullptr;
    static_cast<void>(fd.release());
    auto connection = std::make_shared<Connection>(std::move(socket), handler_, limits, bodies_, heads_,
                                                   [weak = weak_from_this()](Connection& closed) {
                                                     const std::shared_ptr<Acceptor> self = weak.lock();
                                                     if (self && self->connections_.erase(&closed) == 0)
                                                       self->refused_.erase(&closed);
                                                   });
    list.emplace(connection.get(), connection);
    return connection;
  }

  asio::io_context& context_;
  asio::basic_socket_acceptor<tcp, Connection::Executor> acceptor_;
  asio::basic_waitable_timer<Connection::Clock, asio::wait_traits<Connection::Clock>, Connection::Executor>
      pause_;
  Handler& handler_;
  const Limits limits_;
  const std::shared_ptr<CallerGuard> guard_;
  const std::shared_ptr<BodyBudget> bodies_ = std::make_shared<BodyBudget>(limits_.bodies_bytes);
  const std::shared_ptr<BodyBudget> heads_ = std::make_shared<BodyBudget>(limits_.heads_bytes);
  const std::size_t many_descriptors_;  ///< half of those that the process may have
  const std::size_t most_;  ///< connections, so that descriptors are left for the rest of the process
  Connections connections_;
  Connections refused_;
};

Server::Server(asio::io_context& context, Fd listener, Handler& handler, Limits limits,
               std::shared_ptr<CallerGuard> guard)
    : acceptor_(std::make_shared<Acceptor>(context, std::move(listener), handler, limits, std::move(guard))) {
}
Server::~Server() { stop(); }
void Server::start() { acceptor_->wait(); }
void Server::drop_connections() { acceptor_->drop_connections(); }
void Server::drain() { acceptor_->drain(); }
std::size_t Server::unanswered_count() const { return acceptor_->unanswered_count(); }
void Server::stop() { acceptor_->stop(); }
std::size_t Server::most_connections() const { return acceptor_->most(); }
std::size_t Server::connection_count() const { return acceptor_->connection_count(); }

}  // namespace lemu::http
