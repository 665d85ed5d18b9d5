#include "harness/trust/authority.h"

#include <chrono>
#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "tests/support/result_matchers.h"

namespace squall::trust {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Role = Identity::Role;

std::shared_ptr<X509> read(const std::string& pem) {
  const std::shared_ptr<BIO> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                  BIO_free_all);
  return {PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), X509_free};
}

/// What OpenSSL says of the certificate for this purpose, `later` from now.
int verify(const Pem& one, const Pem& authority, int purpose, std::chrono::seconds later = 0s,
           const char* host = nullptr) {
  const std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  const auto root = read(authority.certificate);
  X509_STORE_add_cert(store.get(), root.get());
  const std::shared_ptr<X509_STORE_CTX> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  const auto leaf = read(one.certificate);
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(wanted, time(nullptr) + later.count());
  if (host != nullptr) X509_VERIFY_PARAM_set1_host(wanted, host, 0);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

class AuthorityTest : public testing::Test {
 protected:
  Authority authority_ = *Authority::make("a fleet", days(100));
  Identity agent_{Role::kAgent, "fra-1", {{"zone", "fra"}}};
  Identity coordinator_{Role::kCoordinator, "main", {}};
  std::string host_{kCoordinatorHost};
};

TEST_F(AuthorityTest, IssuesCertificatesThatHoldForTheirPurposeAlone) {
  const auto agent = authority_.issue(agent_, days(10));
  const auto coordinator = authority_.issue(coordinator_, days(10));
  ASSERT_TRUE(agent && coordinator);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_EQ(verify(*coordinator, authority_.pem(), X509_PURPOSE_SSL_SERVER, 0s, host_.c_str()),
            X509_V_OK);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_SERVER), X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(verify(*coordinator, authority_.pem(), X509_PURPOSE_SSL_CLIENT),
            X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT, 0s, host_.c_str()),
            X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(AuthorityTest, IsBelievedByNobodyElse) {
  const Authority other = *Authority::make("a fleet", days(100));
  const auto agent = other.issue(agent_, days(10));
  ASSERT_TRUE(agent);
  EXPECT_NE(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST_F(AuthorityTest, IssuesNothingThatOutlivesItself) {
  const auto agent = authority_.issue(agent_, days(1000));
  ASSERT_TRUE(agent);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT, days(99)), X509_V_OK);
  const auto leaf = read(agent->certificate);
  const auto root = read(authority_.pem().certificate);
  EXPECT_EQ(ASN1_TIME_compare(X509_get0_notAfter(leaf.get()), X509_get0_notAfter(root.get())), 0);
}

TEST_F(AuthorityTest, IssuesCertificatesThatExpire) {
  const auto agent = authority_.issue(agent_, days(10));
  ASSERT_TRUE(agent);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT, days(9)), X509_V_OK);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT, days(11)),
            X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(AuthorityTest, GoesOnFromItsFiles) {
  auto again = Authority::read(authority_.pem());
  ASSERT_TRUE(again);
  const auto agent = again->issue(agent_, days(10));
  ASSERT_TRUE(agent);
  EXPECT_EQ(verify(*agent, authority_.pem(), X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST_F(AuthorityTest, RefusesFilesThatAreNoAuthoritys) {
  const auto agent = authority_.issue(agent_, days(10));
  const Authority other = *Authority::make("another", days(100));
  ASSERT_TRUE(agent);
  for (const Pem& bad :
       {Pem{"", ""}, Pem{"no", authority_.pem().key}, Pem{authority_.pem().certificate, "no"},
        *agent, Pem{authority_.pem().certificate, other.pem().key}}) {
    EXPECT_TRUE(failed_with(Authority::read(bad), std::errc::invalid_argument));
  }
}

TEST_F(AuthorityTest, RefusesNamesThatCouldSaySomethingElse) {
  Identity crafted = agent_;
  crafted.name = "x,URI:urn:squall:coordinator:main";
  EXPECT_TRUE(failed_with(authority_.issue(crafted, days(1)), std::errc::invalid_argument));
  crafted = agent_;
  crafted.labels["zone"] = "fra,DNS:coordinator.squall.internal";
  EXPECT_TRUE(failed_with(authority_.issue(crafted, days(1)), std::errc::invalid_argument));
}

}  // namespace
}  // namespace squall::trust
