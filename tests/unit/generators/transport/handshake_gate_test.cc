#include "generators/transport/handshake_gate.h"

#include <chrono>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using Passes = std::vector<std::unique_ptr<HandshakeGate::Pass>>;

class HandshakeGateTest : public ::testing::Test {
 protected:
  void enter(int times) {
    for (int i = 0; i < times; ++i) {
      passes_.push_back(gate_.enter([this] { ++let_in_later_; }));
    }
  }
  int inside() const {
    int inside = 0;
    for (const auto& pass : passes_) inside += pass && pass->is_inside() ? 1 : 0;
    return inside;
  }

  asio::io_context loop_;
  HandshakeGate gate_{loop_, 2, 50ms};
  Passes passes_;
  int let_in_later_ = 0;
};

TEST_F(HandshakeGateTest, LetsThoseInAtOnceForWhomThereIsRoom) {
  enter(2);
  EXPECT_EQ(inside(), 2);
  EXPECT_EQ(let_in_later_, 0);
}

TEST_F(HandshakeGateTest, LetsTheNextInWhenOneIsOver) {
  enter(4);
  EXPECT_EQ(inside(), 2);
  passes_[1].reset();
  EXPECT_EQ(let_in_later_, 1);
  EXPECT_TRUE(passes_[2]->is_inside());
  EXPECT_FALSE(passes_[3]->is_inside());
}

TEST_F(HandshakeGateTest, ForgetsWhoLeavesBeforeHeWasLetIn) {
  enter(4);
  passes_[2].reset();
  EXPECT_EQ(let_in_later_, 0);
  passes_[0].reset();
  EXPECT_TRUE(passes_[3]->is_inside());
}

TEST_F(HandshakeGateTest, DoesNotLetTheOthersWaitForThoseThatTakeLong) {
  const auto began = std::chrono::steady_clock::now();
  enter(5);
  while (inside() < 5 && loop_.run_one() > 0) {
  }
  EXPECT_EQ(inside(), 5);
  EXPECT_EQ(let_in_later_, 3);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 100ms);  // Two by two.
}

TEST_F(HandshakeGateTest, WhoIsLetInAsHeEntersIsNotCalledAsWell) {
  HandshakeGate gate(loop_, 2, 0ms);  // Whoever is inside is there for long, and makes room.
  int called = 0;
  Passes passes;
  for (int i = 0; i < 5; ++i) passes.push_back(gate.enter([&called] { ++called; }));
  for (const auto& pass : passes) EXPECT_TRUE(pass->is_inside());
  EXPECT_EQ(called, 0);
}

}  // namespace
}  // namespace squall::generators
