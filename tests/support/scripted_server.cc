#include "tests/support/scripted_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/support/real_server.h"

namespace squall::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kSlice = 20ms;  // How often a wait looks whether the server is stopping.

bool poll_for(int descriptor, short events, Duration patience) {
  pollfd wanted{descriptor, events, 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  return ::poll(&wanted, 1, static_cast<int>(milliseconds)) > 0;
}

}  // namespace

ScriptedConnection::ScriptedConnection(UniqueFd socket, const std::atomic<bool>& stopping)
    : socket_(std::move(socket)), stopping_(stopping) {
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

ScriptedConnection::~ScriptedConnection() { SSL_free(ssl_); }

bool ScriptedConnection::wait_for(short events, Duration patience) {
  const Instant until = Clock::now() + patience;
  while (!is_over()) {
    const Duration left = until - Clock::now();
    if (left <= Duration::zero()) return false;
    if (poll_for(socket_.get(), events, std::min(left, kSlice))) return true;
  }
  return false;
}

bool ScriptedConnection::write_some(std::string_view& bytes, bool raw) {
  if (ssl_ != nullptr && !raw) {
    ERR_clear_error();
    const int size = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (size > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
      return true;
    }
    const int why = SSL_get_error(ssl_, size);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }
  const ssize_t size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) {
    bytes.remove_prefix(static_cast<std::size_t>(size));
    return true;
  }
  return errno == EAGAIN || errno == EINTR;
}

bool ScriptedConnection::say(std::string_view bytes) {
  while (!bytes.empty() && !is_over()) {
    if (!wait_for(POLLOUT, 10s) || !write_some(bytes, false)) over_ = true;
  }
  return !is_over();
}

bool ScriptedConnection::say_raw(std::string_view bytes) {
  while (!bytes.empty() && !is_over()) {
    if (!wait_for(POLLOUT, 10s) || !write_some(bytes, true)) over_ = true;
  }
  return !is_over();
}

bool ScriptedConnection::trickle(std::string_view bytes, Duration apart) {
  for (const char byte : bytes) {
    if (!say({&byte, 1}) || !wait(apart)) return false;
  }
  return true;
}

std::string ScriptedConnection::hear(Duration patience) {
  std::array<char, 16 * 1024> buffer;
  if (ssl_ != nullptr && SSL_pending(ssl_) == 0 && !wait_for(POLLIN, patience)) return {};
  if (ssl_ == nullptr && !wait_for(POLLIN, patience)) return {};
  if (ssl_ == nullptr) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
    over_ = size == 0 || (errno != EAGAIN && errno != EINTR);
    return {};
  }
  ERR_clear_error();
  const int size = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
  if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
  const int why = SSL_get_error(ssl_, size);
  over_ = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
  return {};
}

void ScriptedConnection::listen() {
  while (!is_over()) hear();
}

bool ScriptedConnection::wait(Duration time) const {
  const Instant until = Clock::now() + time;
  while (!stopping_ && Clock::now() < until) {
    std::this_thread::sleep_for(std::min<Duration>(kSlice, until - Clock::now()));
  }
  return !stopping_;
}

bool ScriptedConnection::start_tls(SSL_CTX* context) {
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, socket_.get());
  while (!is_over()) {
    ERR_clear_error();
    const int result = SSL_accept(ssl_);
    if (result == 1) return true;
    const int why = SSL_get_error(ssl_, result);
    if (why == SSL_ERROR_WANT_READ) {
      wait_for(POLLIN, 1s);
    } else if (why == SSL_ERROR_WANT_WRITE) {
      wait_for(POLLOUT, 1s);
    } else {
      over_ = true;
    }
  }
  return false;
}

void ScriptedConnection::end_sending() { ::shutdown(socket_.get(), SHUT_WR); }

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets interface
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
}

void ScriptedServer::accept_all() {
  while (!stopping_) {
    if (!poll_for(listener_.get(), POLLIN, kSlice)) continue;
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) continue;
    connections_.emplace_back([this, taken = std::move(socket)]() mutable {
      ScriptedConnection connection(std::move(taken), stopping_);
      script_(connection);
    });
  }
}

Result<ScriptedTls> ScriptedTls::make() {
  const TemporaryFolder folder;
  if (auto made = make_certificate(folder); !made) return std::move(made).error();
  ScriptedTls tls;
  tls.context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = tls.context_.get();
  if (SSL_CTX_use_certificate_chain_file(context, folder.file("cert.pem").c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, folder.file("key.pem").c_str(), SSL_FILETYPE_PEM) != 1) {
    return error(std::errc::invalid_argument, "a server's certificate");
  }
  SSL_CTX_set_alpn_select_cb(
      context,
      [](SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
         const unsigned char* /*offered*/, unsigned /*offered_size*/, void* /*user*/) {
        static const std::array<unsigned char, 2> kH2{'h', '2'};
        *chosen = kH2.data();
        *size = kH2.size();
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  return tls;
}

}  // namespace squall::test
