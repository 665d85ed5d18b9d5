#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "generators/target/certificate.h"
#include "harness/base/result.h"

struct gnutls_anti_replay_st;
struct gnutls_certificate_credentials_st;
struct gnutls_session_int;

namespace squall::generators {

/// What the TLS of all QUIC connections to a server has in common (RFC 9001): its certificate, the
/// key of its tickets. TLS is GnuTLS's, always 1.3; ALPN knows h3 alone.
///
/// Lifecycle:  made once; sessions must not outlive it.
/// Threads:    one at a time.
/// Errors:     make() fails for a certificate or key that cannot be used.
class QuicServerTls {
 public:
  /// `early_data`: whether tickets allow 0-RTT (RFC 8446 §2.3).
  static Result<QuicServerTls> make(const CertificatePair& certificate, bool early_data);

  struct End {
    void operator()(gnutls_session_int* session) const;
  };
  using Session = std::unique_ptr<gnutls_session_int, End>;

  /// A server's session for ngtcp2. Null: out of memory.
  Session accept() const;
  /// Offers the client to resume; once the handshake is done.
  static void offer_tickets(gnutls_session_int* session);
  static bool is_resumed(gnutls_session_int* session);
  /// Whether what the client sent ahead of the handshake was taken.
  static bool took_early_data(gnutls_session_int* session);

  /// What tokens and stateless resets are made from. It follows from the certificate's key, so that
  /// a server that was restarted with it can still end the connections of the former one.
  using Secret = std::array<std::uint8_t, 32>;
  const Secret& secret() const { return secret_; }

 private:
  struct FreeCredentials {
    void operator()(gnutls_certificate_credentials_st* credentials) const;
  };
  struct FreeReplay {
    void operator()(gnutls_anti_replay_st* replay) const;
  };

  std::unique_ptr<gnutls_certificate_credentials_st, FreeCredentials> credentials_;
  std::unique_ptr<gnutls_anti_replay_st, FreeReplay> replay_;  // Null: no early data.
  std::string ticket_key_;
  Secret secret_{};
};

}  // namespace squall::generators
