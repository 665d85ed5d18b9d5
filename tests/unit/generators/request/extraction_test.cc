#include "generators/request/extraction.h"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

/// What is taken, or "!" and why not.
std::string taken(const std::string& way, std::string_view body) {
  auto take = Extraction::make(way, 0);
  if (!take) return "!" + take.error().message();
  const std::array<Extraction, 1> takes{*take};
  std::array<std::string, 1> values;
  std::string why;
  return take_from_body(takes, body, values, why) ? values[0] : "!" + why;
}

TEST(Extraction, ARegexTakesWhatItsGroupHolds) {
  EXPECT_EQ(taken("regex:seg-([0-9]+)\\.ts", "#EXT\nseg-7.ts\nseg-8.ts"), "7");
  EXPECT_EQ(taken("regex:a(b?)c", "ac"), "");
  EXPECT_THAT(taken("regex:a(b)c", "ac"), testing::StartsWith("!regex:a(b)c matches nothing"));
  EXPECT_EQ(taken("regex:(\\xff)", "a\xff"), "\xff");
}

TEST(Extraction, AHostileBodyTakesNeitherTimeNorStack) {
  const std::string many(1024 * 1024, 'a');
  EXPECT_THAT(taken("regex:(a*)*b", many), testing::StartsWith("!"));
  EXPECT_THAT(taken("regex:^((a|aa)+)$x", many), testing::StartsWith("!"));
  EXPECT_THAT(taken("json:/a", std::string(1024 * 1024, '[')), testing::StartsWith("!json:/a"));
}

TEST(Extraction, APointerTakesTextsNumbersAndTruthValues) {
  constexpr std::string_view kBody =
      R"({"a": "text", "n": -1.5, "t": true, "l": [1, {"x/y": "deep"}], "z": null})";
  EXPECT_EQ(taken("json:/a", kBody), "text");
  EXPECT_EQ(taken("json:/n", kBody), "-1.5");
  EXPECT_EQ(taken("json:/t", kBody), "true");
  EXPECT_EQ(taken("json:/l/0", kBody), "1");
  EXPECT_EQ(taken("json:/l/1/x~1y", kBody), "deep");
  EXPECT_EQ(taken("json:", "\"whole\""), "whole");
  for (const char* const way : {"json:/z", "json:/l", "json:/none", "json:/l/9", "json:/l/x",
                                "json:/a/b", "json:/l/99999999999999999999"}) {
    EXPECT_THAT(taken(way, kBody), testing::StartsWith("!")) << way;
  }
  EXPECT_THAT(taken("json:/a", "<html>"), testing::HasSubstr("no JSON"));
}

TEST(Extraction, RefusesWhatSaysNothing) {
  for (const char* const way :
       {"", "xpath:/a", "regex:a", "regex:(a)(b)", "regex:(", "json:a", "header:", "header"}) {
    EXPECT_FALSE(Extraction::make(way, 0)) << way;
  }
}

}  // namespace
}  // namespace squall::generators
