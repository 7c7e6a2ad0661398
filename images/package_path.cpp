// SPDX-License-Identifier: Apache-2.0
#include "images/package_path.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <iterator>
#include <vector>

namespace lemu::images {
namespace {

constexpr int kMostLinks = 40;  // as the kernel (path_resolution(7))
constexpr std::string_view kTaskRoot[] = {"var", "task"};
constexpr std::size_t kTaskDepth = std::size(kTaskRoot);

void push_components(std::deque<std::string>& todo, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  todo.insert(todo.begin(), parts.begin(), parts.end());
}

class Follower {
 public:
  explicit Follower(int folder) : folder_(folder) {}

  PackagePath follow(std::string_view path) {
    push_components(todo_, path);
    while (!todo_.empty() && answer_.error == 0) step();
    if (answer_.error == 0 && place_.size() <= kTaskDepth) lead_out();
    if (answer_.error != 0) return std::move(answer_);
    struct stat about {};
    answer_.relative = below_task();
    if (::fstatat(folder_, answer_.relative.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) answer_.error = errno;
    return std::move(answer_);
  }

 private:
  void step() {
    const std::string part = std::move(todo_.front());
    todo_.pop_front();
    if (part == "..") {
      if (!place_.empty()) place_.pop_back();
      answer_.same_on_host = answer_.same_on_host && place_.size() >= kTaskDepth;
      return;
    }
    place_.push_back(part);
    if (place_.size() <= kTaskDepth) {
      if (part != kTaskRoot[place_.size() - 1]) lead_out();
      return;
    }
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(folder_, below_task().c_str(), target, sizeof target);
    if (size >= 0)
      take_link(std::string_view(target, static_cast<std::size_t>(size)));
    else if (errno != EINVAL)  // EINVAL: it is no link
      answer_.error = errno;
  }

  void take_link(std::string_view target) {
    place_.pop_back();
    if (++links_ > kMostLinks) answer_.error = ELOOP;
    if (target.starts_with('/')) {
      place_.clear();
      answer_.same_on_host = false;
    }
    push_components(todo_, target);
  }

  void lead_out() {
    answer_.error = EXDEV;
    for (const std::string& part : place_) answer_.outside.append("/").append(part);
  }

  [[nodiscard]] std::string below_task() const {
    std::string path;
    for (std::size_t i = kTaskDepth; i < place_.size(); ++i)
      path.append(path.empty() ? "" : "/").append(place_[i]);
    return path;
  }

  const int folder_;
  std::deque<std::string> todo_;
  std::vector<std::string> place_{kTaskRoot[0].data(), kTaskRoot[1].data()};  ///< as the function names it
  int links_ = 0;
  PackagePath answer_;
};

}  // namespace

PackagePath follow_in_package(int folder, std::string_view path) { return Follower(folder).follow(path); }

}  // namespace lemu::images
