#include "faults/core/active_fault.h"

#include <utility>

#include <gtest/gtest.h>

#include "faults/core/fault_error.h"

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

TEST(ActiveFault, IsTakenAwayWhenTheHandleIsDestroyed) {
  int undone = 0;
  {
    const ActiveFault fault("slow", [&]() -> Result<void> {
      ++undone;
      return {};
    });
    EXPECT_TRUE(fault.is_held());
  }
  EXPECT_EQ(undone, 1);
}

TEST(ActiveFault, IsUndoneOnceHoweverOftenItIsAsked) {
  int undone = 0;
  ActiveFault fault("slow", [&]() -> Result<void> {
    ++undone;
    return {};
  });
  EXPECT_TRUE(ok(fault.revert()));
  EXPECT_TRUE(ok(fault.revert()));
  const ActiveFault moved = std::move(fault);
  EXPECT_EQ(undone, 1);
}

TEST(ActiveFault, CallsAFailedUndoResidueAndHoldsItToBeTriedAgain) {
  int tries = 0;
  ActiveFault fault("slow", [&]() -> Result<void> {
    if (++tries == 1) return error(std::errc::device_or_resource_busy, "delete qdisc");
    return {};
  });
  const auto first = fault.revert();
  ASSERT_FALSE(first);
  EXPECT_TRUE(is_residue(first.error()));
  EXPECT_EQ(first.error().message(),
            "revert slow: delete qdisc: Device or resource busy: residue is left");
  EXPECT_TRUE(fault.is_held());
  EXPECT_TRUE(ok(fault.revert()));
  EXPECT_FALSE(fault.is_held());
}

TEST(ActiveFault, HoldsNothingForWhatCannotBeUndone) {
  ActiveFault killed("kill-one", {});
  EXPECT_FALSE(killed.is_held());
  EXPECT_TRUE(ok(killed.revert()));
}

}  // namespace
}  // namespace squall::faults
