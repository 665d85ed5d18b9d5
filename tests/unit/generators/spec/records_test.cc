#include "generators/spec/records.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

/// The records of a CSV text, each as its fields with '|' between; then why it stopped.
std::vector<std::string> records(std::string_view text) {
  CsvReader reader(text);
  std::vector<std::string> fields;
  std::vector<std::string> all;
  for (;;) {
    auto more = reader.next(fields);
    if (!more) {
      all.push_back(std::to_string(reader.line()) + "!" + more.error().trail);
      return all;
    }
    if (!*more) return all;
    std::string line = std::to_string(reader.line());
    for (const std::string& field : fields) line += "|" + field;
    all.push_back(line);
  }
}

TEST(CsvReader, ReadsAsRfc4180Says) {
  EXPECT_THAT(records("a,b\r\n1,2\r\n"), testing::ElementsAre("1|a|b", "2|1|2"));
  EXPECT_THAT(records("a,b\n\n\r\n,\nx"), testing::ElementsAre("1|a|b", "4||", "5|x"));
  EXPECT_THAT(records("\"a,\"\"b\"\"\",\"c\nd\"\ne\n"),
              testing::ElementsAre("1|a,\"b\"|c\nd", "3|e"));
  EXPECT_THAT(records("\xef\xbb\xbf"
                      "a\n"),
              testing::ElementsAre("1|a"));
  EXPECT_THAT(records("a\rb,c\r"), testing::ElementsAre("1|a\rb|c"));
  EXPECT_THAT(records("\"\""), testing::ElementsAre("1|"));
  EXPECT_THAT(records(""), testing::IsEmpty());
}

TEST(CsvReader, StopsAtAQuoteThatMakesNoSense) {
  EXPECT_THAT(records("a\n\"b"), testing::ElementsAre("1|a", "2!a quote is not closed"));
  EXPECT_THAT(records("\"a\"b\nc\n"), testing::ElementsAre("1!something follows a closing quote"));
}

TEST(JsonNesting, CountsOutsideOfTexts) {
  EXPECT_EQ(json_nesting(R"({"a": [1, {"b": "[[[[\"[["}], "c": [[]]})"), 3U);
  EXPECT_EQ(json_nesting("\"[[["), 0U);
  EXPECT_EQ(json_nesting("]]][["), 2U);
}

TEST(JsonLine, GivesKeysAndTheirTexts) {
  std::vector<std::string> values;
  auto keys = read_json_line(R"({"b": "x", "a": null, "n": 1.5, "l": [1, "y"]})", &values);
  ASSERT_TRUE(ok(keys));
  EXPECT_THAT(*keys, testing::ElementsAre("b", "a", "n", "l"));
  EXPECT_THAT(values, testing::ElementsAre("x", "", "1.5", "[1,\"y\"]"));
  EXPECT_FALSE(read_json_line("[]", nullptr));
  EXPECT_FALSE(read_json_line("{\"a\":", nullptr));
  EXPECT_FALSE(read_json_line(std::string(1000, '{'), nullptr));
}

}  // namespace
}  // namespace squall::generators
