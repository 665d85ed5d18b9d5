#include "generators/transport/tls.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include "harness/base/unique_fd.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

TEST(TlsContext, IsMadeFromTheDefaults) { EXPECT_TRUE(ok(TlsContext::make({}, "", {"h2"}))); }

TEST(TlsContext, SaysWhichFileItCannotTake) {
  TlsSpec spec;
  spec.ca = "nowhere.pem";
  auto made = TlsContext::make(spec, "/no/such/folder", {"h2"});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("ca: /no/such/folder/nowhere.pem"), std::string::npos);

  TlsSpec mutual;
  mutual.certificate = "/dev/null";
  mutual.key = "/dev/null";
  EXPECT_FALSE(TlsContext::make(mutual, "", {"h2"}));
}

TEST(TlsContext, RefusesAVersionThatIsNone) {
  TlsSpec spec;
  spec.min_version = "1.4";
  EXPECT_TRUE(failed_with(TlsContext::make(spec, "", {"h2"}), std::errc::invalid_argument));
}

TEST(TlsContext, RefusesWhatIsNotYetThere) {
  TlsSpec early;
  early.early_data = true;
  EXPECT_TRUE(failed_with(TlsContext::make(early, "", {"h2"}), std::errc::not_supported));
}

TEST(TlsContext, ResumesSessionsOnlyWhereToldTo) {
  TlsSpec spec;
  EXPECT_FALSE(TlsContext::make(spec, "", {"h2"})->resumes_sessions());
  spec.resume_sessions = true;
  EXPECT_TRUE(TlsContext::make(spec, "", {"h2"})->resumes_sessions());
}

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

/// A server whose certificate nobody has signed but itself, at the other end of a socket pair.
class SelfSignedServer {
 public:
  SelfSignedServer() {
    const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Free> certificate(X509_new());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    context_.reset(SSL_CTX_new(TLS_server_method()));
    EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), certificate.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), key.get()), 1);
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    client_ = UniqueFd(ends[0]);
    socket_ = UniqueFd(ends[1]);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.get());
  }

  /// What came of the handshake with a client of this spec.
  IoStep::Kind greet(const TlsSpec& spec) {
    auto context = TlsContext::make(spec, "", {});
    EXPECT_TRUE(ok(context));
    client = context->connect(std::move(client_), "127.0.0.1");
    IoStep step = client->handshake();
    for (int i = 0; i < 10 && step.kind == IoStep::Kind::kWantRead; ++i) {
      SSL_accept(ssl_.get());
      step = client->handshake();
    }
    if (step.kind == IoStep::Kind::kDone) SSL_accept(ssl_.get());
    return step.kind;
  }
  /// Says something that is not TLS.
  void say(std::string_view plain) const {
    EXPECT_EQ(::send(socket_.get(), plain.data(), plain.size(), 0),
              static_cast<ssize_t>(plain.size()));
  }

  std::unique_ptr<ByteStream> client;

 private:
  std::unique_ptr<SSL_CTX, Free> context_;
  UniqueFd client_;
  UniqueFd socket_;
  std::unique_ptr<SSL, Free> ssl_;
};

TEST(TlsStream, SaysWhatIsWrongWithACertificateThatItIsToVerify) {
  SelfSignedServer server;
  EXPECT_EQ(server.greet({}), IoStep::Kind::kTlsFailed);
  EXPECT_EQ(server.client->error_text(), "self-signed certificate");
}

TEST(TlsStream, DoesNotBlameACertificateThatItIsNotToVerify) {
  TlsSpec trusting;
  trusting.verify = false;
  SelfSignedServer server;
  ASSERT_EQ(server.greet(trusting), IoStep::Kind::kDone);
  server.say("HTTP/1.1 400 Bad Request\r\n\r\n");
  std::array<char, 100> buffer{};
  EXPECT_EQ(server.client->read(buffer).kind, IoStep::Kind::kTlsFailed);
  EXPECT_EQ(server.client->error_text().find("certificate"), std::string::npos)
      << server.client->error_text();
}

}  // namespace
}  // namespace squall::generators
