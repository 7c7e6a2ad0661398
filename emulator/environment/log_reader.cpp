// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/log_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lemu::emulator {
namespace {

constexpr std::string_view kQemuSays = "qemu: uncaught target signal ";
constexpr std::size_t kLongestQemuLine = 200;

/// How many of the last bytes of `text` begin kQemuSays.
std::size_t possible_start(std::string_view text) {
  for (std::size_t size = std::min(text.size(), kQemuSays.size() - 1); size > 0; --size)
    if (text.substr(text.size() - size) == kQemuSays.substr(0, size)) return size;
  return 0;
}

}  // namespace

EmulatorWords::Split EmulatorWords::feed(std::string_view bytes) {
  Split split;
  kept_ += bytes;
  while (true) {
    const std::size_t start = kept_.find(kQemuSays);
    if (start == std::string::npos) {
      const std::size_t keep = possible_start(kept_);
      split.function.append(kept_, 0, kept_.size() - keep);
      kept_.erase(0, kept_.size() - keep);
      return split;
    }
    split.function.append(kept_, 0, start);
    kept_.erase(0, start);
    const std::size_t end = kept_.find('\n');
    if (end == std::string::npos && kept_.size() < kLongestQemuLine) return split;
    if (end == std::string::npos || end > kLongestQemuLine) {  // the function's own words after all
      split.function += kept_[0];
      kept_.erase(0, 1);
      continue;
    }
    split.emulator.append(kept_, 0, end + 1);
    kept_.erase(0, end + 1);
  }
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
