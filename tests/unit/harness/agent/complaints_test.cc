#include "harness/agent/complaints.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::agent {
namespace {

using namespace std::chrono_literals;

TEST(Complaints, SayAReasonOnceAndThenRarely) {
  Complaints complaints;
  const Instant now(1000s);
  EXPECT_EQ(complaints.take("nobody answers", now), "nobody answers");
  for (int i = 1; i < 60; ++i) EXPECT_EQ(complaints.take("nobody answers", now + i * 1s), "");
  EXPECT_EQ(complaints.take("nobody answers", now + 60s),
            "nobody answers (still so; it was asked 60 times more)");
  EXPECT_EQ(complaints.take("nobody answers", now + 61s), "");
}

TEST(Complaints, SayANewReasonAtOnce) {
  Complaints complaints;
  const Instant now(1000s);
  EXPECT_EQ(complaints.take("nobody answers", now), "nobody answers");
  EXPECT_EQ(complaints.take("it takes no more agents", now), "it takes no more agents");
  EXPECT_EQ(complaints.take("nobody answers", now), "nobody answers");
  complaints.forget();
  EXPECT_EQ(complaints.take("nobody answers", now), "nobody answers");
}

}  // namespace
}  // namespace squall::agent
