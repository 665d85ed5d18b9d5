#include "harness/control/lease.h"

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using namespace std::chrono_literals;

TEST(Lease, LapsesWhenItsLengthHasGoneByWithoutRenewal) {
  const Instant begin{};
  const Lease lease(5s, begin);
  EXPECT_FALSE(lease.has_lapsed(begin + 4999ms));
  EXPECT_TRUE(lease.has_lapsed(begin + 5s));
}

TEST(Lease, RunsItsWholeLengthFromEachRenewal) {
  const Instant begin{};
  Lease lease(5s, begin);
  lease.renew(begin + 4s);
  EXPECT_FALSE(lease.has_lapsed(begin + 8s));
  EXPECT_EQ(lease.lapses_at(), begin + 9s);
}

TEST(Lease, IsNotCutShortByOneThatWasGrantedBefore) {
  const Instant begin{};
  Lease lease(5s, begin + 2s);
  lease.renew(begin + 1s);
  EXPECT_EQ(lease.lapses_at(), begin + 7s);
}

}  // namespace
}  // namespace squall::control
