// SPDX-License-Identifier: Apache-2.0
// spdlog's synchronous logger over a sink of our own: its asynchronous one has a thread to wake, and its
// sinks wait for whoever reads them.
#include "emulator/report/daemon_log.hpp"

#include <limits.h>
#include <poll.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/printable.hpp"

namespace lemu::emulator {
namespace {

using Format = DaemonLog::Format;

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
/// The payload is the rest of the object.
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

std::string text_payload(std::string_view event, DaemonLog::Fields fields) {
  std::string text(event);
  for (const auto& [name, value] : fields) text.append(" ").append(name).append("=").append(value);
  return printable(text);
}

/// `"event":"…","field":"…"`.
std::string json_payload(std::string_view event, DaemonLog::Fields fields) {
  nlohmann::ordered_json object{{"event", event}};
  for (const auto& [name, value] : fields) object[std::string(name)] = value;
  const std::string text = object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return printable_json(std::string_view(text).substr(1, text.size() - 2));
}

std::string payload(Format format, std::string_view event, DaemonLog::Fields fields) {
  return format == Format::json ? json_payload(event, fields) : text_payload(event, fields);
}

class NeverWaitingSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  NeverWaitingSink(int fd, Format format)
      : base_sink(std::make_unique<spdlog::pattern_formatter>(
            format == Format::json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc)),
        fd_(fd),
        format_(format) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (dropped_ > 0 && tell_dropped(message.time)) dropped_ = 0;
    if (dropped_ > 0 || !put(message)) ++dropped_;
  }
  void flush_() override {}

  bool tell_dropped(spdlog::log_clock::time_point now) {
    const std::string text = payload(format_, "log lines dropped", {{"lines", std::to_string(dropped_)}});
    return put(spdlog::details::log_msg(now, {}, {}, spdlog::level::warn, text));
  }

  /// A pipe that polls as writable takes PIPE_BUF bytes without waiting; see pipe(7). A longer line ends
  /// there.
  bool put(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (line.size() > PIPE_BUF) {
      line.resize(PIPE_BUF);
      line[PIPE_BUF - 1] = '\n';
    }
    pollfd ready{fd_, POLLOUT, 0};
    return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0 &&
           ::write(fd_, line.data(), line.size()) >= 0;
  }

  const int fd_;
  const Format format_;
  std::uint64_t dropped_ = 0;
};

spdlog::level::level_enum level_of(DaemonLog::Level level) {
  switch (level) {
    case DaemonLog::Level::info: return spdlog::level::info;
    case DaemonLog::Level::warning: return spdlog::level::warn;
    case DaemonLog::Level::error: return spdlog::level::err;
  }
  return spdlog::level::off;
}

}  // namespace

struct DaemonLog::Writer {
  Format format;
  spdlog::logger logger;
};

DaemonLog::DaemonLog(int fd, Format format, Level least)
    : writer_(new Writer{format, spdlog::logger("lemu", std::make_shared<NeverWaitingSink>(fd, format))}) {
  writer_->logger.set_level(level_of(least));
}

DaemonLog::~DaemonLog() = default;

void DaemonLog::write(Level level, std::string_view event, Fields fields) {
  if (!writer_->logger.should_log(level_of(level))) return;
  const std::string text = payload(writer_->format, event, fields);
  writer_->logger.log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace lemu::emulator
