#include "generators/target/behaviour.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using testing::HasSubstr;

std::string complaint_about(const std::string& json) {
  auto read = parse_behaviours(json);
  return read ? "none" : read.error().message();
}

TEST(BehaviourTable, IsReadWithDefaultsForWhatIsLeftOut) {
  auto table = parse_behaviours(
      R"({"/slow": {"service": {"distribution": "constant", "ms": 10}, "limit": 4}})");
  ASSERT_TRUE(ok(table));
  Behaviour expected;
  expected.service = {ServiceTime::Distribution::kConstant, 10ms, 0};
  expected.limit = 4;
  EXPECT_EQ(table->at("/slow"), expected);
  EXPECT_EQ(table->at("/"), Behaviour());
}

TEST(BehaviourTable, ReadsBackWhatItHasWritten) {
  Behaviour everything;
  everything.status = 404;
  everything.body = Bytes{123456789012};
  everything.service = {ServiceTime::Distribution::kLognormal, 1234us, 0.75};
  everything.errors = Share{0.125};
  everything.error_status = 500;
  everything.resets = Share{0.01};
  everything.silence = Share{0.001};
  everything.limit = 7;
  everything.queue = 0;
  everything.thrash = Thrash{Share{0.03}, 50};
  everything.changes = {{1500ms, ServiceTime{ServiceTime::Distribution::kConstant, 20ms, 0}, {}},
                        {1500ms, {}, 3},
                        {36h, ServiceTime{}, 9}};
  Behaviour exponential;
  exponential.service = {ServiceTime::Distribution::kExponential, 3ms, 0};
  const BehaviourTable table{{"/", {}}, {"/all", everything}, {"/all/exponential", exponential}};

  auto again = parse_behaviours(to_json(table));
  ASSERT_TRUE(ok(again));
  EXPECT_EQ(*again, table);
}

TEST(BehaviourTable, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(complaint_about("{"), HasSubstr("parse error"));
  EXPECT_THAT(complaint_about("[]"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(complaint_about(R"({"x": {}})"), HasSubstr("path 'x': must begin with '/'"));
  EXPECT_THAT(complaint_about(R"({"/.squall/x": {}})"), HasSubstr("the admin's own"));
  EXPECT_THAT(complaint_about(R"({"/a b": {}})"), HasSubstr("visible ASCII"));
  EXPECT_THAT(complaint_about(R"({"/a": 1})"), HasSubstr("/a: expected a JSON object"));
  EXPECT_THAT(complaint_about(R"({"/a": {"stauts": 200}})"),
              HasSubstr("/a: unknown key 'stauts' (status, body_bytes"));
  EXPECT_THAT(complaint_about(R"({"/a": {"status": 99}})"), HasSubstr("status 99: not 200..599"));
  EXPECT_THAT(complaint_about(R"({"/a": {"body_bytes": -1}})"),
              HasSubstr("body_bytes: expected a whole number"));
  EXPECT_THAT(complaint_about(R"({"/a": {"error_share": 0.6, "reset_share": 0.6}})"),
              HasSubstr("together are more than 1"));
  EXPECT_THAT(complaint_about(R"({"/a": {"error_share": "2%"}})"),
              HasSubstr("error_share: expected a number"));
  EXPECT_THAT(complaint_about(R"({"/a": {"limit": 0}})"), HasSubstr("limit: not between 1"));
  EXPECT_THAT(complaint_about(R"({"/a": {"service": 10}})"), HasSubstr("service: expected"));
  EXPECT_THAT(complaint_about(R"({"/a": {"service": {"distribution": "pareto"}}})"),
              HasSubstr("expected none, constant, exponential or lognormal"));
  EXPECT_THAT(complaint_about(R"({"/a": {"service": {"distribution": "constant"}}})"),
              HasSubstr("service: 'ms' is missing"));
  EXPECT_THAT(complaint_about(R"({"/a": {"service": {"distribution": "exponential", "ms": 1}}})"),
              HasSubstr("service: unknown key 'ms' for exponential"));
  EXPECT_THAT(complaint_about(R"({"/a": {"service": {"distribution": "constant", "ms": -1}}})"),
              HasSubstr("not between 0 and 1 h"));
  EXPECT_THAT(complaint_about(R"({"/a": {"limit": 1, "thrash": 0.03}})"),
              HasSubstr(R"(thrash: expected an object like {"share": 0.03, "beyond": 50})"));
  EXPECT_THAT(complaint_about(R"({"/a": {"limit": 1, "thrash": {"share": 2, "beyond": 1}}})"),
              HasSubstr("thrash: the share is not between 0 and 1"));
  EXPECT_THAT(complaint_about(R"({"/a": {"thrash": {"share": 0.03, "beyond": 50}}})"),
              HasSubstr("thrash: without a limit nothing ever waits"));
}

TEST(BehaviourTable, SaysWhatIsWrongWithItsChanges) {
  const auto complaint = [](const std::string& changes) {
    return complaint_about(R"({"/a": {"changes": )" + changes + "}}");
  };
  EXPECT_THAT(complaint("60"), HasSubstr(R"(expected a list like [{"from_s": 60, "limit": 4}])"));
  EXPECT_THAT(complaint("[60]"), HasSubstr("changes: expected objects like"));
  EXPECT_THAT(complaint(R"([{"limit": 4}])"), HasSubstr("changes: expected objects like"));
  EXPECT_THAT(complaint(R"([{"from_s": 1, "queue": 4}])"),
              HasSubstr("changes: unknown key 'queue' (from_s, service, limit)"));
  EXPECT_THAT(complaint(R"([{"from_s": 1}])"), HasSubstr("names neither service nor limit"));
  EXPECT_THAT(complaint(R"([{"from_s": -1, "limit": 4}])"), HasSubstr("not between 0 and 100 h"));
  EXPECT_THAT(complaint(R"([{"from_s": 1, "limit": 0}])"), HasSubstr("limit: not between 1"));
  EXPECT_THAT(complaint(R"([{"from_s": 1, "limit": null}])"), HasSubstr("a whole number"));
  EXPECT_THAT(complaint(R"([{"from_s": 2, "limit": 4}, {"from_s": 1, "limit": 5}])"),
              HasSubstr("not in order of time"));
}

TEST(Behaviour, KeepsWhatAChangeDoesNotMention) {
  Behaviour base;
  base.status = 201;
  base.limit = 3;
  auto changed = parse_behaviour(R"({"limit": null, "queue": 5})", base);
  ASSERT_TRUE(ok(changed));
  EXPECT_EQ(changed->status, 201);
  EXPECT_EQ(changed->limit, std::nullopt);
  EXPECT_EQ(changed->queue, 5U);
}

}  // namespace
}  // namespace squall::generators
