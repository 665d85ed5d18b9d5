#include "generators/target/quic_server_tls.h"

#include <limits>
#include <utility>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

namespace squall::generators {
namespace {

// TLS 1.3 alone, and only what QUIC has a protection for (RFC 9001 §5.3).
constexpr const char* kPriority =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE";
constexpr unsigned kTickets = 2;                  // As many as OpenSSL offers.
constexpr std::uint32_t kEarlyData = 0xffffffff;  // RFC 9001 §4.6.1: no other value is allowed.

Error failed(const std::string& doing, int code) {
  return error(std::errc::invalid_argument, "QUIC: " + doing + ": " + gnutls_strerror(code));
}

gnutls_datum_t datum(const std::string& text) {
  // GnuTLS does not write to it.
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),  // NOLINT
          static_cast<unsigned>(text.size())};
}

}  // namespace

void QuicServerTls::End::operator()(gnutls_session_int* session) const { gnutls_deinit(session); }
void QuicServerTls::FreeCredentials::operator()(
    gnutls_certificate_credentials_st* credentials) const {
  gnutls_certificate_free_credentials(credentials);
}
void QuicServerTls::FreeReplay::operator()(gnutls_anti_replay_st* replay) const {
  gnutls_anti_replay_deinit(replay);
}

Result<QuicServerTls> QuicServerTls::make(const CertificatePair& certificate, bool early_data) {
  QuicServerTls tls;
  gnutls_certificate_credentials_t credentials = nullptr;
  if (const int bad = gnutls_certificate_allocate_credentials(&credentials); bad < 0) {
    return failed("certificate", bad);
  }
  tls.credentials_.reset(credentials);
  const gnutls_datum_t chain = datum(certificate.certificate);
  const gnutls_datum_t key = datum(certificate.key);
  const int used =
      gnutls_certificate_set_x509_key_mem(credentials, &chain, &key, GNUTLS_X509_FMT_PEM);
  if (used < 0) return failed("certificate and key", used);
  gnutls_datum_t ticket_key{};
  if (const int bad = gnutls_session_ticket_key_generate(&ticket_key); bad < 0) {
    return failed("tickets", bad);
  }
  tls.ticket_key_.assign(reinterpret_cast<const char*>(ticket_key.data),
                         ticket_key.size);  // NOLINT
  gnutls_free(ticket_key.data);             // NOLINT: as GnuTLS has it
  if (early_data) {
    gnutls_anti_replay_t replay = nullptr;
    if (const int bad = gnutls_anti_replay_init(&replay); bad < 0) return failed("0-RTT", bad);
    tls.replay_.reset(replay);
    // Whenever a window is over, GnuTLS takes none of the tickets that are older than its end.
    gnutls_anti_replay_set_window(replay, std::numeric_limits<unsigned>::max());  // 49 days.
    // Each hello counts as seen for the first time: the target's requests change nothing, and a
    // test may well want to see what a replay does.
    gnutls_anti_replay_set_add_function(
        replay, [](void*, time_t, const gnutls_datum_t*, const gnutls_datum_t*) { return 0; });
  }
  const std::string secret = "squall target: tokens of QUIC\n" + certificate.key;
  static_assert(std::tuple_size_v<Secret> == 32);
  if (const int bad =
          gnutls_hash_fast(GNUTLS_DIG_SHA256, secret.data(), secret.size(), tls.secret_.data());
      bad < 0) {
    return failed("secret", bad);
  }
  return tls;
}

QuicServerTls::Session QuicServerTls::accept() const {
  gnutls_session_t made = nullptr;
  unsigned flags = GNUTLS_SERVER | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_AUTO_SEND_TICKET;
  if (replay_) flags |= GNUTLS_ENABLE_EARLY_DATA;
  if (gnutls_init(&made, flags) != 0) return nullptr;
  Session session(made);
  const gnutls_datum_t key = datum(ticket_key_);
  gnutls_datum_t h3{};
  static constexpr unsigned char kH3[] = {'h', '3'};  // NOLINT: GnuTLS's interface
  h3.data = const_cast<unsigned char*>(kH3);          // NOLINT: GnuTLS copies it
  h3.size = sizeof kH3;
  if (gnutls_priority_set_direct(made, kPriority, nullptr) != 0 ||
      gnutls_session_ticket_enable_server(made, &key) != 0 ||
      ngtcp2_crypto_gnutls_configure_server_session(made) != 0 ||
      gnutls_credentials_set(made, GNUTLS_CRD_CERTIFICATE, credentials_.get()) != 0 ||
      gnutls_alpn_set_protocols(made, &h3, 1, GNUTLS_ALPN_MANDATORY) != 0) {
    return nullptr;
  }
  if (replay_) {
    gnutls_anti_replay_enable(made, replay_.get());
    if (gnutls_record_set_max_early_data_size(made, kEarlyData) != 0) return nullptr;
  }
  return session;
}

void QuicServerTls::offer_tickets(gnutls_session_int* session) {
  // Without one there is a full handshake the next time: no reason to end this connection.
  static_cast<void>(gnutls_session_ticket_send(session, kTickets, 0));
}

bool QuicServerTls::is_resumed(gnutls_session_int* session) {
  return gnutls_session_is_resumed(session) != 0;
}

bool QuicServerTls::took_early_data(gnutls_session_int* session) {
  return (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
}

}  // namespace squall::generators
