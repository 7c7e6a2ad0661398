// SPDX-License-Identifier: Apache-2.0
// Guarantees: what lemu promises about how a function runs, how each promise is kept, and what holds where it
// is not. The one table behind `lemu doctor`, -v, the reports and docs/sandbox.md. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lemu::qemu {

enum class Guarantee : std::uint8_t {
  own_files,
  protected_files,
  sealed_code,
  devices,
  own_proc,
  own_processes,
  own_names,
  own_keyring,
  function_user,
  no_namespaces,
  process_limit,
  watch_limit,
  tmp_limit,
  own_memory_figures,
  own_children,
  memory_limit,
  descriptor_limit,
  no_core_files,
  ended_first,
  system_call_filter,
  own_descriptors,
  own_environment,
  no_privilege,
  no_survivors,
  own_runtime_api,
  memory_fence,
  cpu_limit,
  own_network,
};

/// Which choice of the launch plan decides about it. `host`: this machine's kernel alone. `never`: what one
/// might expect, and nothing gives.
enum class GivenBy : std::uint8_t { sandbox, execution, host, always, never };

struct GuaranteeRow {
  Guarantee guarantee;
  GivenBy given_by;
  std::string_view id;        ///< for programs: "tmp-limit"
  std::string_view name;      ///< as it stands in lists of what is lost: "a limit on /tmp"
  std::string_view obtained;  ///< how, in the full sandbox
  std::string_view
      without;  ///< what holds instead; for GivenBy::always, how it is obtained without the sandbox
  std::string_view missing = {};  ///< for GivenBy::always: what holds where the kernel does not give it
};

/// How one row stands for one launch.
struct Standing {
  enum class Given : std::uint8_t { yes, no } given = Given::yes;
  std::string_view how;  ///< how it is obtained, or what holds instead
  std::string why;       ///< the reason of a loss, where one is known
};

/// In the order of the enumeration.
[[nodiscard]] std::span<const GuaranteeRow> guarantees();
[[nodiscard]] std::string_view name_of(Guarantee guarantee);
/// The phrase that says it is lost: its name, with the reason in brackets where there is one.
[[nodiscard]] std::string loss_of(Guarantee guarantee, std::string_view why = {});
/// Whether such a phrase is in the list; its reason (or nothing) in `why`.
[[nodiscard]] bool is_lost(Guarantee guarantee, const std::vector<std::string>& lost,
                           std::string* why = nullptr);
/// With what a launch has lost. A launch without a sandbox has lost the file system of its own.
[[nodiscard]] Standing standing(const GuaranteeRow& row, const std::vector<std::string>& lost);
/// The losses that make a sandbox less than full: one that the execution or the host decides about does not
/// count.
[[nodiscard]] std::vector<std::string> missing_from_sandbox(const std::vector<std::string>& lost);
[[nodiscard]] bool diminishes_sandbox(const std::vector<std::string>& lost);
/// The table as docs/sandbox.md shows it, in Markdown.
[[nodiscard]] std::string guarantee_table();
/// The system calls that the filter closes, likewise.
[[nodiscard]] std::string forbidden_calls_table();

}  // namespace lemu::qemu
