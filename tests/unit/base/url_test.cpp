// SPDX-License-Identifier: Apache-2.0
#include "base/url.hpp"

#include <doctest/doctest.h>

namespace lemu {

TEST_CASE("percent-encoding is undone, and refused where it is none") {
  CHECK(percent_decode("plain") == "plain");
  CHECK(percent_decode("a%3Ab%2f") == "a:b/");
  CHECK(percent_decode("%00") == std::string(1, '\0'));
  CHECK_FALSE(percent_decode("%"));
  CHECK_FALSE(percent_decode("a%4"));
  CHECK_FALSE(percent_decode("%zz"));
}

TEST_CASE("a query's value is the first of its name, decoded") {
  CHECK(query_value("Qualifier=%24LATEST", "Qualifier") == "$LATEST");
  CHECK(query_value("a=1&b=2&b=3", "b") == "2");
  CHECK(query_value("a=x+y", "a") == "x y");
  CHECK(query_value("flag&a=1", "flag").empty());
  CHECK(query_value("", "a").empty());
  CHECK(query_value("aa=1", "a").empty());
  CHECK(query_value("a=%", "a").empty());
}

}  // namespace lemu

TEST_CASE("what is encoded is decoded to the same") {
  CHECK(lemu::percent_encode("a-b_c.d~E9") == "a-b_c.d~E9");
  CHECK(lemu::percent_encode("fn:$LATEST") == "fn%3A%24LATEST");
  CHECK(lemu::percent_encode("a b/\r\n\xff") == "a%20b%2F%0D%0A%FF");
  CHECK(lemu::percent_decode(lemu::percent_encode("%2F \xc3\xa4")) == "%2F \xc3\xa4");
}
