#include "generators/target/certificate.h"

#include <ctime>
#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "generators/target/tls_server.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read(const std::string& pem) {
  BIO* const text = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(text, nullptr, nullptr, nullptr), &X509_free);
  BIO_free(text);
  return certificate;
}

TEST(SelfSignedCertificate, IsForThisMachineUnderItsThreeNames) {
  auto pair = make_self_signed_certificate();
  ASSERT_TRUE(ok(pair));
  const Certificate certificate = read(pair->certificate);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "example.org", 0, 0, nullptr), 0);
}

TEST(SelfSignedCertificate, IsVerifiedByWhoHasItAsRoot) {
  auto pair = make_self_signed_certificate();
  ASSERT_TRUE(ok(pair));
  const Certificate certificate = read(pair->certificate);
  X509_STORE* const roots = X509_STORE_new();
  X509_STORE_add_cert(roots, certificate.get());
  X509_STORE_CTX* const verification = X509_STORE_CTX_new();
  X509_STORE_CTX_init(verification, roots, certificate.get(), nullptr);
  X509_STORE_CTX_set_purpose(verification, X509_PURPOSE_SSL_SERVER);
  EXPECT_EQ(X509_verify_cert(verification), 1);
  X509_STORE_CTX_free(verification);
  X509_STORE_free(roots);
}

TEST(SelfSignedCertificate, HasBeenValidForAnHour) {
  const Certificate certificate = read(make_self_signed_certificate()->certificate);
  std::time_t before = std::time(nullptr) - 3500;
  EXPECT_LT(X509_cmp_time(X509_get0_notBefore(certificate.get()), &before), 0);
}

TEST(TlsServer, TakesItsOwnCertificateAndNoOtherKey) {
  auto one = make_self_signed_certificate();
  auto other = make_self_signed_certificate();
  EXPECT_TRUE(ok(make_tls_server(*one, {})));
  EXPECT_TRUE(failed_with(make_tls_server({one->certificate, other->key}, {}),
                          std::errc::invalid_argument));
  EXPECT_TRUE(failed_with(make_tls_server({"", one->key}, {}), std::errc::invalid_argument));
}

}  // namespace
}  // namespace squall::generators
