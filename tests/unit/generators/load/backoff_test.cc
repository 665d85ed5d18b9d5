#include "generators/load/backoff.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToItsCapAndIsJittered) {
  Backoff backoff({50ms, 300ms}, 7);
  for (const Duration whole : {50ms, 100ms, 200ms, 300ms, 300ms, 300ms}) {
    const Duration waited = backoff.next();
    EXPECT_GE(waited, whole / 2);
    EXPECT_LE(waited, whole);
  }
  EXPECT_NE(backoff.next(), backoff.next());
}

TEST(Backoff, BeginsAnewAfterAReset) {
  Backoff backoff({50ms, 2s}, 7);
  for (int i = 0; i < 10; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), 50ms);
}

TEST(Backoff, NeverSpinsAndNeverOverflows) {
  Backoff none({0ms, 0ms}, 7);
  EXPECT_GE(none.next(), 1ms);
  Backoff endless({1h, Duration::max()}, 7);
  for (int i = 0; i < 100; ++i) EXPECT_GE(endless.next(), 1ms);
}

TEST(Backoff, DiffersBetweenConnections) {
  EXPECT_NE(Backoff({50ms, 2s}, 1).next(), Backoff({50ms, 2s}, 2).next());
}

}  // namespace
}  // namespace squall::generators
