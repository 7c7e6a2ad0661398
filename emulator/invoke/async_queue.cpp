// SPDX-License-Identifier: Apache-2.0
#include "emulator/invoke/async_queue.hpp"

#include <algorithm>

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

// Their payloads are in memory; the others' are not.
constexpr std::size_t kMostRunning = 64;

}  // namespace

/// The one who waits for an event's invocation.
class AsyncQueue::Call final : public InvocationClient {
 public:
  Call(AsyncQueue& queue, AcceptedEvent event) : queue_(queue), event_(std::move(event)) {}

  void answered(Answer answer) override { answer_ = std::move(answer); }
  void completed(const InvocationRecord&, std::string) override {
    const bool good = answer_.kind == Answer::Kind::response;
    queue_.settle(std::move(event_), good ? AsyncOutcome::success : AsyncOutcome::function_error,
                  std::move(answer_.payload));
  }
  void failed(const Error&) override {
    queue_.settle(std::move(event_), AsyncOutcome::platform_failure, std::nullopt);
  }

 private:
  AsyncQueue& queue_;
  AcceptedEvent event_;
  Answer answer_;
};

AsyncQueue::AsyncQueue(asio::io_context& context, JournalThread& journal, DeadLetters dead_letters,
                       FunctionRegistry& functions, DaemonLog& log)
    : journal_(journal),
      dead_letters_(std::move(dead_letters)),
      functions_(functions),
      log_(log),
      timer_(context) {}

void AsyncQueue::start() {
  if (!journal_.exists()) return;
  loading_ = true;
  auto found = std::make_shared<std::vector<EventSchedule>>();
  journal_.post(
      [found](Journal& journal) -> Status {
        Result<std::vector<EventSchedule>> all = journal.waiting();
        if (!all) return fail(std::move(all.error()));
        *found = std::move(*all);
        return {};
      },
      [this, found](const Status& read) {
        if (!read) log_.write(DaemonLog::Level::error, read.error().message);
        take_up(std::move(*found));
      });
}

/// One whose function is not served waits for a daemon that serves it.
RetryRules AsyncQueue::rules_of(const EventSchedule& event) const {
  const ServedFunction* function = functions_.find(event.function);
  return function != nullptr ? function->retries() : RetryRules();
}

void AsyncQueue::take_up(std::vector<EventSchedule> left) {
  const std::int64_t now = clock_.unix_ms();
  for (EventSchedule& event : left) {
    // The machine's clock may have been set since: what waits does not wait longer for it.
    const std::chrono::milliseconds delay(event.due_ms - now);
    const std::chrono::milliseconds longest = longest_delay(rules_of(event));
    schedule(std::move(event), std::clamp(delay, std::chrono::milliseconds(0), longest));
  }
  loading_ = false;
  for (const std::function<void()>& call : std::exchange(waiting_for_load_, {})) call();
  pump();
}

void AsyncQueue::when_loaded(std::function<void()> call) {
  if (loading_)
    waiting_for_load_.push_back(std::move(call));
  else
    call();
}

void AsyncQueue::stop() {
  stopped_ = true;
  timer_.cancel();
}

void AsyncQueue::accept(AcceptedEvent event, std::function<void(const Status&)> accepted) {
  event.schedule.accepted_ms = event.schedule.due_ms = clock_.unix_ms();
  auto kept = std::make_shared<AcceptedEvent>(std::move(event));
  journal_.post([kept](Journal& journal) { return journal.accept(*kept); },
                [this, kept, accepted = std::move(accepted)](const Status& durable) {
                  accepted(durable);
                  if (!durable) return;
                  if (!stopped_ && running_.size() < kMostRunning && due_.empty())
                    run(std::move(*kept));
                  else
                    schedule(kept->schedule, std::chrono::milliseconds(0));
                });
}

void AsyncQueue::redrive(const std::string& request_id, std::function<void(const Status&)> done) {
  auto event = std::make_shared<AcceptedEvent>();
  journal_.post(
      [event, request_id, letters = dead_letters_, now = clock_.unix_ms()](Journal& journal) -> Status {
        const Result<std::string> record = letters.read(request_id);
        if (!record) return fail(Error(record.error()));
        Result<AcceptedEvent> read = event_of(*record);
        if (!read) return fail(std::move(read.error()));
        *event = std::move(*read);
        event->schedule.accepted_ms = event->schedule.due_ms = now;
        return journal.accept(*event);
      },
      [this, event, request_id, done = std::move(done)](const Status& durable) {
        done(durable);
        if (!durable) return;
        // Only now that the event is safe: a letter that stays behind is redriven twice at worst.
        journal_.post([request_id, letters = dead_letters_](Journal&) { return letters.remove(request_id); },
                      [](const Status&) {});
        schedule(event->schedule, std::chrono::milliseconds(0));
        pump();
      });
}

std::vector<EventSchedule> AsyncQueue::waiting() const {
  std::vector<EventSchedule> all;
  for (const auto& [id, event] : running_) all.push_back(event);
  for (const auto& [when, event] : due_) all.push_back(event);
  all.insert(all.end(), unknown_.begin(), unknown_.end());
  return all;
}

void AsyncQueue::schedule(EventSchedule schedule, std::chrono::milliseconds delay) {
  if (functions_.find(schedule.function) == nullptr) {
    unknown_.push_back(std::move(schedule));  // for a later daemon that serves it
    return;
  }
  due_.emplace(Clock::now() + delay, std::move(schedule));
  arm_timer();
}

/// Runs what is due, as far as there is room.
void AsyncQueue::pump() {
  while (!stopped_ && !due_.empty() && running_.size() < kMostRunning &&
         due_.begin()->first <= Clock::now()) {
    EventSchedule next = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    load(std::move(next));
  }
  arm_timer();
}

void AsyncQueue::arm_timer() {
  if (stopped_ || due_.empty() || running_.size() >= kMostRunning) return;
  timer_.expires_at(due_.begin()->first);
  timer_.async_wait([this](const boost::system::error_code& code) {
    if (!code) pump();
  });
}

void AsyncQueue::load(EventSchedule schedule) {
  const std::string id = schedule.request_id;
  running_.emplace(id, std::move(schedule));
  auto loaded = std::make_shared<std::optional<AcceptedEvent>>();
  journal_.post(
      [loaded, id](Journal& journal) -> Status {
        Result<std::optional<AcceptedEvent>> read = journal.load(id);
        if (!read) return fail(std::move(read.error()));
        *loaded = std::move(*read);
        return {};
      },
      [this, loaded, id](const Status& read) {
        if (read && *loaded && !stopped_) {
          run(std::move(**loaded));
          return;
        }
        if (!read && !stopped_) {  // the disk is in trouble: not now
          EventSchedule again = running_.at(id);
          const NextStep step =
              next_step(again, AsyncOutcome::platform_failure, clock_.unix_ms(), rules_of(again));
          this->schedule(std::move(again), std::max(step.delay, std::chrono::milliseconds(1000)));
        }
        running_.erase(id);
        pump();
      });
}

void AsyncQueue::run(AcceptedEvent event) {
  running_.insert_or_assign(event.schedule.request_id, event.schedule);
  ServedFunction* function = functions_.find(event.schedule.function);
  PoolTask task;
  rapi::Event& given = task.invocation.event;
  given.request_id = event.schedule.request_id;
  given.trace_id = event.trace;
  given.function_arn = event.arn;
  given.client_context = event.client_context;
  given.body = event.payload;
  if (function->pool().settings().reserved == 0) {
    settle(std::move(event), AsyncOutcome::never_allowed, std::nullopt);
    return;
  }
  const auto call = std::make_shared<Call>(*this, event);
  task.client = call;
  if (function->pool().submit(std::move(task)) != EnvironmentPool::Admission::accepted)
    settle(std::move(event), AsyncOutcome::throttled, std::nullopt);
}

void AsyncQueue::settle(AcceptedEvent event, AsyncOutcome outcome, std::optional<std::string> response) {
  running_.erase(event.schedule.request_id);
  const std::int64_t now = clock_.unix_ms();
  const NextStep step = next_step(event.schedule, outcome, now, rules_of(event.schedule));
  switch (step.kind) {
    case NextStep::Kind::done: forget(event.schedule.request_id); break;
    case NextStep::Kind::dead:
      give_up(std::move(event), std::string(step.condition), std::move(response));
      break;
    case NextStep::Kind::again:
      event.schedule.due_ms = now + step.delay.count();
      // Not written in vain when it fails: an attempt more than allowed is better than none.
      journal_.post([schedule = event.schedule](Journal& journal) { return journal.reschedule(schedule); },
                    [](const Status&) {});
      schedule(std::move(event.schedule), step.delay);
      break;
  }
  pump();
}

void AsyncQueue::forget(const std::string& request_id) {
  journal_.post([request_id](Journal& journal) { return journal.remove(request_id); }, [](const Status&) {});
}

void AsyncQueue::give_up(AcceptedEvent event, std::string condition, std::optional<std::string> response) {
  DeadLetter letter{std::move(event), std::move(condition), clock_.unix_ms(), std::move(response)};
  const EventSchedule& schedule = letter.event.schedule;
  log_.write(
      DaemonLog::Level::warning, "asynchronous event given up",
      {{"function", schedule.function}, {"requestId", schedule.request_id}, {"condition", letter.condition}});
  journal_.post(
      [letter = std::move(letter), letters = dead_letters_](Journal& journal) {
        Status written = letters.write(letter);
        return written ? journal.remove(letter.event.schedule.request_id) : written;
      },
      [this](const Status& written) {
        if (!written) log_.write(DaemonLog::Level::error, written.error().message);
      });
}

}  // namespace lemu::emulator
