#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "generators/target/certificate.h"
#include "generators/target/target_options.h"
#include "harness/base/result.h"

namespace squall::generators {

/// Frees what OpenSSL made.
struct TlsFreed {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};
using TlsContext = std::unique_ptr<SSL_CTX, TlsFreed>;
using TlsSession = std::unique_ptr<SSL, TlsFreed>;

/// The server's end of TLS 1.2 and 1.3 with ALPN: "h2" where the client offers it and it is spoken,
/// else "http/1.1", which then may be told politely that nobody speaks it here.
Result<TlsContext> make_tls_server(const CertificatePair& certificate, TargetProtocols protocols);

/// A session on a connected, non-blocking socket, which it uses directly and does not own. Unlike
/// OpenSSL's own socket BIO it never raises SIGPIPE. Null when memory is out.
TlsSession make_tls_session(SSL_CTX* context, int socket);

/// The oldest error that OpenSSL has noted on this thread, in words; clears them all.
std::string tls_error();

}  // namespace squall::generators
