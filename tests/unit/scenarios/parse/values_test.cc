#include "scenarios/parse/values.h"

#include <gtest/gtest.h>

#include "scenarios/parse/words.h"

namespace squall::scenarios {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Values, DurationsNeedAUnit) {
  EXPECT_EQ(parse_duration("250us").value, microseconds(250));
  EXPECT_EQ(parse_duration("40ms").value, milliseconds(40));
  EXPECT_EQ(parse_duration("1.5s").value, milliseconds(1500));
  EXPECT_EQ(parse_duration("5m").value, minutes(5));
  EXPECT_EQ(parse_duration("2h").value, minutes(120));
  for (const char* text : {"10", "", "s", "1e3s", "inf", "nan", "-1s", "1 s s", "0x10s", "+1s"}) {
    EXPECT_FALSE(parse_duration(text).value) << text;
    EXPECT_NE(parse_duration(text).mistake, "") << text;
  }
}

TEST(Values, RatesAndTheirRanges) {
  EXPECT_EQ(parse_rate("500/s").value->per_second, 500);
  EXPECT_EQ(parse_rate("30/m").value->per_second, 0.5);
  const auto ramp = parse_rate_range("100/s .. 2000/s").value;
  ASSERT_TRUE(ramp);
  EXPECT_EQ(ramp->from.per_second, 100);
  EXPECT_EQ(ramp->to.per_second, 2000);
  EXPECT_FALSE(parse_rate_range("1/s .. 2/s .. 3/s").value);
  EXPECT_FALSE(parse_rate_range("..").value);
}

TEST(Values, SharesSizesAndBandwidths) {
  EXPECT_DOUBLE_EQ(parse_share("2%").value->value, 0.02);
  EXPECT_DOUBLE_EQ(parse_share("0.02").value->value, 0.02);
  EXPECT_DOUBLE_EQ(parse_share("1").value->value, 1);
  EXPECT_FALSE(parse_share("1.5").value);
  EXPECT_FALSE(parse_share("101%").value);
  EXPECT_EQ(parse_size("64KiB").value->count, 65536U);
  EXPECT_EQ(parse_size("10MB").value->count, 10000000U);
  EXPECT_DOUBLE_EQ(*parse_bandwidth("10mbit").value, 1e7);
  EXPECT_FALSE(parse_bandwidth("0bit").value);
}

TEST(Values, StatusesAreOneARangeOrAHundred) {
  EXPECT_EQ(parse_status("200").value, (generators::StatusRange{200, 200}));
  EXPECT_EQ(parse_status("2xx").value, (generators::StatusRange{200, 299}));
  EXPECT_EQ(parse_status("200-204").value, (generators::StatusRange{200, 204}));
  for (const char* text : {"", "20", "2x", "xx", "6xx", "204-200", "200-", "-200", "99"}) {
    EXPECT_FALSE(parse_status(text).value) << text;
  }
}

TEST(Values, ThinkTimesNameTheirDistribution) {
  using Distribution = generators::ThinkSpec::Distribution;
  EXPECT_EQ(parse_think("200ms exponential").value->distribution, Distribution::kExponential);
  EXPECT_EQ(parse_think("200ms  uniform").value->distribution, Distribution::kUniform);
  EXPECT_EQ(parse_think("200ms").value->mean, milliseconds(200));
  EXPECT_FALSE(parse_think("exponential").value);
}

TEST(Values, GoodAnswersAreComparedByStatus) {
  EXPECT_EQ(parse_good("status<=499").value->compare, GoodSpec::Compare::kLessOrEqual);
  EXPECT_EQ(parse_good("status != 503").value->status, 503);
  EXPECT_EQ(parse_good("status = 200").value->compare, GoodSpec::Compare::kEqual);
  EXPECT_FALSE(parse_good("status").value);
  EXPECT_FALSE(parse_good("status < ").value);
}

TEST(Words, QuotesShowWhatATerminalWouldObey) {
  EXPECT_EQ(in_quotes("a\x1b[2J\n"), "'a?[2J\\n'");
  EXPECT_EQ(in_quotes(std::string(100, 'a')).size(), 65U);
}

}  // namespace
}  // namespace squall::scenarios
