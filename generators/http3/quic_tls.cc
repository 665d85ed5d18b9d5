#include "generators/http3/quic_tls.h"

#include <utility>

#include <fmt/format.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include "generators/transport/key_log.h"
#include "harness/runtime/asio.h"

namespace squall::generators {
namespace {

// TLS 1.3 alone, and only what QUIC has a protection for (RFC 9001 §5.3).
constexpr const char* kPriority =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE";

Error failed(const std::string& doing, int code) {
  return error(std::errc::invalid_argument, doing + ": " + gnutls_strerror(code));
}

std::string in_hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);  // NOLINT
  return text;
}

/// GnuTLS would write to the file itself, and be silent where it cannot.
int log_key(gnutls_session_t session, const char* label, const gnutls_datum_t* secret) {
  gnutls_datum_t client{};
  gnutls_datum_t server{};
  gnutls_session_get_random(session, &client, &server);
  write_key_log(fmt::format("{} {} {}", label, in_hex(client.data, client.size),
                            in_hex(secret->data, secret->size)));
  return 0;
}

bool is_address(const std::string& host) {
  boost::system::error_code failure;
  asio::ip::make_address(host, failure);
  return !failure;
}

}  // namespace

void QuicTickets::add(const std::string& server, QuicTicket ticket) {
  auto& tickets = servers_[server];
  if (tickets.size() == kMost) tickets.pop_front();
  tickets.push_back(std::move(ticket));
}

QuicTicket QuicTickets::take(const std::string& server) {
  const auto found = servers_.find(server);
  if (found == servers_.end() || found->second.empty()) return {};
  QuicTicket ticket = std::move(found->second.back());
  found->second.pop_back();
  return ticket;
}

void QuicTls::End::operator()(gnutls_session_int* session) const { gnutls_deinit(session); }
void QuicTls::FreeCredentials::operator()(gnutls_certificate_credentials_st* credentials) const {
  gnutls_certificate_free_credentials(credentials);
}
void QuicTls::FreePriority::operator()(gnutls_priority_st* priority) const {
  gnutls_priority_deinit(priority);
}

Result<QuicTls> QuicTls::make(const TlsSpec& spec, const std::filesystem::path& directory) {
  QuicTls tls;
  tls.verify_ = spec.verify;
  tls.resumes_ = spec.resume_sessions;
  tls.early_ = spec.resume_sessions && spec.early_data;
  tls.server_name_ = spec.server_name.value_or("");
  gnutls_certificate_credentials_t credentials = nullptr;
  if (const int bad = gnutls_certificate_allocate_credentials(&credentials); bad < 0) {
    return failed("tls", bad);
  }
  tls.credentials_.reset(credentials);
  if (spec.verify) {
    const std::string file = spec.ca ? (directory / *spec.ca).string() : std::string();
    const int roots = spec.ca ? gnutls_certificate_set_x509_trust_file(credentials, file.c_str(),
                                                                       GNUTLS_X509_FMT_PEM)
                              : gnutls_certificate_set_x509_system_trust(credentials);
    const std::string what = spec.ca ? "tls: ca: " + file : "tls: the system's roots";
    if (roots < 0) return failed(what, roots);
    if (roots == 0 && spec.ca) return error(std::errc::invalid_argument, what + ": no certificate");
  }
  if (spec.certificate) {
    const std::string file = (directory / *spec.certificate).string();
    const std::string key = (directory / spec.key.value_or(*spec.certificate)).string();
    const int bad = gnutls_certificate_set_x509_key_file(credentials, file.c_str(), key.c_str(),
                                                         GNUTLS_X509_FMT_PEM);
    if (bad < 0) return failed("tls: cert: " + file + ", key: " + key, bad);
  }
  gnutls_priority_t priority = nullptr;
  if (const int bad = gnutls_priority_init(&priority, kPriority, nullptr); bad < 0) {
    return failed("tls", bad);
  }
  tls.priority_.reset(priority);
  return tls;
}

QuicTls::Session QuicTls::connect(const std::string& host) const {
  gnutls_session_t made = nullptr;
  unsigned flags = GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA;
  if (!resumes_) flags |= GNUTLS_NO_TICKETS;
  if (early_) flags |= GNUTLS_ENABLE_EARLY_DATA;
  if (gnutls_init(&made, flags) != 0) return nullptr;
  Session session(made);
  if (is_key_log_wanted()) gnutls_session_set_keylog_function(made, log_key);
  const std::string& name = server_name_.empty() ? host : server_name_;
  gnutls_datum_t h3{};
  static constexpr unsigned char kH3[] = {'h', '3'};  // NOLINT: GnuTLS's interface
  h3.data = const_cast<unsigned char*>(kH3);          // NOLINT: GnuTLS copies it
  h3.size = sizeof kH3;
  if (gnutls_priority_set(made, priority_.get()) != 0 ||
      ngtcp2_crypto_gnutls_configure_client_session(made) != 0 ||
      gnutls_credentials_set(made, GNUTLS_CRD_CERTIFICATE, credentials_.get()) != 0 ||
      gnutls_alpn_set_protocols(made, &h3, 1, GNUTLS_ALPN_MANDATORY) != 0) {
    return nullptr;
  }
  // RFC 6066 §3: addresses are not sent as SNI; they are verified as addresses (RFC 2818 §3.1).
  if (!is_address(name) &&
      gnutls_server_name_set(made, GNUTLS_NAME_DNS, name.data(), name.size()) != 0) {
    return nullptr;
  }
  if (verify_) gnutls_session_set_verify_cert(made, name.c_str(), 0);  // GnuTLS copies the name.
  return session;
}

bool QuicTls::has_taken_early_data(gnutls_session_int* session) {
  return (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
}

std::string QuicTls::why_not_verified(gnutls_session_int* session) {
  const unsigned status = gnutls_session_get_verify_cert_status(session);
  if (status == 0 || status == static_cast<unsigned>(-1)) return {};
  gnutls_datum_t words{};
  const auto type = gnutls_certificate_type_get2(session, GNUTLS_CTYPE_SERVER);
  if (gnutls_certificate_verification_status_print(status, type, &words, 0) != 0) return {};
  std::string text(reinterpret_cast<const char*>(words.data), words.size);  // NOLINT
  gnutls_free(words.data);                                                  // NOLINT
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  return text;
}

}  // namespace squall::generators
