#include "harness/trust/own_certificate.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "harness/trust/known_name.h"

#include "tests/support/result_matchers.h"

namespace squall::trust {
namespace {

using std::chrono::days;
using Role = Identity::Role;

class OwnCertificate : public testing::Test {
 protected:
  Pem issue(Role role, days valid = days(1)) const {
    return *authority_.issue({role, "fra-1", {{"zone", "fra"}}}, valid);
  }
  static std::string mistake(const Pem& own, Role role) {
    const auto checked = check_own(own, role);
    return checked ? "" : checked.error().trail;
  }

  const Authority authority_ = *Authority::make("a fleet", days(10));
};

TEST_F(OwnCertificate, CanBeShownByWhoItIsFor) {
  EXPECT_EQ(mistake(issue(Role::kAgent), Role::kAgent), "");
  EXPECT_EQ(mistake(issue(Role::kCoordinator), Role::kCoordinator), "");
}

TEST_F(OwnCertificate, TellsWhoShowsIt) {
  const auto who = check_own(issue(Role::kAgent), Role::kAgent);
  ASSERT_TRUE(ok(who));
  EXPECT_EQ(*who, (Identity{Role::kAgent, "fra-1", {{"zone", "fra"}}}));
}

TEST_F(OwnCertificate, GivesAnAgentItsNameOrOneBelowIt) {
  const Identity certified{Role::kAgent, "fra-1", {}};
  EXPECT_EQ(known_name(certified, "agent"), "fra-1");
  EXPECT_EQ(known_name(certified, "fra-12"), "fra-1");
  EXPECT_EQ(known_name(certified, "fra-1.second"), "fra-1.second");
}

TEST_F(OwnCertificate, OfAnotherRoleIsSaidToBe) {
  EXPECT_EQ(mistake(issue(Role::kCoordinator), Role::kAgent),
            "the certificate is that of coordinator fra-1, expected an agent's");
  EXPECT_EQ(mistake(issue(Role::kAgent), Role::kCoordinator),
            "the certificate is that of agent fra-1, expected a coordinator's");
}

TEST_F(OwnCertificate, ThatHasExpiredIsSaidToHave) {
  const std::string said = mistake(issue(Role::kAgent, days(-1)), Role::kAgent);
  EXPECT_TRUE(said.starts_with("the certificate has expired: it held until ")) << said;
  EXPECT_TRUE(said.ends_with(" GMT")) << said;
}

TEST_F(OwnCertificate, BelongsToItsKey) {
  Pem mixed = issue(Role::kAgent);
  mixed.key = issue(Role::kAgent).key;
  EXPECT_EQ(mistake(mixed, Role::kAgent), "the key belongs to another certificate");
}

TEST_F(OwnCertificate, IsOneThatNamesSomebody) {
  EXPECT_TRUE(mistake(authority_.pem(), Role::kAgent).starts_with("the certificate names nobody"));
}

TEST_F(OwnCertificate, AndItsKeyAreInPem) {
  const Pem good = issue(Role::kAgent);
  EXPECT_EQ(mistake({"x", good.key}, Role::kAgent), "this is no certificate in PEM");
  EXPECT_EQ(mistake({good.certificate, ""}, Role::kAgent), "this is no private key in PEM");
  EXPECT_EQ(mistake({good.key, good.certificate}, Role::kAgent), "this is no certificate in PEM");
}

TEST_F(OwnCertificate, IsBelievedByItsOwnAuthorityAlone) {
  const Authority other = *Authority::make("another", days(10));
  for (const Role role : {Role::kAgent, Role::kCoordinator}) {
    EXPECT_TRUE(ok(check_believed(issue(role), role, authority_.pem().certificate)));
    const auto refused = check_believed(issue(role), role, other.pem().certificate);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().trail.starts_with("the certificate is not of this authority: "))
        << refused.error().trail;
    // Two fleets' authorities may stand in one file.
    EXPECT_TRUE(ok(
        check_believed(issue(role), role, other.pem().certificate + authority_.pem().certificate)));
  }
}

TEST_F(OwnCertificate, IsBelievedForItsPurposeAlone) {
  const auto refused =
      check_believed(issue(Role::kAgent), Role::kCoordinator, authority_.pem().certificate);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().trail,
            "the certificate is not for this purpose: extendedKeyUsage must have serverAuth");
}

TEST_F(OwnCertificate, IsNotBelievedByWhatIsNone) {
  const auto refused = check_believed(issue(Role::kAgent), Role::kAgent, "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().trail, "there is no certificate in PEM in it");
}

}  // namespace
}  // namespace squall::trust
