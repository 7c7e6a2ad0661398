// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/syscall.hpp"

namespace lemu::emulator {
namespace {

constexpr char kOlder[] = ".1";

}  // namespace

LogFiles::LogFiles(const std::string& folder, const std::string& group, Limits limits)
    : folder_(folder + group), limits_(limits) {}

std::string LogFiles::path_of(const std::string& stream) const { return folder_ + "/" + stream + ".log"; }

void LogFiles::open(const std::string& stream, File& file) const {
  const std::string path = path_of(stream);
  std::error_code code;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), code);
  // A pipe that somebody put there would have the daemon wait for its reader.
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  Result<Fd> opened = open_file(path, kFlags, 0600);
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
  if (ended_.size() <= limits_.streams) return;
  const std::string path = path_of(ended_.front());
  ended_.pop_front();
  for (const std::string& file : {path, path + kOlder}) ::unlink(file.c_str());
}

}  // namespace lemu::emulator
