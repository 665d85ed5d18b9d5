#include "harness/control/credentials.h"

#include <vector>

#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/security/auth_context.h>

#include "harness/base/log.h"

namespace squall::control {
namespace {

/// gRPC tells stderr of each handshake that fails; who was refused, and why, is ours to say.
void keep_grpc_quiet() {
  gpr_set_log_function([](gpr_log_func_args* said) { log_debug(said->message); });
}

}  // namespace

bool is_on_this_machine(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const std::string_view host = address.substr(0, address.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  // A name that begins so ("127.example.org") may be anywhere.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::shared_ptr<grpc::ServerCredentials> to_server(const std::optional<Credentials>& credentials) {
  if (!credentials) return grpc::InsecureServerCredentials();
  keep_grpc_quiet();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = credentials->authority;
  options.pem_key_cert_pairs.push_back({credentials->own.key, credentials->own.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> to_channel(
    const std::optional<Credentials>& credentials) {
  if (!credentials) return grpc::InsecureChannelCredentials();
  keep_grpc_quiet();
  return grpc::SslCredentials(
      {credentials->authority, credentials->own.key, credentials->own.certificate});
}

Result<trust::Identity> identity_of(const grpc::AuthContext& peer) {
  if (!peer.IsPeerAuthenticated()) {
    return error(std::errc::permission_denied, "it has shown no certificate");
  }
  std::vector<std::string> names;
  for (const grpc::string_ref& name : peer.FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
    names.emplace_back(name.data(), name.size());
  }
  return trust::identity_of(names);
}

}  // namespace squall::control
