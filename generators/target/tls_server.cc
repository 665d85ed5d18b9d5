#include "generators/target/tls_server.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>

namespace squall::generators {
namespace {

/// Lists of ALPN names have each name behind its length (RFC 7301 §3.1).
constexpr std::string_view kH2 = "\x02h2";
constexpr std::string_view kH1 = "\x08http/1.1";
constexpr std::string_view kH10 = "\x08http/1.0";

bool select_from(std::string_view offered, std::string_view wanted, const unsigned char** out,
                 unsigned char* out_length) {
  for (std::size_t at = 0; at < offered.size();) {
    const std::size_t length = static_cast<std::uint8_t>(offered[at]) + std::size_t{1};
    if (offered.substr(at, length) == wanted) {
      *out = reinterpret_cast<const unsigned char*>(offered.data()) + at + 1;
      *out_length = static_cast<unsigned char>(length - 1);
      return true;
    }
    at += length;
  }
  return false;
}

int on_alpn(SSL* /*session*/, const unsigned char** out, unsigned char* out_length,
            const unsigned char* in, unsigned int in_length, void* user) {
  const std::string_view offered(reinterpret_cast<const char*>(in), in_length);
  const bool speaks_http2 = user != nullptr;
  const bool is_agreed = (speaks_http2 && select_from(offered, kH2, out, out_length)) ||
                         select_from(offered, kH1, out, out_length) ||
                         select_from(offered, kH10, out, out_length);
  return is_agreed ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int on_bio_read(BIO* bio, char* into, int length) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(socket_of(bio), into, static_cast<std::size_t>(length), 0);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int on_bio_write(BIO* bio, const char* from, int length) {
  BIO_clear_retry_flags(bio);
  const ssize_t put = ::send(socket_of(bio), from, static_cast<std::size_t>(length), MSG_NOSIGNAL);
  if (put < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

long on_bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    if (made == nullptr) return made;
    BIO_meth_set_read(made, on_bio_read);
    BIO_meth_set_write(made, on_bio_write);
    BIO_meth_set_ctrl(made, on_bio_control);
    return made;
  }();
  return kMethod;
}

/// Takes the leaf, and whatever stands behind it in the PEM text as the chain.
bool use_certificates(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  X509* leaf = text ? PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr) : nullptr;
  const bool is_used = leaf != nullptr && SSL_CTX_use_certificate(context, leaf) == 1;
  X509_free(leaf);
  if (!is_used) return false;
  while (X509* const next = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return false;
    }
  }
  ERR_clear_error();  // That there is no further certificate is noted as an error.
  return true;
}

bool use_key(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  EVP_PKEY* key = text ? PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr) : nullptr;
  const bool is_used = key != nullptr && SSL_CTX_use_PrivateKey(context, key) == 1;
  EVP_PKEY_free(key);
  return is_used;
}

}  // namespace

Result<TlsContext> make_tls_server(const CertificatePair& certificate, TargetProtocols protocols) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return error(std::errc::not_enough_memory, "TLS: " + tls_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);  // Halves the system calls: records come whole.
  constexpr std::string_view kSessions = "squall target";  // Needed for sessions to be resumed.
  SSL_CTX_set_session_id_context(
      context.get(), reinterpret_cast<const unsigned char*>(kSessions.data()), kSessions.size());
  SSL_CTX_set_alpn_select_cb(context.get(), on_alpn, protocols.h2 ? context.get() : nullptr);
  if (!use_certificates(context.get(), certificate.certificate)) {
    return error(std::errc::invalid_argument, "TLS: certificate: " + tls_error());
  }
  if (!use_key(context.get(), certificate.key) || SSL_CTX_check_private_key(context.get()) != 1) {
    return error(std::errc::invalid_argument, "TLS: key: " + tls_error());
  }
  return context;
}

TlsSession make_tls_session(SSL_CTX* context, int socket) {
  TlsSession session(SSL_new(context));
  BIO* const bio = socket_method() != nullptr ? BIO_new(socket_method()) : nullptr;
  if (!session || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session.get(), bio, bio);
  SSL_set_accept_state(session.get());
  return session;
}

std::string tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace squall::generators
