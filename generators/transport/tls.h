#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "generators/spec/target_spec.h"
#include "generators/transport/byte_stream.h"
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
  std::unique_ptr<ByteStream> connect(UniqueFd socket, const std::string& host) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  std::unique_ptr<SSL_CTX, Free> context_;
  std::string server_name_;  // Instead of the host; empty: none.
  bool verify_ = true;
};

}  // namespace squall::generators
