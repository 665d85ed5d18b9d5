#include "generators/target/behaviour_text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;
using testing::ElementsAre;
using testing::HasSubstr;

std::string complaint_about(const std::string& text) {
  auto read = parse_behaviour_text(text);
  return read ? "none" : read.error().message();
}

TEST(BehaviourText, ReadsEveryPart) {
  auto read = parse_behaviour_text(
      "/slow: service 10ms exponential, limit 4, queue 100, errors 2% 500, resets 0.5%, "
      "silence 0.001, body 16KiB, status 201");
  ASSERT_TRUE(ok(read));
  Behaviour expected;
  expected.service = {ServiceTime::Distribution::kExponential, 10ms, 0};
  expected.limit = 4;
  expected.queue = 100;
  expected.errors = Share{0.02};
  expected.error_status = 500;
  expected.resets = Share{0.005};
  expected.silence = Share{0.001};
  expected.body = Bytes{16384};
  expected.status = 201;
  EXPECT_EQ(read->first, "/slow");
  EXPECT_EQ(read->second, expected);
}

TEST(BehaviourText, ReadsEachDistribution) {
  using Distribution = ServiceTime::Distribution;
  const auto service = [](const std::string& text) {
    return parse_behaviour_text("/: service " + text)->second.service;
  };
  EXPECT_EQ(service("250us"), (ServiceTime{Distribution::kConstant, 250us, 0}));
  EXPECT_EQ(service("1.5ms constant"), (ServiceTime{Distribution::kConstant, 1500us, 0}));
  EXPECT_EQ(service("2ms lognormal 0.5"), (ServiceTime{Distribution::kLognormal, 2ms, 0.5}));
}

TEST(BehaviourText, ReadsWhatThrashesAndWhatChangesInOrderOfTime) {
  auto read = parse_behaviour_text(
      "/: from 1.5m service 20ms exponential, limit 8, thrash 3% beyond 50, from 60s limit 4, "
      "from 60s limit 5");
  ASSERT_TRUE(ok(read));
  EXPECT_EQ(read->second.thrash, (Thrash{Share{0.03}, 50}));
  const ServiceTime slow{ServiceTime::Distribution::kExponential, 20ms, 0};
  EXPECT_THAT(read->second.changes,
              ElementsAre(BehaviourChange{60s, {}, 4}, BehaviourChange{60s, {}, 5},
                          BehaviourChange{90s, slow, {}}));
}

TEST(BehaviourText, APathMayHoldAColon) {
  EXPECT_EQ(parse_behaviour_text("/a:b: status 404")->first, "/a:b");
  EXPECT_EQ(parse_behaviour_text("/a:status 404")->first, "/a");
}

TEST(BehaviourText, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(complaint_about("slow"), HasSubstr("expected 'PATH: …'"));
  EXPECT_THAT(complaint_about("slow: status 200"), HasSubstr("must begin with '/'"));
  EXPECT_THAT(complaint_about("/a: service 10"),
              HasSubstr("behaviour of /a: 'service 10': '10': expected a unit such as us or ms"));
  EXPECT_THAT(complaint_about("/a: service -1s"), HasSubstr("expected a number"));
  EXPECT_THAT(complaint_about("/a: service inf"), HasSubstr("expected a number"));
  EXPECT_THAT(complaint_about("/a: service 1s pareto"), HasSubstr("lognormal SIGMA"));
  EXPECT_THAT(complaint_about("/a: service 2h"), HasSubstr("not between 0 and 1 h"));
  EXPECT_THAT(complaint_about("/a: limit"), HasSubstr("a value is missing"));
  EXPECT_THAT(complaint_about("/a: limit 0"), HasSubstr("limit: not between"));
  EXPECT_THAT(complaint_about("/a: limit 4 5"), HasSubstr("'5' is too much"));
  EXPECT_THAT(complaint_about("/a: errors 2"), HasSubstr("not between 0 and 1"));
  EXPECT_THAT(complaint_about("/a: errors 2ms"), HasSubstr("expected a share"));
  EXPECT_THAT(complaint_about("/a: body 1e300GB"), HasSubstr("more than 1 TiB"));
  EXPECT_THAT(complaint_about("/a: colour blue"), HasSubstr("expected service, limit"));
  EXPECT_THAT(complaint_about("/a: thrash 3%"), HasSubstr("as in 'thrash 3% beyond 50'"));
  EXPECT_THAT(complaint_about("/a: thrash 3% over 50"), HasSubstr("as in 'thrash 3% beyond 50'"));
  EXPECT_THAT(complaint_about("/a: thrash 3 beyond 50, limit 1"), HasSubstr("not between 0 and 1"));
  EXPECT_THAT(complaint_about("/a: thrash 3% beyond 50"), HasSubstr("without a limit"));
  EXPECT_THAT(complaint_about("/a: from 60 limit 4"), HasSubstr("expected a unit such as"));
  EXPECT_THAT(complaint_about("/a: from 60s"), HasSubstr("as in 'from 60s limit 4'"));
  EXPECT_THAT(complaint_about("/a: from 60s service"), HasSubstr("as in 'from 60s limit 4'"));
  EXPECT_THAT(complaint_about("/a: from 60s queue 4"), HasSubstr("as in 'from 60s limit 4'"));
  EXPECT_THAT(complaint_about("/a: from 60s limit 4 5"), HasSubstr("as in 'from 60s limit 4'"));
  EXPECT_THAT(complaint_about("/a: from 60s limit 0"), HasSubstr("limit: not between"));
  EXPECT_THAT(complaint_about("/a: from 101h limit 4"), HasSubstr("not between 0 and 100 h"));
}

}  // namespace
}  // namespace squall::generators
