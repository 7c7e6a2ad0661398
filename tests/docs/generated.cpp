// SPDX-License-Identifier: Apache-2.0
#include "tests/docs/generated.hpp"

#include "emulator/cli/error_catalogue.hpp"
#include "qemu/file_table.hpp"
#include "qemu/guarantees.hpp"

namespace lemu::docs {

std::vector<GeneratedPart> generated_parts() {
  return {{"sandbox.md", "guarantees", qemu::guarantee_table()},
          {"sandbox.md", "forbidden calls", qemu::forbidden_calls_table()},
          {"sandbox.md", "files", qemu::file_table()},
          {"errors.md", "errors", emulator::cli::error_reference()}};
}

std::string with_part(const std::string& page, const GeneratedPart& part) {
  const std::string begin = "<!-- " + part.name + ": written by ./dev docs -->\n";
  const std::string end = "<!-- end of " + part.name + " -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) return {};
  return page.substr(0, from) + begin + part.text + page.substr(to);
}

}  // namespace lemu::docs
