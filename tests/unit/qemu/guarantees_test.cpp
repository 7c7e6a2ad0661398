// SPDX-License-Identifier: Apache-2.0
#include "qemu/guarantees.hpp"

#include <doctest/doctest.h>

using namespace lemu;
using namespace lemu::qemu;

TEST_CASE("the table is in the order of its enumeration, and each name is its own") {
  std::size_t place = 0;
  for (const GuaranteeRow& row : guarantees()) {
    CAPTURE(row.name);
    CHECK(static_cast<std::size_t>(row.guarantee) == place++);
    CHECK(name_of(row.guarantee) == row.name);
    for (const GuaranteeRow& other : guarantees())
      if (&other != &row) CHECK_FALSE(other.name.starts_with(row.name));
  }
}

TEST_CASE("a loss is told from its phrase, with its reason") {
  const std::vector<std::string> lost{loss_of(Guarantee::tmp_limit, "it is kept"),
                                      loss_of(Guarantee::own_files),
                                      "/dev/zero of its own (Permission denied)"};
  CHECK(lost[0] == "a limit on /tmp (it is kept)");
  std::string why = "untouched";
  CHECK(is_lost(Guarantee::tmp_limit, lost, &why));
  CHECK(why == "it is kept");
  CHECK(is_lost(Guarantee::own_files, lost, &why));
  CHECK(why.empty());
  CHECK_FALSE(is_lost(Guarantee::sealed_code, lost));
}

TEST_CASE("what the execution decides about does not make the sandbox partial") {
  CHECK_FALSE(diminishes_sandbox({}));
  CHECK_FALSE(diminishes_sandbox({loss_of(Guarantee::own_children)}));
  CHECK_FALSE(diminishes_sandbox({loss_of(Guarantee::own_memory_figures, "old")}));
  CHECK(diminishes_sandbox({loss_of(Guarantee::system_call_filter)}));
  CHECK(diminishes_sandbox({loss_of(Guarantee::own_children), loss_of(Guarantee::process_limit, "old")}));
  CHECK(diminishes_sandbox({"/dev/zero of its own (Permission denied)"}));
}

TEST_CASE("how a row stands for a launch") {
  const std::vector<std::string> bare{loss_of(Guarantee::own_files), loss_of(Guarantee::tmp_limit, "kept")};
  const auto stands = [&](Guarantee guarantee, const std::vector<std::string>& lost) {
    return standing(guarantees()[static_cast<std::size_t>(guarantee)], lost);
  };
  CHECK(stands(Guarantee::tmp_limit, {}).given == Standing::Given::yes);
  CHECK(stands(Guarantee::tmp_limit, bare).given == Standing::Given::no);
  CHECK(stands(Guarantee::tmp_limit, bare).how == "/tmp grows as far as the disk does");
  CHECK(stands(Guarantee::tmp_limit, bare).why == "kept");
  CHECK(stands(Guarantee::own_network, {}).given == Standing::Given::no);
  CHECK(stands(Guarantee::no_privilege, {}).how == "no capability, and no-new-privileges");
  CHECK(stands(Guarantee::no_privilege, bare).how.starts_with("no-new-privileges"));
  CHECK(stands(Guarantee::descriptor_limit, bare).how.starts_with("RLIMIT_NOFILE"));
  CHECK(stands(Guarantee::descriptor_limit, bare).given == Standing::Given::yes);
  CHECK(stands(Guarantee::system_call_filter, bare).given == Standing::Given::yes);
  CHECK(stands(Guarantee::system_call_filter, bare).how.starts_with("seccomp answers"));
  const std::vector<std::string> open{loss_of(Guarantee::system_call_filter, "none here")};
  CHECK(stands(Guarantee::system_call_filter, open).given == Standing::Given::no);
  CHECK(stands(Guarantee::system_call_filter, open).how ==
        "every system call of the kernel is open to the function");
}
