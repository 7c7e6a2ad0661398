// SPDX-License-Identifier: Apache-2.0
// The parts of docs/ that are made of the code's own tables. `./dev docs` writes them; a unit test compares.
// Each stands between two comments of its page, which name it. Pure.
#pragma once

#include <string>
#include <vector>

namespace lemu::docs {

struct GeneratedPart {
  std::string page;  ///< "errors.md"
  std::string name;  ///< as its comments have it
  std::string text;
};

[[nodiscard]] std::vector<GeneratedPart> generated_parts();
/// The page with the part as it should be; empty when the page has no place for it.
[[nodiscard]] std::string with_part(const std::string& page, const GeneratedPart& part);

}  // namespace lemu::docs
