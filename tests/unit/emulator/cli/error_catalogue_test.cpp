// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/error_catalogue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/syscall.hpp"
#include "tests/docs/generated.hpp"

using namespace lemu;
using namespace lemu::emulator::cli;

namespace {

bool is_well_formed(std::string_view slug) {
  const auto legal = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !slug.empty() && std::all_of(slug.begin(), slug.end(), legal) && slug.front() >= 'a' &&
         slug.back() != '-' && slug.find("--") == std::string_view::npos;
}

}  // namespace

TEST_CASE("each error has a name of its own, a message, a cause, and a remedy where one can be known") {
  std::set<std::string_view> slugs;
  for (const ErrorRow* row : all_errors()) {
    CAPTURE(row->slug);
    CHECK(is_well_formed(row->slug));
    CHECK(slugs.insert(row->slug).second);
    CHECK_FALSE(row->message.empty());
    CHECK(row->cause.ends_with('.'));
    // Only what lemu itself should not meet may leave the user without a remedy.
    if (row->kind != ErrorKind::internal) CHECK_FALSE(row->remedy.empty());
    if (row->kind == ErrorKind::invalid_entrypoint) CHECK_FALSE(row->aws.empty());
  }
  CHECK(slugs.size() > 100);
}

TEST_CASE("every value of an error is seen in its words") {
  for (const ErrorRow* row : all_errors()) {
    CAPTURE(row->slug);
    const Places places = places_of(*row);
    std::vector<std::string> values;
    for (std::size_t i = 0; i < places.count; ++i) values.push_back("<" + std::string(places.names[i]) + ">");
    const Error error = make_error(*row, values, places.os_error ? 2 : 0);
    const std::string words = error.message + error.remedy + error.aws_message;
    for (const std::string& value : values) CHECK(words.find(value) != std::string::npos);
    CHECK(error.slug == row->slug);
    CHECK(error.kind == row->kind);
  }
}

TEST_CASE("the pages show the code's tables as they are") {
  for (const docs::GeneratedPart& part : docs::generated_parts()) {
    INFO("docs/" << part.page << ": `./dev docs` writes it anew");
    const Result<std::string> page = read_file(LEMU_DOCS "/" + part.page, 1 << 20);
    REQUIRE(page);
    CHECK(*page == docs::with_part(*page, part));
  }
}
