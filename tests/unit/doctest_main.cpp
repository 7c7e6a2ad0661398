// SPDX-License-Identifier: Apache-2.0
// No test case hangs: after kSeconds (or LEMU_TEST_LIMIT's) the program ends and names the one that ran.
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <cstring>

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

namespace {

constexpr unsigned kSeconds = 120;
constexpr int kTimedOut = 124;  // as timeout(1) ends

const char* g_running = "";  // read by the signal's handler

void write_word(const char* word) { static_cast<void>(!write(STDERR_FILENO, word, std::strlen(word))); }

void end_hung_case(int) {
  write_word("hung: the test case did not end in time: ");
  write_word(g_running);
  write_word("\n");
  _exit(kTimedOut);
}

unsigned limit() {
  const char* told = std::getenv("LEMU_TEST_LIMIT");
  const int seconds = told != nullptr ? std::atoi(told) : 0;
  return seconds > 0 ? static_cast<unsigned>(seconds) : kSeconds;
}

class Limit : public doctest::IReporter {
 public:
  explicit Limit(const doctest::ContextOptions&) { std::signal(SIGALRM, end_hung_case); }

  void test_case_start(const doctest::TestCaseData& test) override {
    g_running = test.m_name;
    alarm(limit());
  }
  void test_case_end(const doctest::CurrentTestCaseStats&) override { alarm(0); }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

}  // namespace

DOCTEST_REGISTER_LISTENER("limit", 1, Limit);
