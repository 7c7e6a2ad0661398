// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/log_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lemu::emulator {
namespace {

// How QEMU's own lines begin (linux-user/signal.c, accel/tcg, util/qemu-thread-posix.c), and GLib's for an
// assertion of QEMU's: a guest's fork that this host refuses a thread ends in one.
constexpr std::array<std::string_view, 6> kBeginnings{"qemu: uncaught target signal ",
                                                      "qemu: qemu_thread_create: ",
                                                      "qemu: unhandled CPU exception ",
                                                      "qemu:handle_cpu_signal received ",
                                                      "**\nERROR:",
                                                      "Bail out! ERROR:"};
constexpr std::size_t kLongestQemuLine = 200;

/// The beginning that stands at this place; empty when none does.
std::string_view beginning_at(std::string_view text, std::size_t at) {
  for (const std::string_view beginning : kBeginnings)
    if (text.substr(at).starts_with(beginning)) return beginning;
  return {};
}

/// A place where one stands, or (at the end of the text) could still come to stand.
std::size_t find_beginning(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] != 'q' && text[at] != '*' && text[at] != 'B') continue;
    const std::string_view rest = text.substr(at);
    for (const std::string_view beginning : kBeginnings)
      if (rest.starts_with(beginning.substr(0, rest.size()))) return at;
  }
  return text.size();
}

/// A program with GLib in it has assertions of its own: QEMU's name its sources.
bool is_qemus(std::string_view line) {
  return line.find("ERROR:") == std::string_view::npos || line.find("/tcg/") != std::string_view::npos ||
         line.find("/linux-user/") != std::string_view::npos;
}

}  // namespace

EmulatorWords::Split EmulatorWords::feed(std::string_view bytes) {
  Split split;
  kept_ += bytes;
  std::size_t done = 0;
  while (true) {
    const std::size_t start = find_beginning(kept_, done);
    split.function.append(kept_, done, start - done);
    done = start;
    const std::string_view beginning = beginning_at(kept_, start);
    const std::size_t end = kept_.find('\n', start + beginning.size());
    const bool undecided =
        beginning.empty() || (end == std::string::npos && kept_.size() - start < kLongestQemuLine);
    if (undecided) break;
    const std::string_view line = std::string_view(kept_).substr(start, end - start);
    if (end == std::string::npos || line.size() > kLongestQemuLine ||
        !is_qemus(line)) {  // the function's own words after all
      split.function += kept_[start];
      done = start + 1;
    } else {
      split.emulator.append(line).push_back('\n');
      done = end + 1;
    }
  }
  kept_.erase(0, done);
  return split;
}

std::string EmulatorWords::flush() { return std::exchange(kept_, {}); }

class LogReader::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& context, Fd pipe, LogSink& sink, Guest guest)
      : pipe_(context), sink_(&sink), guest_(guest) {
    ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
    pipe_.assign(pipe.release());
  }

  void listen() {
    pipe_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& code) {
                       if (code || self->sink_ == nullptr) return;
                       // One piece a turn: a function that floods its log must not keep its answer waiting.
                       if (self->read_piece() == Piece::end) return;
                       self->sink_->when_taken([self] {
                         if (self->sink_ != nullptr) self->listen();
                       });
                     });
  }

  void drain() {
    // Bounded, for a function that goes on writing while its log is read.
    constexpr int kMostPieces = 64;
    for (int i = 0; i < kMostPieces && read_piece() == Piece::some; ++i) {
    }
    if (guest_ == Guest::emulated) sink_->function_output(words_.flush());
  }

  void close() {
    sink_ = nullptr;
    boost::system::error_code ignored;
    pipe_.close(ignored);
  }

 private:
  enum class Piece { some, none, end };

  Piece read_piece() {
    const ssize_t n = ::read(pipe_.native_handle(), buffer_.data(), buffer_.size());
    if (n == 0) return Piece::end;
    if (n < 0) return errno == EAGAIN || errno == EINTR ? Piece::none : Piece::end;
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(n));
    if (guest_ == Guest::native) {
      sink_->function_output(bytes);
      return Piece::some;
    }
    const EmulatorWords::Split split = words_.feed(bytes);
    sink_->function_output(split.function);
    if (!split.emulator.empty()) sink_->detail(split.emulator);
    return Piece::some;
  }

  boost::asio::posix::stream_descriptor pipe_;
  LogSink* sink_;
  Guest guest_;
  EmulatorWords words_;
  std::array<char, 65536> buffer_;
};

LogReader::LogReader(boost::asio::io_context& context, Fd pipe, LogSink& sink, Guest guest)
    : impl_(std::make_shared<Impl>(context, std::move(pipe), sink, guest)) {
  impl_->listen();
}
LogReader::~LogReader() { impl_->close(); }
void LogReader::drain() { impl_->drain(); }

}  // namespace lemu::emulator
