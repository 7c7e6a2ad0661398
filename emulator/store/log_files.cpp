// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/named_files.hpp"
#include "base/syscall.hpp"

namespace lemu::emulator {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".log";
constexpr char kOlder[] = ".1";
constexpr std::size_t kLongestFileName = 255;  // NAME_MAX

/// FNV-1a: the same in every daemon, unlike std::hash.
std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

/// A function may be called "." or "..", or have a longer name than a file can have.
std::string file_name_of(std::string_view part) {
  if (part == "." || part == "..") return part.size() == 1 ? "%2E" : "%2E%2E";
  if (part.size() <= kLongestFileName) return std::string(part);
  std::array<char, 18> tail{};
  std::snprintf(tail.data(), tail.size(), "~%016llx", static_cast<unsigned long long>(fingerprint(part)));
  return std::string(part.substr(0, kLongestFileName + 1 - tail.size())) + tail.data();
}

}  // namespace

std::string folder_of_group(std::string_view group) {
  std::string path;
  for (std::size_t at = 0; at < group.size();) {
    const std::size_t slash = std::min(group.find('/', at), group.size());
    const std::string_view part = group.substr(at, slash - at);
    if (!part.empty()) path += "/" + file_name_of(part);
    at = slash + 1;
  }
  return path;
}

LogFiles::LogFiles(const std::string& folder, const std::string& group, Limits limits)
    : folder_(folder + folder_of_group(group)), limits_(limits) {
  find_ended();
  forget_oldest();
}

/// Those of earlier daemons, by when they were written last.
void LogFiles::find_ended() {
  std::map<std::string, fs::file_time_type> found;
  std::error_code code;
  for (fs::recursive_directory_iterator at(folder_, code), end; !code && at != end; at.increment(code)) {
    std::string name = fs::relative(at->path(), folder_, code).string();
    if (name.ends_with(kOlder)) name.resize(name.size() - std::string_view(kOlder).size());
    if (!name.ends_with(kSuffix) || !at->is_regular_file(code)) continue;
    name.resize(name.size() - std::string_view(kSuffix).size());
    fs::file_time_type& latest = found[name];
    latest = std::max(latest, at->last_write_time(code));
  }
  std::vector<std::pair<fs::file_time_type, std::string>> by_time;
  for (auto& [name, time] : found) by_time.emplace_back(time, name);
  std::sort(by_time.begin(), by_time.end());
  for (auto& [time, name] : by_time) ended_.push_back(std::move(name));
}

/// The folders of a day, a month and a year go with the last file in them.
void LogFiles::forget_oldest() {
  for (; ended_.size() > limits_.streams; ended_.pop_front()) {
    const std::string path = path_of(ended_.front());
    for (const std::string& file : {path, path + kOlder}) ::unlink(file.c_str());
    fs::path folder = fs::path(path).parent_path();
    while (folder != folder_ && ::rmdir(folder.c_str()) == 0) folder = folder.parent_path();
  }
}

std::string LogFiles::path_of(const std::string& stream) const { return folder_ + "/" + stream + kSuffix; }

void LogFiles::open(const std::string& stream, File& file) const {
  const std::string path = path_of(stream);
  if (!make_private_folders(fs::path(path).parent_path().string())) return;
  // A pipe that somebody put there would have the daemon wait for its reader.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_NONBLOCK;
  Result<Fd> opened = open_private_file(path, kFlags);
  struct stat about {};
  if (opened && ::fstat(opened->get(), &about) == 0 && S_ISREG(about.st_mode)) file.fd = std::move(*opened);
}

void LogFiles::rotate(const std::string& stream, File& file) const {
  const std::string path = path_of(stream);
  std::rename(path.c_str(), (path + kOlder).c_str());
  file = File{};
  open(stream, file);
}

void LogFiles::append(const std::string& stream, std::string_view bytes) {
  const auto [found, fresh] = files_.try_emplace(stream);
  File& file = found->second;
  if (fresh) open(stream, file);
  if (!file.fd.valid()) return;
  if (file.size + bytes.size() > limits_.file && file.size > 0) rotate(stream, file);
  // A full disk costs the log, not the function.
  const Status written = write_all(file.fd.get(), bytes);
  if (written) file.size += bytes.size();
}

void LogFiles::end(const std::string& stream) {
  if (files_.erase(stream) == 0) return;
  ended_.push_back(stream);
  forget_oldest();
}

}  // namespace lemu::emulator
