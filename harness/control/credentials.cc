#include "harness/control/credentials.h"

#include <array>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/security/auth_context.h>

#include "harness/base/log.h"
#include "harness/base/reason.h"

namespace squall::control {
namespace {

/// Who is told of handshakes that fail.
struct Ears {
  std::mutex mutex;
  std::function<void(const std::string& why)> hear;
  std::string last;  // Why, of the last.
};

Ears& ears() {
  static Ears* const ears = new Ears;  // gRPC's threads may outlive main().
  return *ears;
}

/// "…SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed." → what stands last.
std::string reason_in(std::string_view line) {
  while (line.ends_with('.')) line.remove_suffix(1);
  const std::size_t colon = line.rfind(':');
  return std::string(colon == std::string_view::npos ? line : line.substr(colon + 1));
}

/// gRPC tells stderr of each handshake that fails; who was refused, and why, is ours to say.
void keep_grpc_quiet() {
  gpr_set_log_function([](gpr_log_func_args* said) {
    log_debug(said->message);
    const std::string_view line = said->message;
    const bool is_handshake = line.starts_with("Handshake failed");
    // With TLS 1.3 a client believes that it is in, and hears only afterwards that it is not.
    const bool is_alert =
        line.starts_with("error:") && line.find(" alert ") != std::string_view::npos;
    if (!is_handshake && !is_alert) return;
    const std::lock_guard lock(ears().mutex);
    ears().last = reason_in(line);
    if (ears().hear && is_handshake) ears().hear(ears().last);
  });
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

void hear_failed_handshakes(std::function<void(const std::string& why)> hear) {
  const std::lock_guard lock(ears().mutex);
  ears().hear = std::move(hear);
}

std::string failed_handshake() {
  const std::lock_guard lock(ears().mutex);
  return ears().last.empty() ? "" : in_agents_words(ears().last);
}

void forget_failed_handshake() {
  const std::lock_guard lock(ears().mutex);
  ears().last.clear();
}

std::string in_agents_words(std::string_view openssl) {
  struct Meaning {
    std::string_view said;
    std::string_view words;
  };
  static constexpr std::array kMeanings{
      Meaning{"certificate verify failed",
              "the coordinator's certificate is not of the authority in --ca, has expired, or is "
              "no coordinator's"},
      Meaning{"alert unknown ca",
              "the coordinator does not believe this agent's certificate: it is of another "
              "authority than the coordinator's --ca"},
      Meaning{"alert certificate expired",
              "the coordinator does not believe this agent's certificate: it has expired, by the "
              "coordinator's clock"},
      Meaning{"alert bad certificate", "the coordinator does not believe this agent's certificate"},
      Meaning{"alert certificate unknown",
              "the coordinator does not believe this agent's certificate"},
      Meaning{"alert unsupported certificate",
              "the coordinator does not believe this agent's certificate: it is no agent's"},
      Meaning{"wrong version number", "what listens there does not speak TLS"},
  };
  for (const Meaning& meaning : kMeanings) {
    if (openssl.find(meaning.said) == std::string_view::npos) continue;
    return std::string(meaning.words) + " (" + std::string(openssl) + ")";
  }
  return "TLS: " + std::string(openssl);
}

Result<trust::Identity> identity_of(const grpc::AuthContext& peer) {
  if (!peer.IsPeerAuthenticated()) {
    return reason(std::errc::permission_denied, "it has shown no certificate");
  }
  std::vector<std::string> names;
  for (const grpc::string_ref& name : peer.FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
    names.emplace_back(name.data(), name.size());
  }
  return trust::identity_of(names);
}

}  // namespace squall::control
