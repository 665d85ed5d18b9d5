#include "reports/text/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/sample_comparison.h"

namespace squall::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(WriteComparison, IsThatOfTheGoldenFiles) {
  expect_golden("comparison.txt", write_comparison(sample_comparison(), {.columns = 100}));
  expect_golden(
      "comparison-ascii.txt",
      write_comparison(sample_comparison(), {.columns = 80, .color = false, .unicode = false}));
}

TEST(WriteComparison, HasNoTableWhereNothingIsInBoth) {
  Comparison empty;
  empty.verdict = ComparisonVerdict::kNotComparable;
  empty.reasons = {"other scenario: a and b"};
  EXPECT_THAT(write_comparison(empty, {}), HasSubstr("other scenario: a and b"));
  EXPECT_THAT(write_comparison(empty, {}), Not(HasSubstr("interval")));
}

}  // namespace
}  // namespace squall::reports
