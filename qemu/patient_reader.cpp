// SPDX-License-Identifier: Apache-2.0
#include "qemu/patient_reader.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/syscall.hpp"

namespace lemu::qemu {
namespace {

/// A file's text from its start, in `buffer`, which keeps its size from read to read.
std::optional<std::size_t> pread_all(int fd, std::string& buffer) {
  constexpr std::size_t kBlock = 64 * 1024;
  std::size_t size = 0;
  while (true) {
    if (buffer.size() < size + kBlock) buffer.resize(size + kBlock);
    const ssize_t n = ::pread(fd, buffer.data() + size, kBlock, static_cast<off_t>(size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return size;
    size += static_cast<std::size_t>(n);
  }
}

}  // namespace

struct PatientReader::Shared {
  enum class Stage { idle, asked, done };

  std::mutex mutex;
  std::condition_variable changed;
  Stage stage = Stage::idle;
  bool abandoned = false;
  std::string file;
  // The thread's while the stage is `asked`.
  std::string buffer;  // never made smaller: smaps is some 50 kB
  std::optional<std::size_t> size;

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return abandoned || stage == Stage::asked; });
      if (abandoned) return;
      lock.unlock();
      // Opened anew each time: an open smaps stays with the memory of the program before an exec.
      const Result<Fd> opened = open_file(file, O_RDONLY);
      size = opened ? pread_all(opened->get(), buffer) : std::nullopt;
      lock.lock();
      stage = Stage::done;
      changed.notify_all();
    }
  }

  /// False when it has not come to rest by then.
  bool rests(std::unique_lock<std::mutex>& lock, Clock::time_point latest) {
    return changed.wait_until(lock, latest, [this] { return stage != Stage::asked; });
  }
};

/// Nothing where this user may start no more threads, which a function of theirs can bring about.
std::shared_ptr<PatientReader::Shared> PatientReader::start() {
  auto shared = std::make_shared<Shared>();
  // Signals are for the thread that waits for them.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([shared] { shared->serve(); }).detach();
  } catch (const std::system_error&) {
    shared.reset();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return shared;
}

PatientReader::PatientReader() = default;
PatientReader::PatientReader(PatientReader&&) noexcept = default;

PatientReader& PatientReader::operator=(PatientReader&& other) noexcept {
  std::swap(shared_, other.shared_);
  return *this;
}

PatientReader::~PatientReader() {
  if (!shared_) return;
  const std::scoped_lock lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->changed.notify_all();
}

tl::expected<std::string_view, Unread> PatientReader::read(const std::string& file,
                                                           Clock::time_point latest) {
  if (!shared_) shared_ = start();
  if (!shared_) return tl::unexpected(Unread::busy);
  std::unique_lock lock(shared_->mutex);
  if (!shared_->rests(lock, latest)) return tl::unexpected(Unread::busy);
  shared_->file = file;
  shared_->stage = Shared::Stage::asked;
  shared_->changed.notify_all();
  if (!shared_->rests(lock, latest)) return tl::unexpected(Unread::busy);
  if (!shared_->size) return tl::unexpected(Unread::refused);
  return std::string_view(shared_->buffer).substr(0, *shared_->size);
}

}  // namespace lemu::qemu
