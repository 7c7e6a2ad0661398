// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/metrics.hpp"

#include <charconv>

namespace lemu::emulator {
namespace {

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

std::string number(double value) {
  std::array<char, 400> text{};  // the longest has some 310 digits
  const std::to_chars_result end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

std::string label(const std::string& function) { return "function=\"" + function + "\""; }

void sample(std::string& text, std::string_view name, const std::string& labels, std::uint64_t value) {
  text.append(name).append(labels.empty() ? "" : "{" + labels + "}").append(" ");
  text.append(std::to_string(value)).append("\n");
}

void head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  text.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

}  // namespace

void Histogram::add(double value) {
  for (std::size_t at = 0; at < kBounds.size(); ++at)
    if (value <= kBounds[at]) ++counts_[at];
  ++count_;
  sum_ += value;
}

std::string Histogram::text(std::string_view name, std::string_view labels) const {
  const std::string base(name);
  const std::string with(labels);
  std::string text;
  for (std::size_t at = 0; at < kBounds.size(); ++at)
    sample(text, base + "_bucket", with + ",le=\"" + number(kBounds[at]) + "\"", counts_[at]);
  sample(text, base + "_bucket", with + ",le=\"+Inf\"", count_);
  text += base + "_sum{" + with + "} " + number(sum_) + "\n";
  sample(text, base + "_count", with, count_);
  return text;
}

void FunctionMetrics::count(const InvocationRecord& record) {
  ++invocations;
  if (record.status != InvocationStatus::success) ++errors;
  if (record.status == InvocationStatus::timeout) ++timeouts;
  duration.add(seconds(record.duration));
  if (record.init_duration) init_duration.add(seconds(*record.init_duration));
}

std::string metrics_text(const std::vector<FunctionFigures>& functions, std::uint64_t waiting_events) {
  std::string text;
  const auto counter = [&](std::string_view name, std::string_view help, auto value_of) {
    head(text, name, "counter", help);
    for (const FunctionFigures& one : functions) sample(text, name, label(one.function), value_of(one));
  };
  counter("lemu_invocations_total", "Invocations that are complete.",
          [](const FunctionFigures& one) { return one.metrics->invocations; });
  counter("lemu_errors_total", "Invocations that ended in an error, timeouts included.",
          [](const FunctionFigures& one) { return one.metrics->errors; });
  counter("lemu_timeouts_total", "Invocations that ran into the function's timeout.",
          [](const FunctionFigures& one) { return one.metrics->timeouts; });
  counter("lemu_throttles_total", "Invocations that were refused for want of concurrency.",
          [](const FunctionFigures& one) { return one.throttles; });
  counter("lemu_cold_starts_total", "Environments made for an invocation.",
          [](const FunctionFigures& one) { return one.cold_starts; });

  head(text, "lemu_environments", "gauge", "Execution environments by state.");
  for (const FunctionFigures& one : functions) {
    const std::string with = label(one.function) + ",state=";
    sample(text, "lemu_environments", with + "\"starting\"", one.starting);
    sample(text, "lemu_environments", with + "\"busy\"", one.busy);
    sample(text, "lemu_environments", with + "\"idle\"", one.idle);
  }
  head(text, "lemu_queued_invocations", "gauge", "Invocations that wait for an environment (--queue).");
  for (const FunctionFigures& one : functions)
    sample(text, "lemu_queued_invocations", label(one.function), one.queued);
  head(text, "lemu_async_events", "gauge", "Asynchronous events that were accepted and are not done with.");
  sample(text, "lemu_async_events", "", waiting_events);

  head(text, "lemu_duration_seconds", "histogram", "Duration, as in the REPORT line.");
  for (const FunctionFigures& one : functions)
    text += one.metrics->duration.text("lemu_duration_seconds", label(one.function));
  head(text, "lemu_init_duration_seconds", "histogram", "Init Duration, as in the REPORT line.");
  for (const FunctionFigures& one : functions)
    text += one.metrics->init_duration.text("lemu_init_duration_seconds", label(one.function));
  return text;
}

}  // namespace lemu::emulator
