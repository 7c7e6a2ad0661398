// SPDX-License-Identifier: Apache-2.0
#include "base/json_document.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace lemu {
namespace {

std::string nested(std::size_t levels, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  text += "1";
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

}  // namespace

TEST_CASE("a document of usual depth is read, and one that would overflow the stack is not") {
  struct Row {
    std::string text;
    bool read;
  };
  const std::string brackets = "\"" + std::string(5000, '[') + "\"";
  const std::string quoted = R"(["\")" + std::string(5000, '{') + R"(\\", 1])";
  for (const Row& row :
       std::initializer_list<Row>{{nested(kMostNested, "[", "]"), true},
                                  {nested(kMostNested + 1, "[", "]"), false},
                                  {nested(kMostNested, "{\"a\":", "}"), true},
                                  {nested(kMostNested + 1, "{\"a\":", "}"), false},
                                  {nested(300'000, "[", "]"), false},
                                  {std::string(300'000, '['), false},
                                  {brackets, true},
                                  {quoted, true},
                                  {"[" + nested(999, "[", "]") + "," + nested(999, "[", "]") + "]", true},
                                  {"]]]", false},
                                  {"\"", false},
                                  {"\"\\", false},
                                  {"", false}}) {
    CAPTURE(row.text.substr(0, 20));
    const nlohmann::ordered_json document = json_document(row.text);
    CHECK(document.is_discarded() != row.read);
    if (row.read) CHECK(json_document(document.dump()) == document);
  }
}

}  // namespace lemu
