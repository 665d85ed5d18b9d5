#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "generators/spec/target_spec.h"
#include "generators/transport/byte_stream.h"
#include "generators/transport/tls_sessions.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::generators {

/// What all TLS connections to a target have in common (RFC 8446, RFC 5246): trusted roots, our
/// certificate, the lowest version, what ALPN offers.
///
/// Lifecycle:  made once per target; outlives nothing: streams keep what they need.
/// Threads:    immutable once made; streams may be made from any thread.
/// Errors:     make() fails for files that cannot be read, and a version that is none.
class TlsContext {
 public:
  /// `protocols`: what ALPN offers, best first. File names are relative to `directory`.
  static Result<TlsContext> make(const TlsSpec& spec, const std::filesystem::path& directory,
                                 const std::vector<std::string>& protocols);

  /// TLS as a client over a connected socket. `host` is what the certificate must be for (unless
  /// the spec names another, or says not to verify) and, where it is a name, the SNI.
  ///
  /// Where sessions are resumed they come from `sessions` and go there, under the name `server`,
  /// on whatever thread the stream is used; without, every handshake is a full one.
  std::unique_ptr<ByteStream> connect(UniqueFd socket, const std::string& host,
                                      std::shared_ptr<TlsSessions> sessions = nullptr,
                                      const std::string& server = {}) const;

  bool resumes_sessions() const { return resumes_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  std::unique_ptr<SSL_CTX, Free> context_;
  std::string offers_;       // What ALPN offers, in words.
  std::string server_name_;  // Instead of the host; empty: none.
  bool verify_ = true;
  bool resumes_ = false;
};

}  // namespace squall::generators
