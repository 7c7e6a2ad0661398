// SPDX-License-Identifier: Apache-2.0
#include "images/survey.hpp"

#include <cstdint>
#include <filesystem>
#include <system_error>

#include "images/archive.hpp"

namespace lemu::images {
namespace fs = std::filesystem;

Survey survey_folder(const std::string& folder) {
  constexpr int kMostVisited = 50'000;
  Survey survey;
  std::uint64_t bytes = 0;
  int visited = 0;
  std::error_code failed;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, failed);
  for (const fs::recursive_directory_iterator end; !failed && walk != end; walk.increment(failed)) {
    if (++visited > kMostVisited) break;
    std::error_code unknown;
    if (walk->is_symlink(unknown)) continue;
    if (walk->is_socket(unknown) || walk->is_fifo(unknown))
      survey.channels.push_back(walk->path().lexically_relative(folder).string());
    if (survey.over_limit || !walk->is_regular_file(unknown)) continue;
    const std::uintmax_t size = walk->file_size(unknown);
    if (!unknown) bytes += size;
    survey.over_limit = bytes > kMostUnzipped;
  }
  survey.whole = !failed && visited <= kMostVisited;
  return survey;
}

}  // namespace lemu::images
