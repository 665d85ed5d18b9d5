#include "harness/trust/own_certificate.h"

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "harness/base/freed.h"

namespace squall::trust {
namespace {

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

Error wrong(const std::string& what) { return error(std::errc::invalid_argument, what); }

Memory reader_of(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// "Nov 21 10:00:00 2026 GMT".
std::string in_words(const ASN1_TIME* time) {
  const Memory text(BIO_new(BIO_s_mem()));
  char* bytes = nullptr;
  if (!text || ASN1_TIME_print(text.get(), time) != 1) return "a time that is none";
  const long length = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

std::vector<std::string> uris_of(X509* certificate) {
  std::vector<std::string> uris;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<std::size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

std::vector<Certificate> certificates_in(const std::string& pem) {
  const Memory text = reader_of(pem);
  std::vector<Certificate> all;
  while (Certificate one{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) {
    all.push_back(std::move(one));
  }
  return all;
}

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

Result<void> verify(const std::vector<Certificate>& own, Identity::Role role,
                    const std::vector<Certificate>& authority) {
  const bool is_server = role == Identity::Role::kCoordinator;
  const Store store(X509_STORE_new());
  const Verification verification(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), FreeStack> between(sk_X509_new_null());
  bool is_ready = store && verification && between;
  for (const Certificate& one : authority) {
    is_ready = is_ready && X509_STORE_add_cert(store.get(), one.get()) == 1;
  }
  for (const Certificate& one : own) {
    is_ready = is_ready && sk_X509_push(between.get(), one.get()) > 0;
  }
  if (!is_ready ||
      X509_STORE_CTX_init(verification.get(), store.get(), own.front().get(), between.get()) != 1) {
    return error(std::errc::not_enough_memory, "verify a certificate");
  }
  // An authority may be one that another has signed.
  X509_STORE_CTX_set_flags(verification.get(), X509_V_FLAG_PARTIAL_CHAIN);
  X509_STORE_CTX_set_purpose(verification.get(),
                             is_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  if (X509_verify_cert(verification.get()) != 1) {
    const int why = X509_STORE_CTX_get_error(verification.get());
    if (why == X509_V_ERR_INVALID_PURPOSE) {
      return wrong(
          fmt::format("the certificate is not for this purpose: extendedKeyUsage must "
                      "have {}",
                      is_server ? "serverAuth" : "clientAuth"));
    }
    return wrong(fmt::format("the certificate is not of this authority: {}",
                             X509_verify_cert_error_string(why)));
  }
  const std::string host(kCoordinatorHost);
  if (is_server && X509_check_host(own.front().get(), host.c_str(), host.size(), 0, nullptr) != 1) {
    return wrong("a coordinator's certificate must have the name DNS:" + host +
                 ", which agents ask for");
  }
  return {};
}

Result<Identity> check(X509* certificate, EVP_PKEY* key, Identity::Role role) {
  if (X509_check_private_key(certificate, key) != 1) {
    return wrong("the key belongs to another certificate");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    return wrong("the certificate has expired: it held until " +
                 in_words(X509_get0_notAfter(certificate)));
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
    return wrong("the certificate does not hold before " +
                 in_words(X509_get0_notBefore(certificate)) + ": is the clock right here?");
  }
  auto identity = identity_of(uris_of(certificate));
  if (!identity) return wrong("the certificate names nobody: " + identity.error().trail);
  if (identity->role != role) {
    return wrong(fmt::format("the certificate is that of {} {}, expected {}'s",
                             in_words(identity->role), identity->name,
                             role == Identity::Role::kAgent ? "an agent" : "a coordinator"));
  }
  return identity;
}

}  // namespace

Result<Identity> check_own(const Pem& own, Identity::Role role) {
  const Memory certificate_text = reader_of(own.certificate);
  const Memory key_text = reader_of(own.key);
  const Certificate certificate(
      PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  // Never asked for a pass phrase: a key that has one is refused.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  const Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_phrase, nullptr));
  Result<Identity> checked = !certificate ? wrong("this is no certificate in PEM")
                             : !key       ? wrong("this is no private key in PEM")
                                          : check(certificate.get(), key.get(), role);
  ERR_clear_error();  // What was said here is no concern of the handshakes that follow.
  return checked;
}

Result<void> check_believed(const Pem& own, Identity::Role role, const std::string& authority) {
  const auto own_certificates = certificates_in(own.certificate);
  const auto believed = certificates_in(authority);
  Result<void> checked = own_certificates.empty() ? wrong("this is no certificate in PEM")
                         : believed.empty()       ? wrong("there is no certificate in PEM in it")
                                                  : verify(own_certificates, role, believed);
  ERR_clear_error();
  return checked;
}

}  // namespace squall::trust
