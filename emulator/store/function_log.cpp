// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/function_log.hpp"

#include <algorithm>
#include <utility>

namespace lemu::emulator {
namespace {

constexpr std::size_t kKeptBytes = std::size_t{256} << 10;
constexpr std::size_t kPieceBytes = std::size_t{4} << 10;  // small appends share a piece

}  // namespace

void FunctionLog::append(const std::string& stream, std::string_view bytes) {
  if (bytes.empty()) return;
  if (files_) files_->append(stream, bytes);
  written_ += bytes.size();
  if (bytes.size() > kKeptBytes) bytes.remove_prefix(bytes.size() - kKeptBytes);
  if (pieces_.empty() || pieces_.back().text.size() + bytes.size() > kPieceBytes) pieces_.emplace_back();
  pieces_.back().text.append(bytes);
  pieces_.back().end = written_;
  kept_ += bytes.size();
  while (kept_ > kKeptBytes && pieces_.size() > 1) {
    kept_ -= pieces_.front().text.size();
    pieces_.pop_front();
  }
  tell_watchers();
}

void FunctionLog::finish() {
  if (std::exchange(finished_, true)) return;
  tell_watchers();
}

void FunctionLog::tell_watchers() {
  if (watchers_.empty()) return;
  const std::set<LogWatcher*> all = watchers_;  // one that is told may go, and take others with it
  for (LogWatcher* watcher : all)
    if (watchers_.contains(watcher)) watcher->on_more();
}

void FunctionLog::end(const std::string& stream) {
  if (files_) files_->end(stream);
}

FunctionLog::Page FunctionLog::since(std::uint64_t after) const {
  Page page{{}, written_};
  for (const Piece& piece : pieces_) {
    if (piece.end <= after) continue;
    const std::uint64_t fresh = std::min<std::uint64_t>(piece.end - after, piece.text.size());
    page.text.append(piece.text, piece.text.size() - fresh, fresh);
  }
  return page;
}

}  // namespace lemu::emulator
