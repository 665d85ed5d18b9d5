#include "generators/target/connection.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>
#include <openssl/err.h>
#include <sys/socket.h>

#include "generators/target/http1_server_session.h"
#include "generators/target/http2_server_session.h"
#include "generators/target/target_loop.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""s;
using boost::system::error_code;

constexpr std::uint8_t kTlsHandshake = 0x16;  // RFC 8446 §5.1, content type of a ClientHello.
constexpr std::string_view kPrefaceStart =
    "PRI ";  // RFC 9113 §3.4; no HTTP/1.1 method is so named.
constexpr std::size_t kChunk = 65536;
constexpr int kMostReads = 8;    // Per wake-up, so that a busy client does not starve the others.
constexpr int kMostChunks = 16;  // Written per wake-up, likewise.
constexpr Duration kTimeToSpeak = 10s;
constexpr Duration kTimeToLeave = 2s;

std::string refusal() {
  const std::string body = "This is a squall target. It speaks HTTP/2 only here.\n";
  return "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\n"
         "connection: close\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TargetConnection::TargetConnection(TargetLoop& loop, Socket socket, std::uint64_t number,
                                   bool is_loopback, bool is_silent, Instant now)
    : loop_(loop),
      socket_(std::move(socket)),
      number_(number),
      is_loopback_(is_loopback),
      stage_(is_silent ? Stage::kSilent : Stage::kNew),
      since_(now) {}

void TargetConnection::start() { wait_readable(); }

void TargetConnection::on_request(ServerSession& session, const ReceivedRequest& request) {
  loop_.serve(*this, session, request);
}

void TargetConnection::on_abandoned(std::uint64_t place) { loop_.withdraw(place); }

void TargetConnection::wait_readable() {
  if (waits_readable_ || stage_ == Stage::kClosed) return;
  waits_readable_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code failed) {
    self->waits_readable_ = false;
    if (!failed && self->stage_ != Stage::kClosed) self->on_readable();
  });
}

void TargetConnection::wait_writable() {
  if (waits_writable_ || stage_ == Stage::kClosed) return;
  waits_writable_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code failed) {
    self->waits_writable_ = false;
    if (failed || self->stage_ == Stage::kClosed) return;
    // Also what TLS could not read before it had written.
    if (self->tls_ != nullptr) {
      self->on_readable();
    } else {
      self->loop_.begin_batch();  // HTTP/1.1's next request may have waited for this.
      self->flush();
      self->loop_.end_batch();
    }
  });
}

void TargetConnection::on_readable() {
  loop_.begin_batch();
  read_and_serve();
  loop_.end_batch();  // Also when it has closed: what it asked for may hold slots.
}

void TargetConnection::read_and_serve() {
  if (stage_ == Stage::kNew && !look_at_first_byte()) return;
  std::vector<std::uint8_t>& buffer = loop_.read_buffer();
  bool is_more = true;
  for (int round = 0; is_more && round < kMostReads; ++round) {
    const Amount got = read_some(buffer);
    if (got.how == Io::kEnded) return close();
    if (got.how == Io::kDone && !take({buffer.data(), got.bytes})) {
      flush();  // The GOAWAY that says what was wrong.
      return close();
    }
    // A short read has emptied the socket. (If not: the next wait ends at once.)
    is_more = got.how == Io::kDone &&
              (tls_ != nullptr ? SSL_has_pending(tls_.get()) == 1 : got.bytes == buffer.size());
  }
  flush();
  if (is_more && tls_ != nullptr && stage_ != Stage::kClosed) {
    // The bytes are in OpenSSL's buffer already; the socket would not wake us for them.
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (self->stage_ != Stage::kClosed) self->on_readable();
    });
  }
}

bool TargetConnection::look_at_first_byte() {
  std::uint8_t first = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &first, 1, MSG_PEEK);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    wait_readable();
    return false;
  }
  if (got <= 0) {
    close();
    return false;
  }
  if (first == kTlsHandshake) {
    tls_ =
        loop_.tls() != nullptr ? make_tls_session(loop_.tls(), socket_.native_handle()) : nullptr;
    if (tls_ == nullptr) {
      ++loop_.counts().refused;
      close();
      return false;
    }
  }
  stage_ = Stage::kSniffed;
  return true;
}

bool TargetConnection::take(std::span<const std::uint8_t> bytes) {
  if (stage_ == Stage::kSniffed) return sniff(bytes);
  if (stage_ != Stage::kHttp) return true;
  loop_.counts().bytes_received += bytes.size();
  const bool is_sound = session_->receive(bytes);
  const std::uint64_t bodies = session_->body_bytes_received();
  loop_.counts().body_bytes_received += bodies - std::exchange(counted_bodies_, bodies);
  return is_sound;
}

bool TargetConnection::sniff(std::span<const std::uint8_t> bytes) {
  heard_.insert(heard_.end(), bytes.begin(), bytes.end());
  const std::size_t seen = std::min(heard_.size(), kPrefaceStart.size());
  const bool speaks_http2 =
      std::equal(heard_.begin(), heard_.begin() + static_cast<long>(seen), kPrefaceStart.begin());
  const TargetProtocols spoken = loop_.protocols();
  if (speaks_http2 ? !(tls_ != nullptr ? spoken.h2 : spoken.h2c) : !spoken.h1) {
    refuse();
    return true;
  }
  if (speaks_http2) {
    if (seen < kPrefaceStart.size()) return true;
    auto session = Http2ServerSession::make(*this, is_loopback_);
    if (!session) return false;
    session_ = *std::move(session);
    ++loop_.counts().h2;
  } else {
    session_ = std::make_unique<Http1ServerSession>(*this, is_loopback_);
    ++loop_.counts().h1;
  }
  // Of an origin that is http:, QUIC is no alternative: there is no TLS to prove it (RFC 7838
  // §2.1).
  if (tls_ != nullptr) session_->advertise(loop_.alternative(socket_));
  stage_ = Stage::kHttp;
  const std::vector<std::uint8_t> first = std::exchange(heard_, {});
  return take(first);
}

void TargetConnection::refuse() {
  ++loop_.counts().refused;
  stage_ = Stage::kRefused;
  since_ = std::chrono::steady_clock::now();
  heard_ = {};
  const std::string text = refusal();
  unsent_.assign(text.begin(), text.end());
}

void TargetConnection::flush() {
  if (stage_ == Stage::kClosed) return;
  Io how = send_pending();
  if (how == Io::kDone && stage_ == Stage::kRefused) {
    // The answer would be lost to a reset if we closed before the client has read it.
    if (tls_ != nullptr) SSL_shutdown(tls_.get());
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  std::vector<std::uint8_t>& buffer = loop_.write_buffer();
  for (int chunk = 0; how == Io::kDone && session_ != nullptr; ++chunk) {
    if (chunk == kMostChunks) {
      wait_writable();
      return;
    }
    buffer.clear();
    session_->pull(buffer, kChunk);
    if (buffer.empty()) break;
    loop_.counts().bytes_sent += buffer.size();
    std::size_t sent = 0;
    how = send(buffer, sent);
    if (how == Io::kBlocked) {
      unsent_.assign(buffer.begin() + static_cast<std::ptrdiff_t>(sent), buffer.end());
    }
  }
  // Who does not read its answers is not read either, so that what it can make us keep is bounded.
  if (how == Io::kBlocked) return wait_writable();
  if (session_ != nullptr && session_->is_to_be_dropped()) return drop();
  if (how == Io::kEnded || (session_ != nullptr && session_->is_done())) return close();
  wait_readable();
}

TargetConnection::Io TargetConnection::send_pending() {
  if (unsent_.empty()) return Io::kDone;
  std::size_t sent = 0;
  const Io how = send(unsent_, sent);
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent));
  if (unsent_.empty()) unsent_.shrink_to_fit();
  return how;
}

TargetConnection::Io TargetConnection::send(std::span<const std::uint8_t> bytes,
                                            std::size_t& sent) {
  while (sent < bytes.size()) {
    const Amount put = write_some(bytes.subspan(sent));
    if (put.how != Io::kDone) return put.how;
    sent += put.bytes;
  }
  return Io::kDone;
}

TargetConnection::Amount TargetConnection::read_some(std::span<std::uint8_t> into) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), into.data(), static_cast<int>(into.size()));
    if (!is_tls_established_ && SSL_is_init_finished(tls_.get()) == 1) {
      is_tls_established_ = true;
      ++loop_.counts().tls;
    }
    return tls_result(got);
  }
  const ssize_t got = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
  if (got > 0) return {Io::kDone, static_cast<std::size_t>(got)};
  const bool would_block = got < 0 && (errno == EAGAIN || errno == EINTR);
  return {would_block ? Io::kBlocked : Io::kEnded, 0};
}

TargetConnection::Amount TargetConnection::write_some(std::span<const std::uint8_t> bytes) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    constexpr std::size_t kMost = std::numeric_limits<int>::max();
    return tls_result(
        SSL_write(tls_.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), kMost))));
  }
  const ssize_t put = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) return {Io::kDone, static_cast<std::size_t>(put)};
  return {errno == EAGAIN || errno == EINTR ? Io::kBlocked : Io::kEnded, 0};
}

TargetConnection::Amount TargetConnection::tls_result(int code) {
  if (code > 0) return {Io::kDone, static_cast<std::size_t>(code)};
  switch (SSL_get_error(tls_.get(), code)) {
    case SSL_ERROR_WANT_READ:
      wait_readable();
      return {Io::kBlocked, 0};
    case SSL_ERROR_WANT_WRITE:
      wait_writable();
      return {Io::kBlocked, 0};
    default:
      return {Io::kEnded, 0};
  }
}

void TargetConnection::go_away() {
  if (session_ == nullptr) return;
  session_->go_away();
}

void TargetConnection::sweep(Instant now) {
  const bool is_undecided = stage_ == Stage::kNew || stage_ == Stage::kSniffed;
  if ((is_undecided && now - since_ > kTimeToSpeak) ||
      (stage_ == Stage::kRefused && now - since_ > kTimeToLeave)) {
    close();
  }
}

void TargetConnection::close() {
  if (stage_ == Stage::kClosed) return;
  stage_ = Stage::kClosed;
  if (tls_ != nullptr && is_tls_established_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());  // One close_notify, if the socket takes it; we do not wait for one.
  }
  session_.reset();  // Gives up what waits.
  tls_.reset();
  error_code ignored;
  socket_.close(ignored);
  loop_.forget(number_);
}

void TargetConnection::drop() {
  if (stage_ == Stage::kClosed) return;
  error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  is_tls_established_ = false;  // No close_notify.
  close();
}

}  // namespace squall::generators
