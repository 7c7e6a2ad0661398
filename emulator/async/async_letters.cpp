// SPDX-License-Identifier: Apache-2.0
// The half of AsyncQueue that has to do with dead letters: events that become one, letters that become an
// event again, and what is told of both.
#include <algorithm>

#include "emulator/async/async_queue.hpp"

namespace lemu::emulator {

void AsyncQueue::give_up(Event& event, std::string_view condition, std::optional<std::string> response) {
  leave_line(event);
  event.state = State::given_up;
  event.verdict =
      std::make_shared<Verdict>(Verdict{std::string(condition), clock_.unix_ms(), std::move(response)});
  log_.write(DaemonLog::Level::warning, "asynchronous event given up",
             {{"function", event.schedule.function},
              {"requestId", event.schedule.request_id},
              {"condition", condition}});
  write_letter(event);
}

/// The event leaves the journal for the letter: until then a daemon that starts finds it.
void AsyncQueue::write_letter(Event& event) {
  journal_.post(
      [schedule = event.schedule, verdict = event.verdict,
       letters = dead_letters_](Journal& journal) -> Status {
        Result<std::optional<AcceptedEvent>> found = journal.load(schedule.request_id);
        LEMU_TRY(found);
        if (!*found) return {};
        (*found)->schedule = schedule;
        Status written =
            letters.write({std::move(**found), verdict->condition, verdict->given_up_ms, verdict->response});
        return written ? journal.remove(schedule.request_id) : written;
      },
      [this, id = event.schedule.request_id](const Status& written) { letter_written(id, written); });
}

void AsyncQueue::letter_written(const std::string& id, const Status& written) {
  if (written) {
    events_.erase(id);
    return;
  }
  Event& event = events_.at(id);
  log_.write(DaemonLog::Level::error, written.error().message,
             {{"function", event.schedule.function}, {"requestId", id}});
  const std::chrono::milliseconds delay = back_off(++event.failed_letters, event.line->rules);
  event.schedule.due_ms = clock_.unix_ms() + delay.count();
  set_alarm(event, delay);
}

void AsyncQueue::redrive(const std::string& request_id, std::function<void(const Status&)> done) {
  auto schedule = std::make_shared<EventSchedule>();
  journal_.post(
      [schedule, request_id, letters = dead_letters_, now = clock_.unix_ms()](Journal& journal) -> Status {
        const Result<std::string> record = letters.read(request_id);
        LEMU_TRY(record);
        Result<AcceptedEvent> read = event_of(*record);
        LEMU_TRY(read);
        read->schedule.accepted_ms = read->schedule.due_ms = now;
        *schedule = read->schedule;
        return journal.accept(*read);
      },
      [this, schedule, request_id, done = std::move(done)](const Status& durable) {
        done(durable);
        if (!durable) return;
        // Only now that the event is safe: a letter that stays behind is redriven twice at worst.
        journal_.post([request_id, letters = dead_letters_](Journal&) { return letters.remove(request_id); },
                      [](const Status&) {});
        if (Event* event = add(std::move(*schedule))) wait(*event, std::chrono::milliseconds(0));
      });
}

AsyncQueue::List AsyncQueue::listed(std::vector<DeadLetters::Entry> letters) const {
  List list;
  const std::int64_t now = clock_.unix_ms();
  for (const auto& [id, event] : events_)
    list.events.push_back(
        {event.schedule, event.state,
         std::chrono::milliseconds(std::max<std::int64_t>(0, event.schedule.due_ms - now))});
  // A letter may be written whose event has not been told of it.
  for (DeadLetters::Entry& letter : letters)
    if (!events_.contains(letter.request_id)) list.letters.push_back(std::move(letter));
  return list;
}

void AsyncQueue::list(std::function<void(List)> done) {
  when_loaded([this, done = std::move(done)]() mutable {
    auto found = std::make_shared<std::vector<DeadLetters::Entry>>();
    journal_.post_errand(
        [found, letters = dead_letters_]() -> Status {
          *found = letters.list();
          return {};
        },
        [this, found, done = std::move(done)](const Status&) { done(listed(std::move(*found))); });
  });
}

void AsyncQueue::show(const std::string& request_id, std::function<void(const Result<std::string>&)> done) {
  auto record = std::make_shared<Result<std::string>>();
  journal_.post_errand(
      [record, request_id, letters = dead_letters_]() -> Status {
        *record = letters.read(request_id);
        return {};
      },
      [record, done = std::move(done)](const Status&) { done(*record); });
}

}  // namespace lemu::emulator
