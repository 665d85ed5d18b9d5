#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include "harness/base/result.h"
#include "harness/trust/authority.h"

namespace grpc {
class AuthContext;
}

namespace squall::control {

/// What one end shows, and what it believes: its own certificate, and the fleet's authority. None
/// (`std::nullopt` where one is taken): the other end is on this machine and reached by a Unix
/// socket in a folder that only this user can enter.
struct Credentials {
  std::string authority;  ///< Certificate, PEM.
  trust::Pem own;
};

/// True for a Unix socket or a loopback address, as gRPC writes them: "unix:/path",
/// "127.0.0.1:7400",
/// "[::1]:7400", "localhost:7400".
bool is_on_this_machine(std::string_view address);

/// Both ends show a certificate and verify the other's (mutual TLS); the agent's side also wants it
/// to be a coordinator's.
std::shared_ptr<grpc::ServerCredentials> to_server(const std::optional<Credentials>& credentials);
std::shared_ptr<grpc::ChannelCredentials> to_channel(const std::optional<Credentials>& credentials);

/// From now on `hear` is told of each TLS handshake that fails in this process, and why, on any
/// thread; null: nobody is. It is not called any more when this has returned.
void hear_failed_handshakes(std::function<void(const std::string& why)> hear);

/// Why the last TLS handshake of this process failed since forget_failed_handshake(), in words for
/// the operator of an agent; empty: none did.
std::string failed_handshake();
void forget_failed_handshake();

/// What OpenSSL says of a handshake or an alert, in such words: which end does not believe which.
/// What is not known is passed on as it is.
std::string in_agents_words(std::string_view openssl);

/// Who the other end's verified certificate says it is; an Error where there is none.
Result<trust::Identity> identity_of(const grpc::AuthContext& peer);

}  // namespace squall::control
