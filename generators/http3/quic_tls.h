#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "generators/spec/target_spec.h"
#include "harness/base/result.h"

struct gnutls_certificate_credentials_st;
struct gnutls_priority_st;
struct gnutls_session_int;

namespace squall::generators {

/// What is remembered of a connection, for a later one.
struct QuicTicket {
  std::vector<unsigned char> session;     ///< Of TLS.
  std::vector<unsigned char> parameters;  ///< The server's transport parameters, for early data.
};

/// The TLS sessions that servers of HTTP/3 have offered to resume, by server.
///
/// A ticket is taken out for one connection and not used again (RFC 8446 §C.4); the youngest goes
/// first, as it has longest to live.
///
/// Lifecycle:  of a target on a shard; sessions share it, so that it outlives them.
/// Threads:    its shard's.
/// Errors:     none: without a ticket there is a full handshake.
class QuicTickets {
 public:
  static constexpr std::size_t kMost = 4096;  ///< For each server; the oldest go.

  void add(const std::string& server, QuicTicket ticket);
  /// Its session is empty when there is none.
  QuicTicket take(const std::string& server);

 private:
  std::map<std::string, std::deque<QuicTicket>> servers_;
};

/// What the TLS of all QUIC connections to a target has in common (RFC 9001): trusted roots, our
/// certificate. TLS is GnuTLS's, always 1.3; ALPN offers h3 alone.
///
/// Lifecycle:  made once per target; sessions made from it hold it alive.
/// Threads:    immutable once made; sessions may be made from any thread.
/// Errors:     make() fails for files that cannot be read.
class QuicTls {
 public:
  /// File names are relative to `directory`.
  static Result<QuicTls> make(const TlsSpec& spec, const std::filesystem::path& directory);

  struct End {
    void operator()(gnutls_session_int* session) const;
  };
  using Session = std::unique_ptr<gnutls_session_int, End>;

  /// A client's session for ngtcp2. `host` is what the certificate must be for (unless the spec
  /// names another, or says not to verify) and, where it is a name, the SNI. Null: out of memory.
  Session connect(const std::string& host) const;
  /// Why a handshake failed to verify the server's certificate; empty when it did not.
  static std::string why_not_verified(gnutls_session_int* session);
  /// Once the handshake is done: true when the server took what was sent ahead of that.
  static bool has_taken_early_data(gnutls_session_int* session);

  bool resumes_sessions() const { return resumes_; }
  /// True when requests may be sent in 0-RTT.
  bool sends_early_data() const { return early_; }

 private:
  struct FreeCredentials {
    void operator()(gnutls_certificate_credentials_st* credentials) const;
  };
  struct FreePriority {
    void operator()(gnutls_priority_st* priority) const;
  };

  std::unique_ptr<gnutls_certificate_credentials_st, FreeCredentials> credentials_;
  std::unique_ptr<gnutls_priority_st, FreePriority> priority_;
  std::string server_name_;  // Instead of the host; empty: none.
  bool verify_ = true;
  bool resumes_ = false;
  bool early_ = false;
};

}  // namespace squall::generators
