// SPDX-License-Identifier: Apache-2.0
// BlockingWork: where the steps of an environment's life are done that block: starting its helper, and
// waiting for the end of everything it ran. A command that has nothing else to do does them in place; a
// daemon, whose other functions must not wait for them, on threads of its own. Called from the io_context's
// thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace lemu::emulator {

class BlockingWork {
 public:
  enum class Place { here, threads };
  explicit BlockingWork(Place place) {
    if (place == Place::threads) threads_.emplace();
  }
  BlockingWork(const BlockingWork&) = delete;
  BlockingWork& operator=(const BlockingWork&) = delete;

  /// What `work` returns, back on the caller's thread. What it refers to must outlive finish().
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> run(Work work) {
    if (!threads_) co_return work();
    std::optional<std::invoke_result_t<Work&>> result;
    co_await boost::asio::co_spawn(
        threads_->beginnings,
        [&work, &result]() -> boost::asio::awaitable<void> {
          result.emplace(work());
          co_return;
        },
        boost::asio::use_awaitable);
    co_return std::move(*result);
  }

  /// Destroys what takes its time to end. Nobody hears of it.
  template <class Thing>
  void dispose(Thing thing) {
    if (threads_) boost::asio::post(threads_->ends, [thing = std::move(thing)] {});
  }

  /// Blocks until all of it is done. Then only to be destroyed.
  void finish() {
    if (!threads_) return;
    threads_->beginnings.join();
    threads_->ends.join();
  }

 private:
  /// One each: an end that takes seconds keeps no beginning waiting.
  struct Threads {
    Threads() : beginnings(1), ends(1) {}
    boost::asio::thread_pool beginnings;
    boost::asio::thread_pool ends;
  };
  std::optional<Threads> threads_;
};

}  // namespace lemu::emulator
