#include "harness/cli/plan_steps.h"

#include <chrono>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

faults::ProcessFault on_service_web() {
  faults::ProcessFault fault;
  fault.match.service = "web";
  return fault;
}
faults::FaultSpec spec_of(const faults::ProcessFault& fault) {
  faults::FaultSpec spec;
  spec.what = fault;
  return spec;
}

TEST(Steps, OfAStopHaveItsEnd) {
  auto fault = on_service_web();
  fault.signal = SIGSTOP;
  const Steps steps = steps_of(spec_of(fault));
  EXPECT_THAT(steps.lines,
              ElementsAre("kill -STOP PID (of each process picked of service web, by pidfd)"));
  EXPECT_THAT(steps.undo_lines, ElementsAre("kill -CONT PID"));
}

TEST(Steps, OfAKillCannotBeUndone) {
  auto fault = on_service_web();
  fault.signal = SIGKILL;
  EXPECT_THAT(steps_of(spec_of(fault)).undo_lines, IsEmpty());
}

TEST(Steps, OfALinkStandBetweenTheLoadAndItsTarget) {
  faults::LinkFault fault;
  fault.target = "edge";
  fault.up.delay = fault.down.delay = 20ms;
  faults::FaultSpec spec;
  spec.what = fault;
  Steps steps = steps_of(spec);
  ASSERT_EQ(steps.lines.size(), 3U);
  EXPECT_THAT(steps.lines[0], testing::StartsWith("listen at 127.0.0.1:PORT for each URL of "));
  EXPECT_THAT(steps.lines[2], testing::HasSubstr("link to target edge: delay 20 ms"));
  EXPECT_THAT(steps.undo_lines, testing::Contains("all passes at once again"));
  fault.listen = "127.0.0.1:9443";
  spec.what = fault;
  steps = steps_of(spec);
  EXPECT_THAT(steps.lines[0], testing::StartsWith("listen at 127.0.0.1:9443 "));
}

TEST(Steps, OfAHangMakeAGroupAndRemoveIt) {
  auto fault = on_service_web();
  fault.action = faults::ProcessFault::Action::kHang;
  const Steps steps = steps_of(spec_of(fault));
  ASSERT_EQ(steps.lines.size(), 3U);
  EXPECT_EQ(steps.lines[0],
            "mkdir GROUP/squall_AGENT_TICKS_N (in the control group of each process picked of"
            " service web)");
  ASSERT_EQ(steps.undo_lines.size(), 3U);
  EXPECT_EQ(steps.undo_lines[2], "rmdir GROUP/squall_AGENT_TICKS_N");
}

TEST(Steps, OfPressureAreAProcessAndItsEnd) {
  faults::FaultSpec spec;
  spec.length = 2s;
  spec.what =
      faults::PressureFault{faults::DescriptorsPressure{.count = 100, .share = {}, .of = {}}};
  const Steps steps = steps_of(spec);
  EXPECT_THAT(steps.lines, ElementsAre("squall pressure --line 3 descriptors length_ns=2000000000"
                                       " count=100"));
  EXPECT_THAT(steps.undo_lines, ElementsAre("kill -KILL PID (of that process)"));
}

TEST(Steps, OfFewerFilesAreALimitAndWhatItWas) {
  faults::ProcessMatch nginx;
  nginx.name = "nginx";
  faults::FaultSpec spec;
  spec.what =
      faults::PressureFault{faults::DescriptorsPressure{.count = 100, .share = {}, .of = nginx}};
  const Steps steps = steps_of(spec);
  ASSERT_EQ(steps.lines.size(), 1U);
  EXPECT_THAT(steps.undo_lines, ElementsAre("prlimit --pid PID --nofile=BEFORE:"));
}

}  // namespace
}  // namespace squall::cli
