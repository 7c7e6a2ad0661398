// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/journal_thread.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace lemu::emulator {
namespace asio = boost::asio;

class JournalThread::Impl {
 public:
  Impl(asio::io_context& context, std::string path, std::function<void(const std::string&)> remark)
      : context_(context), path_(std::move(path)), remark_(std::move(remark)) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool exists() const { return ::access(path_.c_str(), F_OK) == 0; }

  struct Job {
    Work work;
    Errand errand;  // in its place
    Done done;
    Status outcome = {};
  };

  void post(Job job) {
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

 private:
  using Jobs = std::vector<Job>;

  void run() {
    while (true) {
      Jobs jobs;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        jobs.swap(jobs_);
      }
      do_all(jobs);
      tell(std::move(jobs));
    }
  }

  void do_all(Jobs& jobs) {
    do_work(jobs);
    for (Job& job : jobs)
      if (job.errand) job.outcome = job.errand();
  }

  void do_work(Jobs& jobs) {
    if (std::none_of(jobs.begin(), jobs.end(), [](const Job& job) { return bool(job.work); })) return;
    if (Status opened = open(); !opened) {
      for (Job& job : jobs) job.outcome = fail(Error(opened.error()));
      return;
    }
    if (do_together(jobs)) return;
    // One that cannot be done must not keep the others from it.
    for (Job& job : jobs) {
      if (!job.work) continue;
      Status outcome = do_alone(job);
      job.outcome = std::move(outcome);
    }
  }

  bool do_together(Jobs& jobs) {
    Status done = journal_->begin();
    for (Job& job : jobs)
      if (done && job.work) done = job.work(*journal_);
    if (done) done = journal_->commit();
    if (!done) journal_->rollback();
    return done.has_value();
  }

  Status do_alone(Job& job) {
    Status done = journal_->begin();
    if (done) done = job.work(*journal_);
    if (done) done = journal_->commit();
    if (!done) journal_->rollback();
    return done;
  }

  Status open() {
    if (journal_) return {};
    std::string aside;
    Result<Journal> opened = Journal::open(path_, aside);
    LEMU_TRY(opened);
    journal_.emplace(std::move(*opened));
    if (!aside.empty())
      asio::post(context_, [this, aside] {
        remark_("the journal of asynchronous events was damaged; it is kept as " + aside);
      });
    return {};
  }

  void tell(Jobs jobs) {
    asio::post(context_, [jobs = std::move(jobs)]() mutable {
      for (Job& job : jobs) job.done(std::move(job.outcome));
    });
  }

  asio::io_context& context_;
  const std::string path_;
  const std::function<void(const std::string&)> remark_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Jobs jobs_;
  bool ending_ = false;
  std::optional<Journal> journal_;  // the thread's alone
  std::thread thread_;
};

JournalThread::JournalThread(asio::io_context& context, std::string path,
                             std::function<void(const std::string&)> remark)
    : impl_(std::make_unique<Impl>(context, std::move(path), std::move(remark))) {}
JournalThread::~JournalThread() = default;
bool JournalThread::exists() const { return impl_->exists(); }
void JournalThread::post(Work work, Done done) {
  impl_->post({.work = std::move(work), .errand = {}, .done = std::move(done)});
}
void JournalThread::post_errand(Errand errand, Done done) {
  impl_->post({.work = {}, .errand = std::move(errand), .done = std::move(done)});
}

}  // namespace lemu::emulator
