#include "faults/pressure/pressure_report.h"

#include <string>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using State = PressureReport::State;

TEST(PressureReport, IsReadAsItWasSent) {
  for (const State state : {State::kWorking, State::kPresses, State::kShort, State::kFailed}) {
    const PressureReport report{.state = state, .seen = "holds 3", .why_not = "of 4"};
    EXPECT_EQ(read_report(to_message(report)), report);
  }
}

TEST(PressureReport, IsCutWhereItIsTooLong) {
  const std::string message =
      to_message({.state = State::kFailed, .seen = std::string(10'000, 'x'), .why_not = "y"});
  EXPECT_EQ(message.size(), kLongestReport);
  EXPECT_EQ(read_report(message)->state, State::kFailed);
}

TEST(PressureReport, IsNotReadFromAnythingElse) {
  EXPECT_EQ(read_report(""), std::nullopt);
  EXPECT_EQ(read_report("x"), std::nullopt);
}

}  // namespace
}  // namespace squall::faults
