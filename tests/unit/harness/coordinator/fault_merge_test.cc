#include "harness/coordinator/fault_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using reports::FaultRecord;
using State = FaultRecord::State;
using testing::ElementsAre;

FaultRecord told(const std::string& agent, State state, Duration from, std::optional<Duration> to,
                 const std::string& seen) {
  FaultRecord record;
  record.name = record.label = "cut";
  record.state = state;
  record.from = from;
  record.effective = from;
  record.to = to;
  record.on = {agent};
  record.seen = seen;
  return record;
}

TEST(FaultMerge, LeavesWhatOneAgentToldAsItIs) {
  const FaultRecord all = merge({told("a", State::kUndone, 1s, 3s, "loss 2 %")});
  EXPECT_EQ(all.state, State::kUndone);
  EXPECT_EQ(all.from, Duration(1s));
  EXPECT_EQ(all.seen, "loss 2 %");
  EXPECT_THAT(all.on, ElementsAre("a"));
}

TEST(FaultMerge, LastsFromTheFirstBeginToTheLastEnd) {
  const FaultRecord all =
      merge({told("a", State::kUndone, 1s, 4s, "x"), told("b", State::kUndone, 2s, 3s, "y")});
  EXPECT_EQ(all.from, Duration(1s));
  EXPECT_EQ(all.effective, Duration(2s));
  EXPECT_EQ(all.to, Duration(4s));
  EXPECT_EQ(all.seen, "a: x; b: y");
  EXPECT_THAT(all.on, ElementsAre("a", "b"));
}

TEST(FaultMerge, IsInForceUntilItIsUndoneEverywhere) {
  const FaultRecord all =
      merge({told("a", State::kUndone, 1s, 4s, "x"), told("b", State::kInForce, 1s, {}, "x")});
  EXPECT_EQ(all.state, State::kInForce);
  EXPECT_FALSE(all.to);
  EXPECT_EQ(all.seen, "x");
}

TEST(FaultMerge, IsAsBadAsTheWorst) {
  for (const State worse : {State::kFailed, State::kIneffective, State::kResidue}) {
    const FaultRecord good = told("a", State::kUndone, 1s, 4s, "x");
    const FaultRecord bad = told("b", worse, 1s, 4s, "");
    EXPECT_EQ(merge({good, bad}).state, worse);
    EXPECT_EQ(merge({bad, good}).state, worse);
  }
}

FaultRecord told_of(const std::string& agent, const reports::Survival& survival) {
  FaultRecord record = told(agent, State::kUndone, 1s, 3s, "x");
  record.survival = survival;
  return record;
}

TEST(FaultMerge, AddsUpTheConnectionsOfAllAgentsAndWeighsTheirGapsAlike) {
  const FaultRecord all = merge({told_of("a", {10, 9, 1, 900ms, 100ms, 1, 2, 3, 4, 5, 6, 7}),
                                 told_of("b", {30, 20, 2, 2s, 500ms, 10, 20, 30, 40, 50, 60, 70}),
                                 told("c", State::kUndone, 1s, 3s, "x")});
  ASSERT_TRUE(all.survival);
  EXPECT_EQ(all.survival->connections, 40U);
  EXPECT_EQ(all.survival->survived, 29U);
  EXPECT_EQ(all.survival->silent, 3U);
  EXPECT_EQ(all.survival->longest_gap, Duration(2s));
  EXPECT_EQ(all.survival->mean_gap, Duration(400ms));
  EXPECT_EQ(all.survival->rebinds, 11U);
  EXPECT_EQ(all.survival->migrations, 22U);
  EXPECT_EQ(all.survival->unanswered, 33U);
  EXPECT_EQ(all.survival->refused, 44U);
  EXPECT_EQ(all.survival->impossible, 55U);
  EXPECT_EQ(all.survival->key_updates, 66U);
  EXPECT_EQ(all.survival->keys_kept, 77U);
  EXPECT_THAT(all.seen, testing::StartsWith("29 of 40 connections survived in all, longest gap 2"));
}

TEST(FaultMerge, TellsOfConnectionsAlsoWhereTheFirstAgentHasNoneOrSaysNothing) {
  const reports::Survival some{4, 4, 0, 50ms, 20ms};
  EXPECT_EQ(merge({told_of("a", {}), told_of("b", some)}).survival->mean_gap, Duration(20ms));
  const FaultRecord late = merge({told("a", State::kInForce, 1s, {}, ""), told_of("b", some)});
  ASSERT_TRUE(late.survival);
  EXPECT_EQ(late.survival->survived, 4U);
  EXPECT_FALSE(merge({told("a", State::kUndone, 1s, 3s, "x")}).survival);
}

TEST(FaultMerge, IsStoppedWhereAnyAgentStoppedIt) {
  FaultRecord stopped = told("b", State::kUndone, 1s, 2s, "loss 2 %");
  stopped.is_stopped = true;
  EXPECT_TRUE(merge({told("a", State::kUndone, 1s, 2s, "loss 2 %"), stopped}).is_stopped);
}

}  // namespace
}  // namespace squall::coordinator
