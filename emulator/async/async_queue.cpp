// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/async_queue.hpp"

#include <algorithm>

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

// Of a journal that cannot be read: from 0.1 s to 30 s.
constexpr RetryRules kReading{.delay_scale = 0.1};

}  // namespace

/// The one who waits for an event's invocation.
class AsyncQueue::Call final : public InvocationClient {
 public:
  Call(AsyncQueue& queue, std::string id) : queue_(queue), id_(std::move(id)) {}

  void answered(Answer answer) override { answer_ = std::move(answer); }
  void completed(const InvocationRecord&, std::string) override {
    const bool good = answer_.kind == Answer::Kind::response;
    queue_.settle(id_, good ? AsyncOutcome::success : AsyncOutcome::function_error,
                  std::move(answer_.payload));
  }
  void failed(const Error&) override { queue_.settle(id_, AsyncOutcome::platform_failure, std::nullopt); }

 private:
  AsyncQueue& queue_;
  const std::string id_;
  Answer answer_;
};

AsyncQueue::AsyncQueue(asio::io_context& context, JournalThread& journal, DeadLetters dead_letters, Find find,
                       DaemonLog& log)
    : journal_(journal),
      dead_letters_(std::move(dead_letters)),
      find_(std::move(find)),
      log_(log),
      timer_(context),
      load_timer_(context) {}

// ---- what an earlier daemon left

void AsyncQueue::start() {
  if (!journal_.exists()) return;
  loading_ = true;
  load_all();
}

void AsyncQueue::load_all() {
  auto found = std::make_shared<std::vector<EventSchedule>>();
  journal_.post(
      [found](Journal& journal) -> Status {
        Result<std::vector<EventSchedule>> all = journal.waiting();
        LEMU_TRY(all);
        *found = std::move(*all);
        return {};
      },
      [this, found](const Status& read) {
        if (!read) log_.write(DaemonLog::Level::error, read.error().message);
        take_up(std::move(*found));
        if (read || stopped_) return;
        load_timer_.expires_after(back_off(++failed_loads_, kReading));
        load_timer_.async_wait([this](const boost::system::error_code& code) {
          if (!code) load_all();
        });
      });
}

void AsyncQueue::take_up(std::vector<EventSchedule> left) {
  const std::int64_t now = clock_.unix_ms();
  for (EventSchedule& schedule : left) {
    // The machine's clock may have been set since: what waits does not wait longer for it.
    const std::chrono::milliseconds delay(schedule.due_ms - now);
    Event* event = add(std::move(schedule));
    if (event == nullptr || event->line == nullptr) continue;
    wait(*event, std::clamp(delay, std::chrono::milliseconds(0), longest_delay(event->line->rules)));
  }
  loading_ = false;
  for (const std::function<void()>& call : std::exchange(waiting_for_load_, {})) call();
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
  load_timer_.cancel();
}

// ---- new ones

void AsyncQueue::accept(AcceptedEvent event, std::function<void(const Status&)> accepted) {
  event.schedule.accepted_ms = event.schedule.due_ms = clock_.unix_ms();
  auto kept = std::make_shared<AcceptedEvent>(std::move(event));
  journal_.post([kept](Journal& journal) { return journal.accept(*kept); },
                [this, kept, accepted = std::move(accepted)](const Status& durable) {
                  accepted(durable);
                  if (durable) begin(std::move(*kept));
                });
}

/// Runs it where there is room, without loading what is here.
void AsyncQueue::begin(AcceptedEvent accepted) {
  Event* event = add(accepted.schedule);
  if (event == nullptr || event->line == nullptr || give_up_if_hopeless(*event)) return;
  Line& line = *event->line;
  const bool first = !stopped_ && line.ready.empty() && line.running < kMostRunning;
  if (!first || !line.pool.take_turn()) return make_ready(*event);
  ++line.running;
  event->state = State::running;
  run(*event, std::move(accepted));
}

/// nullptr when it is known: redriven twice, or taken up when it was accepted meanwhile.
AsyncQueue::Event* AsyncQueue::add(EventSchedule schedule) {
  const auto [found, fresh] = events_.try_emplace(schedule.request_id);
  if (!fresh) return nullptr;
  Event& event = found->second;
  if (const std::optional<Served> served = find_(schedule.function))
    event.line = &lines_.try_emplace(schedule.function, Line{served->pool, served->rules}).first->second;
  else
    event.state = State::unserved;  // for a later daemon that serves it
  event.schedule = std::move(schedule);
  return &event;
}

void AsyncQueue::wait(Event& event, std::chrono::milliseconds delay) {
  if (event.line == nullptr) return;
  event.state = State::delayed;
  set_alarm(event, delay);
}

// ---- those that are due

void AsyncQueue::make_ready(Event& event) {
  if (stopped_ || give_up_if_hopeless(event)) return;
  event.state = State::ready;
  event.place = event.line->ready.insert(event.line->ready.end(), &event);
  attempt(event);
}

/// Runs it if it can, else counts a throttle. While as many of its function run as may, it waits for those.
void AsyncQueue::attempt(Event& event) {
  proceed(*event.line);
  if (event.state != State::ready || !event.line->asked) return;
  event.line->pool.count_throttle();
  const std::int64_t now = clock_.unix_ms();
  const NextStep step = next_step(event.schedule, AsyncOutcome::throttled, now, event.line->rules);
  if (step.kind == NextStep::Kind::dead) return give_up(event, step.condition, std::nullopt);
  // Not written down: for the next daemon nothing is throttled.
  event.schedule.due_ms = now + step.delay.count();
  set_alarm(event, step.delay);
}

bool AsyncQueue::give_up_if_hopeless(Event& event) {
  const std::int64_t now = clock_.unix_ms();
  std::string_view condition;
  if (event.line->pool.settings().reserved == 0)
    condition = next_step(event.schedule, AsyncOutcome::never_allowed, now, event.line->rules).condition;
  else if (too_old(event.schedule, now, event.line->rules))
    condition = kEventAgeExceeded;
  if (condition.empty()) return false;
  give_up(event, condition, std::nullopt);
  return true;
}

void AsyncQueue::leave_line(Event& event) {
  if (event.state != State::ready) return;
  event.line->ready.erase(event.place);
  clear_alarm(event);
}

/// As far as there is room; then asks for the next.
void AsyncQueue::proceed(Line& line) {
  while (!stopped_ && !line.asked && !line.ready.empty() && line.running < kMostRunning) {
    if (line.pool.take_turn()) {
      run_first(line);
      continue;
    }
    line.asked = true;
    line.pool.wait_for_turn([this, &line] {
      line.asked = false;
      run_first(line);
      proceed(line);
    });
  }
}

/// With a turn that was taken.
void AsyncQueue::run_first(Line& line) {
  while (!stopped_ && !line.ready.empty()) {
    Event& event = *line.ready.front();
    if (give_up_if_hopeless(event)) continue;
    leave_line(event);
    return load(event);
  }
  line.pool.give_turn_back();
}

void AsyncQueue::load(Event& event) {
  event.state = State::running;
  ++event.line->running;
  auto found = std::make_shared<std::optional<AcceptedEvent>>();
  journal_.post(
      [found, id = event.schedule.request_id](Journal& journal) -> Status {
        Result<std::optional<AcceptedEvent>> read = journal.load(id);
        LEMU_TRY(read);
        *found = std::move(*read);
        return {};
      },
      [this, found, id = event.schedule.request_id](const Status& read) {
        loaded(id, read, std::move(*found));
      });
}

void AsyncQueue::loaded(const std::string& id, const Status& read, std::optional<AcceptedEvent> found) {
  Event& event = events_.at(id);
  if (read && found && !stopped_) return run(event, std::move(*found));
  Line& line = *event.line;
  line.pool.give_turn_back();
  if (!read && !stopped_) return settle(id, AsyncOutcome::platform_failure, std::nullopt);  // disk trouble
  --line.running;
  events_.erase(id);
  proceed(line);
}

void AsyncQueue::run(Event& event, AcceptedEvent accepted) {
  PoolTask task;
  rapi::Event& given = task.invocation.event;
  given.request_id = event.schedule.request_id;
  given.trace_id = std::move(accepted.trace);
  given.function_arn = std::move(accepted.arn);
  given.client_context = std::move(accepted.client_context);
  given.body = std::move(accepted.payload);
  task.client = std::make_shared<Call>(*this, event.schedule.request_id);
  event.line->pool.run(std::move(task));
}

void AsyncQueue::settle(const std::string& id, AsyncOutcome outcome, std::optional<std::string> response) {
  Event& event = events_.at(id);
  Line& line = *event.line;
  --line.running;
  const std::int64_t now = clock_.unix_ms();
  const NextStep step = next_step(event.schedule, outcome, now, line.rules);
  switch (step.kind) {
    case NextStep::Kind::done: done_with(id); break;
    case NextStep::Kind::dead: give_up(event, step.condition, std::move(response)); break;
    case NextStep::Kind::again:
      event.schedule.due_ms = now + step.delay.count();
      // Not written in vain when it fails: an attempt more than allowed is better than none.
      journal_.post([schedule = event.schedule](Journal& journal) { return journal.reschedule(schedule); },
                    [](const Status&) {});
      wait(event, step.delay);
      break;
  }
  proceed(line);
}

void AsyncQueue::done_with(const std::string& id) {
  journal_.post([id](Journal& journal) { return journal.remove(id); }, [](const Status&) {});
  events_.erase(id);
}

// ---- their times

void AsyncQueue::set_alarm(Event& event, std::chrono::milliseconds delay) {
  clear_alarm(event);
  event.alarm = timeline_.emplace(Clock::now() + delay, &event);
  if (*event.alarm == timeline_.begin()) arm_timer();
}

void AsyncQueue::clear_alarm(Event& event) {
  if (event.alarm) timeline_.erase(*std::exchange(event.alarm, std::nullopt));
}

void AsyncQueue::arm_timer() {
  if (stopped_ || timeline_.empty()) return;
  timer_.expires_at(timeline_.begin()->first);
  timer_.async_wait([this](const boost::system::error_code& code) {
    if (!code) ring();
  });
}

void AsyncQueue::ring() {
  const Clock::time_point now = Clock::now();
  while (!stopped_ && !timeline_.empty() && timeline_.begin()->first <= now) {
    Event& event = *timeline_.begin()->second;
    clear_alarm(event);
    switch (event.state) {
      case State::delayed: make_ready(event); break;
      case State::ready: attempt(event); break;
      case State::given_up: write_letter(event); break;
      case State::running:
      case State::unserved: break;  // have no alarm
    }
  }
  arm_timer();
}

// ---- what is asked about them

std::size_t AsyncQueue::in_flight() const {
  std::size_t count = 0;
  for (const auto& [function, line] : lines_) count += line.running;
  return count;
}

}  // namespace lemu::emulator
