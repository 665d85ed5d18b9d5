#include "reports/measure/event_log.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

TEST(EventLog, DatesWhatCameBeforeTheStartOnceTheStartIsKnown) {
  const Instant begin{};
  EventLog log;
  log.put(begin + 1s, "service.started", "web.1", "pid 7");
  EXPECT_TRUE(log.take().empty());
  log.date_from(begin + 3s);
  log.put(begin + 4s, "fault.applied", "kill", "");
  const auto events = log.take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at, Duration(-2s));
  EXPECT_EQ(events[0].subject, "web.1");
  EXPECT_EQ(events[1].at, Duration(1s));
}

TEST(EventLog, GivesEachEventOnce) {
  EventLog log;
  log.date_from(Instant{});
  log.put(Instant{} + 1s, "note", "", "");
  EXPECT_EQ(log.take().size(), 1U);
  EXPECT_TRUE(log.take().empty());
}

TEST(EventLog, DatesFromItsEndWhereThereWasNoStart) {
  EventLog log;
  log.put(Instant{} + 1s, "note", "", "");
  log.close(Instant{} + 5s);
  const auto events = log.take();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].at, Duration(-4s));
}

TEST(EventLog, KeepsTheStartThatItHasWhenItIsClosed) {
  EventLog log;
  log.date_from(Instant{} + 2s);
  log.close(Instant{} + 9s);
  EXPECT_EQ(log.start(), Instant{} + 2s);
}

}  // namespace
}  // namespace squall::reports
