// SPDX-License-Identifier: Apache-2.0
// LogFiles: the logs of one function as files: FOLDER/aws/lambda/NAME/YYYY/MM/DD/[VERSION]ID.log, as
// CloudWatch names groups and streams. A file that is full is kept as one older part, and of the streams that
// ended, in earlier daemons too, only the latest keep their files: a function that floods its log fills no
// disk. Owned by FunctionLog; lives on its thread: a line is in the kernel's cache when it is written, and no
// call here waits for a disk unless the kernel holds everybody back who writes. Handing lines to another
// thread would have to keep them all, or hold the function back, when that cannot follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace lemu::emulator {

/// Where the streams of a log group lie below --log-dir: "/aws/lambda/NAME". A name that no file can have is
/// replaced by one that it can: "." and ".." are percent-coded, one longer than NAME_MAX is cut and ends in a
/// fingerprint of the whole.
[[nodiscard]] std::string folder_of_group(std::string_view group);

class LogFiles {
 public:
  struct Limits {
    std::uint64_t file = std::uint64_t{10} << 20;  ///< bytes; there are two at most of a stream
    std::size_t streams = 100;                     ///< that ended
  };
  /// `group` as in AWS_LAMBDA_LOG_GROUP_NAME.
  LogFiles(const std::string& folder, const std::string& group) : LogFiles(folder, group, Limits{}) {}
  LogFiles(const std::string& folder, const std::string& group, Limits limits);

  void append(const std::string& stream, std::string_view bytes);
  /// The stream's last bytes are written.
  void end(const std::string& stream);

 private:
  struct File {
    Fd fd;
    std::uint64_t size = 0;
  };
  void find_ended();
  void forget_oldest();
  [[nodiscard]] std::string path_of(const std::string& stream) const;
  void open(const std::string& stream, File& file) const;
  void rotate(const std::string& stream, File& file) const;

  const std::string folder_;
  const Limits limits_;
  std::deque<std::string> ended_;  // whose files are there, the oldest first
  std::map<std::string, File> files_;
};

}  // namespace lemu::emulator
