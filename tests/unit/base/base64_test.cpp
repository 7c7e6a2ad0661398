// SPDX-License-Identifier: Apache-2.0
#include "base/base64.hpp"

#include <doctest/doctest.h>

namespace lemu {

TEST_CASE("the vectors of RFC 4648") {
  const struct {
    const char* bytes;
    const char* text;
  } rows[] = {{"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"}};
  for (const auto& row : rows) {
    CHECK(base64_encode(row.bytes) == row.text);
    CHECK(base64_decode(row.text) == row.bytes);
  }
  CHECK(base64_decode("Zm8") == "fo");
}

TEST_CASE("what is no base64") {
  for (const char* text : {"!", "Zm9v!", "Z", "Zm9vY", "Zm=v", "Zm8=="}) CHECK_FALSE(base64_decode(text));
}

TEST_CASE("every byte comes back") {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    CHECK(base64_decode(base64_encode(bytes.substr(0, size))) == bytes.substr(0, size));
}

}  // namespace lemu
