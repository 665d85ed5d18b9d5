#include "harness/trust/authority.h"

#include <cstdint>
#include <utility>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "harness/base/freed.h"
#include "harness/base/reason.h"

namespace squall::trust {
namespace {

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr long kHour = 3600;

Error failed(std::string_view step) {
  return error(std::errc::io_error, step).within("make a certificate");
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(memory, &bytes);
  return length > 0 ? std::string(bytes, static_cast<std::size_t>(length)) : std::string();
}

Memory reader_of(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// With subject, key, serial number and times; not yet signed.
Result<Certificate> begin_certificate(std::string_view common_name, EVP_PKEY* key,
                                      std::chrono::days valid) {
  Certificate certificate(X509_new());
  std::uint64_t serial = 0;  // RFC 5280 §4.1.2.2: positive, and new each time.
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) {
    return failed("serial number");
  }
  const auto* const name = reinterpret_cast<const unsigned char*>(common_name.data());
  const bool is_filled =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), (serial >> 1U) | 1U) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kHour) != nullptr &&
      X509_time_adj_ex(X509_getm_notAfter(certificate.get()), static_cast<int>(valid.count()), 0,
                       nullptr) != nullptr &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                 name, static_cast<int>(common_name.size()), -1, 0) == 1;
  if (!is_filled) return failed("fields");
  return certificate;
}

Result<Pem> to_pem(X509* certificate, EVP_PKEY* key) {
  const Memory certificate_text(BIO_new(BIO_s_mem()));
  const Memory key_text(BIO_new(BIO_s_mem()));
  if (!certificate_text || !key_text ||
      PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return failed("PEM");
  }
  return Pem{text_of(certificate_text.get()), text_of(key_text.get())};
}

std::string joined(const std::vector<std::string>& uris) {
  std::string text;
  for (const std::string& uri : uris) text += (text.empty() ? "URI:" : ",URI:") + uri;
  return text;
}

}  // namespace

struct Authority::Parts {
  Certificate certificate;
  Key key;
};

Authority::Authority(Pem pem, std::unique_ptr<Parts> parts)
    : pem_(std::move(pem)), parts_(std::move(parts)) {}
Authority::Authority(Authority&&) noexcept = default;
Authority::~Authority() = default;

Result<Authority> Authority::make(std::string_view name, std::chrono::days valid) {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return failed("key");
  SQUALL_TRY(Certificate certificate, begin_certificate(name, key.get(), valid));
  X509* const own = certificate.get();
  const bool is_whole =
      X509_set_issuer_name(own, X509_get_subject_name(own)) == 1 &&
      add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(own, own, NID_subject_key_identifier, "hash") &&
      X509_sign(own, key.get(), EVP_sha256()) != 0;
  if (!is_whole) return failed("extensions and signature");
  SQUALL_TRY(Pem pem, to_pem(own, key.get()));
  return Authority(std::move(pem),
                   std::make_unique<Parts>(Parts{std::move(certificate), std::move(key)}));
}

Result<Authority> Authority::read(const Pem& pem) {
  const Memory certificate_text = reader_of(pem.certificate);
  const Memory key_text = reader_of(pem.key);
  Certificate certificate(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  if (!certificate) return error(std::errc::invalid_argument, "this is no certificate in PEM");
  if (X509_check_ca(certificate.get()) == 0) {
    return error(std::errc::invalid_argument, "this certificate is not an authority's");
  }
  // Never asked for a pass phrase: a key that has one is refused.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_phrase, nullptr));
  if (!key) return error(std::errc::invalid_argument, "this is no private key in PEM");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return error(std::errc::invalid_argument, "the key is of another certificate");
  }
  return Authority(pem, std::make_unique<Parts>(Parts{std::move(certificate), std::move(key)}));
}

Result<Pem> Authority::issue(const Identity& identity, std::chrono::days valid) const {
  bool is_sound = is_name(identity.name);
  for (const auto& [key, value] : identity.labels) {
    is_sound = is_sound && is_name(key) && is_name(value);
  }
  if (!is_sound) return error(std::errc::invalid_argument, "a name or label is none");
  const bool is_server = identity.role == Identity::Role::kCoordinator;
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed("key");
  SQUALL_TRY(const Certificate certificate, begin_certificate(identity.name, key.get(), valid));
  X509* const own = certificate.get();
  X509* const issuer = parts_->certificate.get();
  if (X509_cmp_time(X509_get0_notAfter(issuer), nullptr) < 0) {
    return reason(std::errc::timed_out, "the authority's certificate has expired");
  }
  if (ASN1_TIME_compare(X509_get0_notAfter(own), X509_get0_notAfter(issuer)) > 0 &&
      X509_set1_notAfter(own, X509_get0_notAfter(issuer)) != 1) {
    return failed("times");
  }
  std::string names = joined(to_uris(identity));
  if (is_server) names += ",DNS:" + std::string(kCoordinatorHost);
  const bool is_whole =
      X509_set_issuer_name(own, X509_get_subject_name(issuer)) == 1 &&
      add_extension(own, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(own, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(own, issuer, NID_ext_key_usage, is_server ? "serverAuth" : "clientAuth") &&
      add_extension(own, issuer, NID_subject_key_identifier, "hash") &&
      add_extension(own, issuer, NID_authority_key_identifier, "keyid:always") &&
      add_extension(own, issuer, NID_subject_alt_name, names) &&
      X509_sign(own, parts_->key.get(), EVP_sha256()) != 0;
  if (!is_whole) return failed("extensions and signature");
  return to_pem(own, key.get());
}

}  // namespace squall::trust
