#include "scenarios/plan/windows.h"

#include <absl/time/time.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using testing::HasSubstr;
using testing::Optional;

/// `text` is a moment in UTC, such as "2026-11-23T09:00:00Z"; a Monday.
WallTime at(const std::string& text) {
  absl::Time time;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &why)) throw std::invalid_argument(why);
  return absl::ToChronoTime(time);
}

SafetySpec office_hours() {
  SafetySpec safety;
  safety.timezone = "Europe/Berlin";
  safety.allow_windows = {"Mon-Thu 09:00-15:00"};
  safety.except_windows = {"2026-12-20..2027-01-05"};
  return safety;
}

TEST(WhyClosed, IsNothingWithoutWindows) {
  EXPECT_EQ(why_closed({}, at("2026-11-22T03:00:00Z"), 24h), std::nullopt);
}

TEST(WhyClosed, IsNothingForARunThatLiesWhollyInAWindowOfItsTimeZone) {
  EXPECT_EQ(why_closed(office_hours(), at("2026-11-23T08:00:00Z"), 6h), std::nullopt);
  EXPECT_EQ(why_closed(office_hours(), at("2026-07-06T07:00:00Z"), 6h), std::nullopt)  // CEST
      << "summer time";
}

TEST(WhyClosed, SaysWhenTheNextRunMayBegin) {
  EXPECT_THAT(why_closed(office_hours(), at("2026-11-23T07:59:00Z"), 1min),
              Optional(std::string("it is Mon 2026-11-23 08:59 Europe/Berlin, when safety.windows "
                                   "are closed; it may begin at Mon 2026-11-23 09:00 "
                                   "Europe/Berlin")));
  EXPECT_THAT(why_closed(office_hours(), at("2026-11-27T10:00:00Z"), 1min),
              Optional(HasSubstr("it may begin at Mon 2026-11-30 09:00")));
}

TEST(WhyClosed, IsSaidOfARunThatWouldOutlastItsWindow) {
  EXPECT_THAT(why_closed(office_hours(), at("2026-11-23T13:30:00Z"), 1h),
              Optional(HasSubstr("it would last until Mon 2026-11-23 15:30 Europe/Berlin, but "
                                 "safety.windows close at Mon 2026-11-23 15:00 Europe/Berlin; it "
                                 "may begin at Tue 2026-11-24 09:00")));
}

TEST(WhyClosed, IsSaidOfEachExceptedDayBothEndsIncluded) {
  for (const char* day : {"2026-12-21", "2027-01-05"}) {
    EXPECT_THAT(why_closed(office_hours(), at(std::string(day) + "T10:00:00Z"), 1h),
                Optional(HasSubstr("it may begin at Wed 2027-01-06 09:00")))
        << day;
  }
  EXPECT_EQ(why_closed(office_hours(), at("2027-01-06T10:00:00Z"), 1h), std::nullopt);
  SafetySpec one;
  one.except_windows = {"2026-11-23"};
  EXPECT_EQ(why_closed(one, at("2026-11-22T20:00:00Z"), 4h), std::nullopt);
  EXPECT_THAT(why_closed(one, at("2026-11-22T20:00:00Z"), 5h),
              Optional(HasSubstr("close at Mon 2026-11-23 00:00 UTC")));
}

TEST(WhyClosed, TakesWindowsThatTouchForOne) {
  SafetySpec safety;
  safety.allow_windows = {"Sat 20:00-24:00", "Sun 00:00-04:00", "Sun 03:00-06:00"};
  EXPECT_EQ(why_closed(safety, at("2026-11-21T21:00:00Z"), 9h), std::nullopt);
  EXPECT_THAT(why_closed(safety, at("2026-11-21T21:00:00Z"), 10h),
              Optional(HasSubstr("close at Sun 2026-11-22 06:00 UTC")));
}

TEST(WhyClosed, LetsDaysGoRoundTheEndOfTheWeek) {
  SafetySpec safety;
  safety.allow_windows = {"Sat-Mon 00:00-24:00"};
  EXPECT_EQ(why_closed(safety, at("2026-11-22T10:00:00Z"), 24h), std::nullopt);
  EXPECT_NE(why_closed(safety, at("2026-11-24T10:00:00Z"), 1h), std::nullopt);
}

TEST(WhyClosed, SaysThatNoWindowIsLongEnough) {
  EXPECT_THAT(why_closed(office_hours(), at("2026-11-23T08:00:00Z"), 7h),
              Optional(HasSubstr("it never may within a year")));
}

TEST(WhyClosed, IsSaidWhereTheTimeZoneIsNotKnown) {
  SafetySpec safety;
  safety.timezone = "Europe/Nowhere";
  EXPECT_THAT(why_closed(safety, at("2026-11-23T08:00:00Z"), 1h),
              Optional(std::string("this machine does not know the time zone Europe/Nowhere")));
}

}  // namespace
}  // namespace squall::scenarios
