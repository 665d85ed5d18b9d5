#include "generators/transport/tls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "generators/transport/key_log.h"
#include "generators/transport/tcp.h"
#include "harness/runtime/asio.h"

namespace squall::generators {
namespace {

/// Takes OpenSSL's queue of errors empty; the first is the cause.
std::string take_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "TLS failed" : text;
}

Error failed(const std::string& doing) {
  return error(std::errc::invalid_argument, doing + ": " + take_reason());
}

bool is_address(const std::string& host) {
  boost::system::error_code failure;
  asio::ip::make_address(host, failure);
  return !failure;
}

// So much is taken off the socket at once: what comes of it fits, with a record begun before
// (RFC 8446 §5.2: 16 KB and a little), into the buffer that a connection reads into.
constexpr std::size_t kBulk = 47 * 1024;

/// What lies between OpenSSL and the socket.
///
/// OpenSSL asks for the five bytes of a record's header, then for its body: two calls of the kernel
/// per record. While a stream is read from, as much as there is comes over in one call, into memory
/// that all streams of a thread share. What OpenSSL leaves of it is kept by the stream; that is
/// nothing, unless the reader's buffer was too small.
class Wire {
 public:
  explicit Wire(UniqueFd socket) : socket_(std::move(socket)) {}

  TcpStream& socket() { return socket_; }
  const TcpStream& socket() const { return socket_; }

  void begin_bulk() {
    in_bulk_ = true;
    dry_ = false;
    ahead_ = rest_;
  }
  void end_bulk() {
    in_bulk_ = false;
    if (ahead_.empty()) {
      if (!rest_.empty()) rest_ = {};
    } else {
      rest_ = std::string(ahead_);  // May lie in rest_ itself, hence not assign().
    }
    ahead_ = {};
  }

  IoStep read(std::span<char> into) {
    if (!in_bulk_) {
      if (rest_.empty()) return socket_.read(into);
      const std::size_t some = rest_.copy(into.data(), into.size());
      rest_.erase(0, some);
      return {IoStep::Kind::kDone, some};
    }
    if (ahead_.empty()) {
      if (dry_) return {IoStep::Kind::kWantRead, 0};
      static thread_local std::array<char, kBulk> bulk;
      const IoStep step = socket_.read(bulk);
      if (step.kind != IoStep::Kind::kDone) return step;
      dry_ = !step.more;
      ahead_ = std::string_view(bulk.data(), step.bytes);
    }
    const std::size_t some = ahead_.copy(into.data(), into.size());
    ahead_.remove_prefix(some);
    return {IoStep::Kind::kDone, some};
  }

 private:
  TcpStream socket_;
  std::string rest_;        // Read off the socket, not yet taken by OpenSSL.
  std::string_view ahead_;  // The same while in bulk: in the thread's memory, or in rest_.
  bool in_bulk_ = false;
  bool dry_ = false;  // The socket has just given all that it had.
};

// A BIO on a Wire, because OpenSSL's own lets a closed connection raise SIGPIPE.
Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const IoStep step = wire_of(bio).socket().write({bytes, static_cast<std::size_t>(size)});
  if (step.kind == IoStep::Kind::kDone) return static_cast<int>(step.bytes);
  if (step.kind == IoStep::Kind::kWantWrite) BIO_set_retry_write(bio);
  return -1;
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const IoStep step = wire_of(bio).read({into, static_cast<std::size_t>(size)});
  if (step.kind == IoStep::Kind::kDone) return static_cast<int>(step.bytes);
  if (step.kind == IoStep::Kind::kEnd) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return 0;
  }
  if (step.kind == IoStep::Kind::kWantRead) BIO_set_retry_read(bio);
  return -1;
}

long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* bio_method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "squall stream");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return kMethod;
}

class TlsStream final : public ByteStream {
 public:
  TlsStream(UniqueFd socket, SSL_CTX* context) : wire_(std::move(socket)), ssl_(SSL_new(context)) {
    BIO* bio = BIO_new(bio_method());
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // The SSL owns it now.
    SSL_set_connect_state(ssl_.get());
  }

  ~TlsStream() override {
    // Who leaves without a goodbye loses the session, OpenSSL finds. Ours was good enough.
    if (sessions_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN);
  }

  SSL* ssl() { return ssl_.get(); }
  /// What the server is asked to choose from, for error_text().
  void say_offers(const std::string& offers) { offers_ = offers; }

  /// Resumes a session of `server`, if there is one, and keeps what it offers.
  void use_sessions(std::shared_ptr<TlsSessions> sessions, const std::string& server) {
    sessions_ = std::move(sessions);
    server_ = server;
    SSL_set_ex_data(ssl_.get(), 0, this);
    if (const auto session = sessions_->take(server_)) SSL_set_session(ssl_.get(), session.get());
  }

  /// OpenSSL has a session to keep: within the handshake, or with TLS 1.3 within any read.
  static int on_session(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<TlsStream*>(SSL_get_ex_data(ssl, 0));
    if (self == nullptr || !self->sessions_) return 0;
    self->sessions_->add(self->server_, TlsSessions::Session(session));
    return 1;  // It is ours now.
  }

  int descriptor() const override { return wire_.socket().descriptor(); }

  IoStep handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? IoStep{IoStep::Kind::kDone, 0} : why(result);
  }

  IoStep read(std::span<char> into) override {
    if (held_) return *std::exchange(held_, std::nullopt);
    ERR_clear_error();
    std::size_t got = 0;
    IoStep last;
    wire_.begin_bulk();
    while (got < into.size()) {
      const int result = SSL_read(ssl_.get(), into.data() + got, bounded(into.size() - got));
      if (result <= 0) {
        last = why(result);
        break;
      }
      got += static_cast<std::size_t>(result);
    }
    wire_.end_bulk();
    if (got == 0) return last;
    if (got == into.size()) return {IoStep::Kind::kDone, got};
    if (last.kind == IoStep::Kind::kWantRead) return {IoStep::Kind::kDone, got, false};
    held_ = last;  // First what came before it.
    return {IoStep::Kind::kDone, got};
  }

  IoStep write(std::string_view bytes) override {
    if (bytes.empty()) return {IoStep::Kind::kDone, 0};  // SSL_write of nothing is undefined.
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), bytes.data(), bounded(bytes.size()));
    if (result > 0) return {IoStep::Kind::kDone, static_cast<std::size_t>(result)};
    return why(result);
  }

  std::string_view protocol() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};  // NOLINT: OpenSSL's interface
  }

  bool is_resumed() const override { return SSL_session_reused(ssl_.get()) == 1; }

  bool is_end_in_order() const override {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  std::uint64_t received() const override { return wire_.socket().received(); }
  std::uint64_t sent() const override { return wire_.socket().sent(); }
  std::string error_text() const override { return reason_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  static int bounded(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
  }

  IoStep why(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {IoStep::Kind::kWantRead, 0};
      case SSL_ERROR_WANT_WRITE:
        return {IoStep::Kind::kWantWrite, 0};
      case SSL_ERROR_ZERO_RETURN:
        return {IoStep::Kind::kEnd, 0};
      case SSL_ERROR_SSL: {
        // Where nobody asked, OpenSSL has judged the certificate all the same.
        const bool asked = (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0;
        const long verified = asked ? SSL_get_verify_result(ssl_.get()) : X509_V_OK;
        // A peer that just closes is no failure of TLS; OpenSSL 3 reports it as one.
        const bool just_closed =
            ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        const bool no_protocol =
            ERR_GET_REASON(ERR_peek_error()) == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
        reason_ = take_reason();
        if (no_protocol) reason_ = "the server did not agree on " + offers_;
        if (verified != X509_V_OK) reason_ = X509_verify_cert_error_string(verified);
        if (just_closed) return {IoStep::Kind::kEnd, 0};
        return {IoStep::Kind::kTlsFailed, 0};
      }
      default:
        reason_ = wire_.socket().error_text();
        return {IoStep::Kind::kFailed, 0};
    }
  }

  Wire wire_;
  std::unique_ptr<SSL, Free> ssl_;  // After the wire: its BIO refers to it.
  std::optional<IoStep> held_;      // What ended the last read, after bytes that came before it.
  std::string reason_;
  std::shared_ptr<TlsSessions> sessions_;  // Null: every handshake is a full one.
  std::string server_;
  std::string offers_;
};

/// A line of secrets, as OpenSSL has it.
void log_key(const SSL* /*ssl*/, const char* line) { write_key_log(line); }

/// ALPN's wire format (RFC 7301 §3.1): each name after its length.
std::vector<unsigned char> to_wire(const std::vector<std::string>& protocols) {
  std::vector<unsigned char> wire;
  for (const std::string& name : protocols) {
    wire.push_back(static_cast<unsigned char>(name.size()));
    wire.insert(wire.end(), name.begin(), name.end());
  }
  return wire;
}

}  // namespace

Result<TlsContext> TlsContext::make(const TlsSpec& spec, const std::filesystem::path& directory,
                                    const std::vector<std::string>& protocols) {
  if (spec.early_data) return error(std::errc::not_supported, "tls: early_data");
  ERR_clear_error();
  TlsContext tls;
  tls.verify_ = spec.verify;
  tls.server_name_ = spec.server_name.value_or("");
  tls.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = tls.context_.get();
  if (context == nullptr) return failed("TLS");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (is_key_log_wanted()) SSL_CTX_set_keylog_callback(context, log_key);
  tls.resumes_ = spec.resume_sessions;
  SSL_CTX_set_session_cache_mode(context, tls.resumes_
                                              ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                              : SSL_SESS_CACHE_OFF);
  if (tls.resumes_) SSL_CTX_sess_set_new_cb(context, TlsStream::on_session);

  if (spec.min_version != "1.2" && spec.min_version != "1.3") {
    return error(std::errc::invalid_argument, "tls: min: " + spec.min_version);
  }
  SSL_CTX_set_min_proto_version(context,
                                spec.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);

  if (spec.verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (spec.ca) {
      const std::string file = (directory / *spec.ca).string();
      if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) return failed("tls: ca: " + file);
    } else if (SSL_CTX_set_default_verify_paths(context) != 1) {
      return failed("tls: the system's roots");
    }
  }
  if (spec.certificate) {
    const std::string file = (directory / *spec.certificate).string();
    if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1) {
      return failed("tls: cert: " + file);
    }
    const std::string key = (directory / spec.key.value_or(*spec.certificate)).string();
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return failed("tls: key: " + key);
    }
    if (SSL_CTX_check_private_key(context) != 1) return failed("tls: key: " + key);
  }
  for (const std::string& name : protocols) {
    tls.offers_ += (tls.offers_.empty() ? "" : " or ") + name;
  }
  const auto wire = to_wire(protocols);
  if (!wire.empty() &&
      SSL_CTX_set_alpn_protos(context, wire.data(), static_cast<unsigned>(wire.size())) != 0) {
    return failed("tls: ALPN");
  }
  return tls;
}

std::unique_ptr<ByteStream> TlsContext::connect(UniqueFd socket, const std::string& host,
                                                std::shared_ptr<TlsSessions> sessions,
                                                const std::string& server) const {
  auto stream = std::make_unique<TlsStream>(std::move(socket), context_.get());
  stream->say_offers(offers_);
  if (resumes_ && sessions) stream->use_sessions(std::move(sessions), server);
  const std::string& name = server_name_.empty() ? host : server_name_;
  // RFC 6066 §3: addresses are not sent as SNI; they are verified as addresses (RFC 2818 §3.1).
  if (is_address(name)) {
    if (verify_) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream->ssl()), name.c_str());
  } else {
    // What the macro SSL_set_tlsext_host_name does; OpenSSL copies the name.
    SSL_ctrl(stream->ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(name.c_str()));  // NOLINT: OpenSSL's interface
    if (verify_) SSL_set1_host(stream->ssl(), name.c_str());
  }
  return stream;
}

}  // namespace squall::generators
