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
  sealed_code,
  function_user,
  own_processes,
  process_limit,
  tmp_limit,
  protected_files,
  own_proc,
  own_children,
  no_privilege,
  no_survivors,
};

/// Which choice of the launch plan decides about it.
enum class GivenBy : std::uint8_t { sandbox, execution, always };

struct GuaranteeRow {
  Guarantee guarantee;
  GivenBy given_by;
  std::string_view name;      ///< as it stands in lists of what is lost: "a limit on /tmp"
  std::string_view obtained;  ///< how, in the full sandbox
  std::string_view
      without;  ///< what holds instead; for GivenBy::always, how it is obtained without the sandbox
};

/// In the order of the enumeration.
[[nodiscard]] std::span<const GuaranteeRow> guarantees();
[[nodiscard]] std::string_view name_of(Guarantee guarantee);
/// The phrase that says it is lost: its name, with the reason in brackets where there is one.
[[nodiscard]] std::string loss_of(Guarantee guarantee, std::string_view why = {});
/// Whether such a phrase is in the list; its reason (or nothing) in `why`.
[[nodiscard]] bool is_lost(Guarantee guarantee, const std::vector<std::string>& lost,
                           std::string* why = nullptr);
/// Whether the sandbox is less than full with these losses: one that the execution decides about does not
/// count.
[[nodiscard]] bool diminishes_sandbox(const std::vector<std::string>& lost);
/// The table as docs/sandbox.md shows it, in Markdown.
[[nodiscard]] std::string guarantee_table();

}  // namespace lemu::qemu
