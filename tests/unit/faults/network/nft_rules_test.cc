#include "faults/network/nft_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

NetworkFault fault(TrafficFilter to, TrafficFilter from = {}) {
  NetworkFault made;
  made.interface = "va";
  made.to = std::move(to);
  made.from = std::move(from);
  return made;
}

TEST(NftRules, MeetsBothFamiliesByTwoRulesWhereBothAreNamed) {
  const auto rules =
      rules_for(fault({{"10.0.0.0/8", "fd00::/8", "192.0.2.1"}, {443}, "udp"}), false);
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].family, NftRule::Family::kV4);
  EXPECT_THAT(rules[0].to, ElementsAre("10.0.0.0/8", "192.0.2.1"));
  EXPECT_THAT(rules[1].to, ElementsAre("fd00::/8"));
  EXPECT_THAT(rules[1].transports, ElementsAre("udp"));
}

TEST(NftRules, MeetsBothFamiliesByOneRuleWhereNoAddressIsNamed) {
  const auto rules = rules_for(fault({{}, {443}, {}}), false);
  ASSERT_THAT(rules, SizeIs(1));
  EXPECT_EQ(rules[0].family, NftRule::Family::kAny);
  EXPECT_THAT(rules[0].transports, ElementsAre("tcp", "udp"));
}

TEST(NftRules, MeetsNothingWhereTheSidesAreOfDifferentFamilies) {
  EXPECT_THAT(rules_for(fault({{"10.0.0.1"}, {}, {}}, {{"fd00::1"}, {}, {}}), false), IsEmpty());
}

TEST(NftRules, ChangesTheSidesForAnswers) {
  const auto rules = rules_for(fault({{"10.0.0.1"}, {443}, "tcp"}), true);
  ASSERT_THAT(rules, SizeIs(1));
  EXPECT_THAT(rules[0].from, ElementsAre("10.0.0.1"));
  EXPECT_THAT(rules[0].from_ports, ElementsAre(443));
  EXPECT_THAT(rules[0].to, IsEmpty());
}

TEST(NftRules, WritesARuleAsNftDoes) {
  NftRule rule = rules_for(fault({{"10.0.0.0/8"}, {80, 443}, "tcp"}), false).front();
  rule.share = 0.02;
  rule.verdict = {NftVerdict::Kind::kClassify, 0x50a10002, {}};
  const NftChain chain{"out", NftChain::Hook::kEgress, "va", {rule}};
  EXPECT_EQ(nft_text(chain, rule),
            "ip daddr 10.0.0.0/8 meta l4proto tcp th dport { 80, 443 } numgen random mod 1000000 "
            "< 20000 counter meta priority set 50a1:2 accept");
  EXPECT_EQ(nft_text({"netdev", "squall_1_2_3"}, chain),
            "add chain netdev squall_1_2_3 out { type filter hook egress device \"va\" priority 0; "
            "policy accept; }");
  const auto json = nlohmann::json::parse(json_to_add({"netdev", "squall_1_2_3"}, {chain}));
  ASSERT_THAT(json.at("nftables"), SizeIs(2));
  const auto& statements = json.at("nftables").at(1).at("add").at("rule").at("expr");
  ASSERT_THAT(statements, SizeIs(7));
  EXPECT_EQ(
      statements.at(3).dump(),
      R"({"match":{"left":{"numgen":{"mod":1000000,"mode":"random"}},"op":"<","right":20000}})");
  EXPECT_EQ(statements.at(5).dump(),
            R"({"mangle":{"key":{"meta":{"key":"priority"}},"value":1352728578}})");
}

TEST(NftRules, FindsOnlyTablesThatAreOurs) {
  const auto tables = read_our_tables(
      R"({"nftables":[{"metainfo":{}},{"table":{"family":"inet","name":"filter"}},
          {"table":{"family":"netdev","name":"squall_1_2_3"}},7,{"table":3}]})");
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].family, "netdev");
  EXPECT_THAT(read_our_tables("no json"), IsEmpty());
  EXPECT_THAT(read_our_tables("[]"), IsEmpty());
}

TEST(NftRules, ReadsCountersByTheRulesName) {
  const auto counts = read_counts(
      R"({"nftables":[{"rule":{"comment":"lost","expr":[{"counter":{"packets":21,"bytes":9}}]}},
          {"rule":{"comment":"met","expr":[{"match":{}},{"counter":{"packets":79}}]}},
          {"rule":{"expr":7}},{"rule":{"comment":"odd","expr":[{"counter":null}]}}]})");
  ASSERT_THAT(counts, SizeIs(2));
  EXPECT_EQ(counts[0].name, "lost");
  EXPECT_EQ(counts[0].packets, 21U);
  EXPECT_EQ(counts[1].packets, 79U);
}

}  // namespace
}  // namespace squall::faults
