// SPDX-License-Identifier: Apache-2.0
// JournalThread: the one thread that waits for the disk on behalf of asynchronous events. Owns the journal,
// which it opens when there is something in it or for it. What is posted while it syncs is done in one
// transaction: many events cost one sync. Owned by the daemon; its calls are for the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "emulator/async/journal.hpp"

namespace lemu::emulator {

class JournalThread {
 public:
  using Work = std::function<Status(Journal&)>;
  using Errand = std::function<Status()>;
  /// Called on the io_context's thread, once what the work changed is durable, or with why it is not.
  using Done = std::function<void(Status)>;

  /// `remark` is given sentences for the user, on the io_context's thread.
  JournalThread(boost::asio::io_context& context, std::string path,
                std::function<void(const std::string&)> remark);
  /// Does what was posted, without telling, and ends the thread.
  ~JournalThread();
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;

  /// Whether there is a journal from before.
  [[nodiscard]] bool exists() const;
  void post(Work work, Done done);
  /// Something else that waits for the disk, and needs no journal: it is done after the work that was posted
  /// with it, and told of in the order in which it was posted.
  void post_errand(Errand errand, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lemu::emulator
