#include "harness/coordinator/given_order.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

class GivenOrderTest : public testing::Test {
 protected:
  GivenOrderTest() {
    order_.tell("fra-1", 7);
    order_.tell("lon-1", 9);
  }
  const Instant from_ = Instant(100s);
  GivenOrder order_{{.number = 0, .text = "rate browse 20/s"}, from_};
};

TEST_F(GivenOrderTest, IsAnsweredWhenAllHaveTakenIt) {
  EXPECT_EQ(order_.number_of("lon-1"), 9U);
  EXPECT_EQ(order_.take("fra-1", from_ - 300ms), Duration::zero());
  EXPECT_FALSE(order_.number_of("fra-1"));
  EXPECT_FALSE(order_.may_be_answered(from_));
  EXPECT_EQ(order_.take("lon-1", from_ + 50ms), Duration::zero());
  EXPECT_TRUE(order_.may_be_answered(from_));
  EXPECT_EQ(order_.answer(), "");
  EXPECT_TRUE(order_.is_over());
  EXPECT_FALSE(order_.may_be_answered(from_));
}

TEST_F(GivenOrderTest, SaysWhoTookItLate) {
  order_.take("fra-1", from_);
  EXPECT_EQ(order_.take("lon-1", from_ + 1200ms), 1200ms);
  EXPECT_TRUE(order_.may_be_answered(from_ + 1200ms));
  EXPECT_EQ(order_.answer(), "obeyed: taken by lon-1 1.2 s after it was to hold");
}

TEST_F(GivenOrderTest, IsAnsweredAfterAWhileAndLivesOnUntilItIsTaken) {
  order_.take("fra-1", from_);
  EXPECT_FALSE(order_.may_be_answered(from_ + 2400ms));
  EXPECT_TRUE(order_.may_be_answered(from_ + 2500ms));
  EXPECT_TRUE(order_.answer().starts_with("it is ordered, but lon-1 did not say yet"));
  EXPECT_FALSE(order_.is_over());
  EXPECT_EQ(order_.take("lon-1", from_ + 4s), 4s);
  EXPECT_TRUE(order_.is_over());
}

TEST_F(GivenOrderTest, SaysWhoIsLostAndWaitsForNobodyWhoEnded) {
  order_.lose("lon-1");
  order_.forget("fra-1");
  EXPECT_TRUE(order_.may_be_answered(from_));
  EXPECT_EQ(order_.answer(), "it is ordered, but lon-1 is lost and did not take it");
}

}  // namespace
}  // namespace squall::coordinator
