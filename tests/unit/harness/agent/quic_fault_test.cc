#include "harness/agent/quic_fault.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using generators::DisturbanceTally;
using testing::HasSubstr;

DisturbanceTally tally_of_ten() {
  DisturbanceTally tally;
  tally.connections = 10;
  tally.datagrams = 20'000;
  tally.longest_gap = 250ms;
  tally.all_gaps = 1s;
  return tally;
}

TEST(QuicFault, TellsHowManyConnectionsSurvivedAndTheirGaps) {
  DisturbanceTally tally = tally_of_ten();
  tally.lost = 3;
  tally.rebinds = 40;
  faults::QuicFault asked;
  asked.load = "browse";
  asked.rebind_every = 2s;
  const auto survival = survival_in(tally);
  EXPECT_EQ(survival.connections, 10U);
  EXPECT_EQ(survival.survived, 7U);
  EXPECT_EQ(survival.longest_gap, 250ms);
  EXPECT_EQ(survival.mean_gap, 100ms);
  EXPECT_EQ(survival.silent, 0U);
  const auto finding = judge(asked, tally);
  EXPECT_TRUE(finding.took);
  DisturbanceTally mute = tally;
  mute.silent = 7;
  EXPECT_EQ(survival_in(mute).silent, 7U);
  EXPECT_THAT(judge(asked, mute).seen,
              HasSubstr("7 of 10 connections survived, 7 of them silent at the end, longest gap"));
  EXPECT_EQ(finding.seen,
            "7 of 10 connections survived, longest gap 250 ms, mean 100 ms, 40 new ports"
            " (20000 datagrams)");
}

TEST(QuicFault, IsIneffectiveWhereWhatWasAskedForDidNotHappen) {
  faults::QuicFault asked;
  asked.load = "browse";
  asked.loss = {0.01};
  EXPECT_THAT(judge(asked, tally_of_ten()).why_not, HasSubstr("nothing was lost"));
  DisturbanceTally few = tally_of_ten();
  few.datagrams = 50;
  EXPECT_TRUE(judge(asked, few).took) << "of fifty it may well be that none is";
  EXPECT_THAT(judge(asked, DisturbanceTally{}).why_not, HasSubstr("no connection over QUIC"));
  asked = {};
  asked.migrate_every = 1s;
  DisturbanceTally refused = tally_of_ten();
  refused.not_migrated = 10;
  const auto finding = judge(asked, refused);
  EXPECT_FALSE(finding.took);
  EXPECT_THAT(finding.why_not, HasSubstr("does not allow it"));
  EXPECT_THAT(finding.seen, HasSubstr("10 refused"));
  DisturbanceTally mute = refused;
  mute.unanswered = 3;
  EXPECT_THAT(judge(asked, mute).why_not, HasSubstr("did not answer on the new path"));
  EXPECT_THAT(judge(asked, mute).seen, HasSubstr("0 migrations, 3 unanswered, 10 refused"));
  DisturbanceTally nowhere = tally_of_ten();
  nowhere.no_socket = 20;
  nowhere.why_no_socket = "203.0.113.7: bind: Cannot assign requested address";
  const auto none = judge(asked, nowhere);
  EXPECT_FALSE(none.took);
  EXPECT_THAT(none.why_not, HasSubstr("no connection migrated: 203.0.113.7: bind: Cannot assign"));
  EXPECT_THAT(none.seen, HasSubstr("20 that could not be (203.0.113.7"));
}

TEST(QuicFault, TellsHowOftenConnectionsWentOnWithNewKeys) {
  DisturbanceTally tally = tally_of_ten();
  tally.keys_kept = 4;
  faults::QuicFault asked;
  asked.load = "browse";
  asked.update_keys_every = 1s;
  EXPECT_FALSE(judge(asked, tally).took);
  EXPECT_THAT(judge(asked, tally).why_not, HasSubstr("no connection went on with new keys"));
  tally.key_updates = 36;
  EXPECT_TRUE(judge(asked, tally).took);
  EXPECT_THAT(judge(asked, tally).seen, HasSubstr("36 key updates, 4 too soon or not followed ("));
}

TEST(QuicFault, TellsApartWhatBecameOfMoves) {
  DisturbanceTally tally = tally_of_ten();
  tally.rebinds = 1;
  tally.migrations = 2;
  tally.unanswered = 3;
  tally.not_migrated = 4;
  tally.no_socket = 5;
  tally.key_updates = 6;
  tally.keys_kept = 7;
  const auto survival = survival_in(tally);
  EXPECT_EQ(survival.rebinds, 1U);
  EXPECT_EQ(survival.migrations, 2U);
  EXPECT_EQ(survival.unanswered, 3U);
  EXPECT_EQ(survival.refused, 4U);
  EXPECT_EQ(survival.impossible, 5U);
  EXPECT_EQ(survival.key_updates, 6U);
  EXPECT_EQ(survival.keys_kept, 7U);
}

TEST(QuicFault, HasNoMeanGapWhereThereWasNoConnection) {
  EXPECT_EQ(survival_in({}).mean_gap, Duration::zero());
  EXPECT_EQ(survival_in({}).survived, 0U);
}

}  // namespace
}  // namespace squall::agent
