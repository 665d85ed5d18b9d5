#include "harness/coordinator/roll.h"

#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/control/protocol.h"

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

using testing::ElementsAre;
using testing::Pair;

wire::Hello hello(const std::string& name, const std::map<std::string, std::string>& labels = {}) {
  wire::Hello message;
  message.set_name(name);
  control::sign(message);
  for (const auto& [key, value] : labels) (*message.mutable_labels())[key] = value;
  return message;
}

Roll roll(const std::string& expected) {
  auto read = parse_expected(expected);
  EXPECT_TRUE(ok(read));
  return Roll(*read);
}

TEST(ExpectedAgents, AreALabelAndANumberEach) {
  const auto read = parse_expected("role=edge:3,role=load,2");
  ASSERT_TRUE(ok(read));
  EXPECT_THAT(*read, ElementsAre(ExpectedAgents{"role", "edge", 3},
                                 ExpectedAgents{"role", "load", 1}, ExpectedAgents{"", "", 2}));
}

TEST(ExpectedAgents, AreRefusedWhereAWordIsNone) {
  for (const char* text : {"", ",", "role", "role=", "=edge", "role=edge:", "role=edge:0", "0",
                           "role=edge:-1", "role=edge:3x", "ro le=edge", "99999999999999999999"}) {
    EXPECT_FALSE(parse_expected(text)) << text;
  }
}

TEST(Applicant, HasTheNameAndTheLabelsThatItsCertificatePins) {
  const trust::Identity pinned{.name = "fra-1", .labels = {{"zone", "fra"}}};
  const auto who = applicant(hello("other", {{"zone", "ams"}, {"role", "edge"}}), pinned);
  ASSERT_TRUE(ok(who));
  EXPECT_EQ(who->name, "fra-1");
  EXPECT_THAT(who->labels, ElementsAre(Pair("role", "edge"), Pair("zone", "fra")));
}

TEST(Applicant, MayHaveANameBelowThatOfItsCertificate) {
  const trust::Identity pinned{.name = "edge", .labels = {{"role", "edge"}}};
  const auto name_of = [&](const std::string& told) {
    const auto who = applicant(hello(told), pinned);
    return who ? who->name : "refused";
  };
  EXPECT_EQ(name_of("edge.node-7"), "edge.node-7");
  EXPECT_EQ(name_of("edge"), "edge");
  EXPECT_EQ(name_of("edges"), "edge") << "no part of a word is a name above it";
  EXPECT_EQ(name_of("fra-1"), "edge");
  EXPECT_EQ(name_of("edge./../x"), "refused");
}

TEST(Applicant, OfAnotherProtocolIsRefusedByTheNameThatItsCertificatePins) {
  wire::Hello other = hello("other");
  other.set_protocol(control::kProtocol + 1);
  const auto who = applicant(other, trust::Identity{.name = "fra-1", .labels = {}});
  ASSERT_FALSE(who);
  EXPECT_EQ(who.error().code, std::errc::protocol_not_supported);
  EXPECT_TRUE(who.error().trail.starts_with("agent fra-1 speaks protocol ")) << who.error().trail;
}

TEST(Applicant, WhoseWordsAreNoNamesIsRefused) {
  EXPECT_FALSE(applicant(hello("../x"), {}));
  EXPECT_FALSE(applicant(hello(""), {}));
  EXPECT_FALSE(applicant(hello("a", {{"zone", "f\nra"}}), {}));
}

TEST(Applicant, WhoseWeightIsNoneIsRefused) {
  EXPECT_TRUE(applicant(hello("a", {{"weight", "2"}}), {}));
  const auto heavy = applicant(hello("a", {{"weight", "heavy"}}), {});
  ASSERT_FALSE(heavy);
  EXPECT_EQ(heavy.error().trail,
            "agent a: label weight=heavy: expected a whole number from 1 to 100");
}

TEST(Roll, SaysWhatIsMissingUntilAllHaveCome) {
  Roll agents = roll("role=edge:2,zone=fra:1");
  EXPECT_THAT(agents.missing(), ElementsAre("role=edge: 0 of 2", "zone=fra: 0 of 1"));
  ASSERT_TRUE(ok(agents.admit({"a", {{"role", "edge"}, {"zone", "fra"}}})));
  EXPECT_THAT(agents.missing(), ElementsAre("role=edge: 1 of 2"));
  ASSERT_TRUE(ok(agents.admit({"b", {{"role", "edge"}}})));
  EXPECT_TRUE(agents.is_complete());
}

TEST(Roll, TakesNobodyBeyondWhatIsMissing) {
  Roll agents = roll("role=edge:1,role=load:1");
  EXPECT_FALSE(agents.admit({"x", {{"role", "other"}}}));
  EXPECT_FALSE(agents.admit({"y", {}}));
  ASSERT_TRUE(ok(agents.admit({"a", {{"role", "edge"}}})));
  const auto second = agents.admit({"b", {{"role", "edge"}}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().trail, "no agent with its labels is expected, or no more of them");
}

TEST(Roll, TakesANameOnceUntilItHasGone) {
  Roll agents = roll("2");
  ASSERT_TRUE(ok(agents.admit({"a", {}})));
  EXPECT_FALSE(agents.admit({"a", {}}));
  agents.strike("a");
  EXPECT_THAT(agents.missing(), ElementsAre("agents: 0 of 2"));
  EXPECT_TRUE(ok(agents.admit({"a", {}})));
}

}  // namespace
}  // namespace squall::coordinator
