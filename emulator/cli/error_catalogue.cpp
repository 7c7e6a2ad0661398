// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/error_catalogue.hpp"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/errors.hpp"
#include "base/http/errors.hpp"
#include "emulator/api/errors.hpp"
#include "emulator/async/errors.hpp"
#include "emulator/cli/client/errors.hpp"
#include "emulator/cli/doctor/errors.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/errors.hpp"
#include "emulator/cli/terminal/errors.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/environment/errors.hpp"
#include "emulator/function/errors.hpp"
#include "emulator/rie/errors.hpp"
#include "emulator/store/errors.hpp"
#include "images/errors.hpp"
#include "qemu/errors.hpp"
#include "qemu/sandbox/errors.hpp"

namespace lemu::emulator::cli {
namespace {

int exit_code(const ErrorRow& row) { return static_cast<int>(exit_code_of(row.kind)); }

std::string_view title_of(ExitCode code) {
  switch (code) {
    case ExitCode::success: return "success";
    case ExitCode::function_failed: return "the function failed";
    case ExitCode::bad_usage: return "wrong usage or bad input";
    case ExitCode::host_lacks: return "this host cannot do it";
    case ExitCode::internal: return "lemu itself failed";
  }
  return {};
}

/// In Markdown's marks for literal text; doubled where the text has such a mark itself (CommonMark 6.1).
std::string literal(std::string_view text) {
  const std::string_view mark = text.find('`') == std::string_view::npos ? "`" : "``";
  const std::string_view gap = mark.size() > 1 ? " " : "";
  return std::string(mark).append(gap).append(text).append(gap).append(mark);
}

/// A pattern as the page shows it: how a place is filled is no matter of its reader.
std::string shown(std::string_view pattern) {
  std::string text;
  Place place = next_place(pattern);
  for (; !place.name.empty(); place = next_place(place.rest))
    text.append(place.before).append("{").append(place.name).append("}");
  return text.append(place.before);
}

void append_row(std::string& page, const ErrorRow& row) {
  page.append("\n### ").append(row.slug).append("\n\n");
  page.append(literal(shown(row.message))).append("\n\n").append(row.cause).append("\n\n");
  page.append("Remedy: ")
      .append(row.remedy.empty() ? "none known." : literal(shown(row.remedy)))
      .append("\n");
  if (!row.aws.empty())
    page.append("\nOn Lambda: `Runtime.InvalidEntrypoint`, ").append(literal(shown(row.aws))).append("\n");
}

}  // namespace

std::vector<const ErrorRow*> all_errors() {
  std::vector<const ErrorRow*> rows;
  const std::span<const ErrorRow> tables[] = {
      lemu::kErrors,          http::kErrors,          qemu::kErrors,        sandbox::kErrors,
      images::kErrors,        function_room::kErrors, store_room::kErrors,  environment_room::kErrors,
      async_room::kErrors,    api_room::kErrors,      rie_room::kErrors,    parser_room::kErrors,
      terminal_room::kErrors, client_room::kErrors,   doctor_room::kErrors, cli_room::kErrors};
  for (const std::span<const ErrorRow> table : tables)
    for (const ErrorRow& row : table) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(), [](const ErrorRow* a, const ErrorRow* b) {
    return std::tuple(exit_code(*a), a->slug) < std::tuple(exit_code(*b), b->slug);
  });
  return rows;
}

std::string error_reference() {
  std::string page;
  int section = 0;
  for (const ErrorRow* row : all_errors()) {
    const int code = exit_code(*row);
    if (code != section)
      page.append("\n## Exit code ")
          .append(std::to_string(code))
          .append(": ")
          .append(title_of(exit_code_of(row->kind)))
          .append("\n");
    section = code;
    append_row(page, *row);
  }
  return page;
}

}  // namespace lemu::emulator::cli
