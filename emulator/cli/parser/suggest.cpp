// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/parser/suggest.hpp"

#include <algorithm>

#include "emulator/cli/parser/errors.hpp"

namespace lemu::emulator::cli {
namespace {

std::string_view without_dashes(std::string_view word) {
  const std::size_t first = word.find_first_not_of('-');
  return first == std::string_view::npos ? std::string_view() : word.substr(first);
}

std::string in_quotes(std::string_view word) { return std::string("'").append(word).append("'"); }

/// "'a', 'b' or 'c'"
std::string listed(std::span<const std::string> words) {
  std::string text;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (at > 0) text += at + 1 == words.size() ? " or " : ", ";
    text += in_quotes(words[at]);
  }
  return text;
}

std::vector<std::string> starting_with(std::string_view given, std::span<const std::string> known) {
  std::vector<std::string> found;
  if (without_dashes(given).empty()) return found;
  for (const std::string& word : known)
    if (without_dashes(word).starts_with(without_dashes(given))) found.push_back(word);
  return found;
}

}  // namespace

// Optimal string alignment: three rows of the table are enough for swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::vector<std::string> candidates_for(std::string_view given, std::span<const std::string> known) {
  std::vector<std::string> found = starting_with(given, known);
  if (!found.empty()) return found;
  std::size_t nearest = std::max<std::size_t>(1, without_dashes(given).size() / 3);
  for (const std::string& word : known) {
    // A short flag is one edit away from anything short: it is no suggestion for a word.
    if (without_dashes(word).size() < 2) continue;
    const std::size_t distance = edit_distance(without_dashes(given), without_dashes(word));
    if (distance > nearest) continue;
    if (distance < nearest) found.clear();
    nearest = distance;
    found.push_back(word);
  }
  return found;
}

std::string did_you_mean(std::span<const std::string> candidates) {
  return candidates.empty() ? std::string() : "; did you mean " + listed(candidates) + "?";
}

tl::unexpected<Error> unknown_option(std::string_view given, std::span<const std::string> known,
                                     std::string_view command) {
  const std::vector<std::string> prefixed = starting_with(given, known);
  if (prefixed.size() > 1)
    return fail<"option-ambiguous">(at<"option">(given), at<"candidates">(listed(prefixed)),
                                    at<"command">(command));
  return fail<"option-unknown">(at<"option">(given),
                                at<"suggestion">(did_you_mean(candidates_for(given, known))),
                                at<"command">(command));
}

}  // namespace lemu::emulator::cli
