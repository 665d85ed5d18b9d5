#include "generators/target/quic_server.h"

#include <algorithm>
#include <array>

#include <gnutls/crypto.h>

#include "generators/target/http3_server_private.h"
#include "generators/target/quic_connection.h"

namespace squall::generators {

/// The head of a client's first packet.
struct QuicHead : ngtcp2_pkt_hd {};

namespace {

using std::chrono_literals::operator""s;

constexpr std::size_t kIdSize = Http3ServerSession::kIdSize;
constexpr ngtcp2_duration kRetryLives = 10 * NGTCP2_SECONDS;
constexpr Duration kSilenceLives = 30s;  // After a client was last heard.
constexpr std::size_t kMostSilenced = 65536;
constexpr int kRounds = 4;  // Of output, before others have their turn.
// RFC 9000 §10.3: a stateless reset is smaller than what it answers, so that no two servers go on
// resetting each other, and looks like any short packet.
constexpr std::size_t kLeastReset = 43;
constexpr std::size_t kUsualReset = 60;

std::span<const std::uint8_t> bytes_of(std::span<const char> text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};  // NOLINT
}
std::uint8_t* bytes_of(std::string& text) {
  return reinterpret_cast<std::uint8_t*>(text.data());  // NOLINT: C's interface
}

bool is_loopback(const QuicPath& path) {
  const auto address = path.remote.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
        .is_loopback();
  }
  return address.is_loopback();
}

std::string_view view_of(const std::uint8_t* id, std::size_t size) {
  return {reinterpret_cast<const char*>(id), size};  // NOLINT: C's interface
}

}  // namespace

QuicServer::QuicServer(Owner& owner, QuicServerTls tls, bool retry)
    : owner_(owner), tls_(std::move(tls)), retries_(retry) {}

QuicServer::~QuicServer() = default;

Http3ServerSession::ResetToken QuicServer::reset_token(std::string_view id) const {
  Http3ServerSession::ResetToken token{};
  const ngtcp2_cid cid = to_cid(id);
  static_cast<void>(ngtcp2_crypto_generate_stateless_reset_token(token.data(), tls_.secret().data(),
                                                                 tls_.secret().size(), &cid));
  return token;
}

void QuicServer::receive(std::span<const char> datagram, Ecn ecn, const QuicPath& path,
                         Instant now) {
  ++counts_.datagrams_received;
  ngtcp2_version_cid ids{};
  const auto bytes = bytes_of(datagram);
  const int code = bytes.empty()  // Which ngtcp2 does not expect.
                       ? NGTCP2_ERR_INVALID_ARGUMENT
                       : ngtcp2_pkt_decode_version_cid(&ids, bytes.data(), bytes.size(), kIdSize);
  if (code == NGTCP2_ERR_VERSION_NEGOTIATION) return negotiate_version(datagram, path);
  if (code != 0) {
    ++counts_.ignored;
    return;
  }
  const std::string_view id = view_of(ids.dcid, ids.dcidlen);
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    QuicConnection& connection = *found->second;
    const auto alive = connection.shared_from_this();
    connection.http().receive(datagram, ecn, path, now);
    settle(connection);
    touch(connection);
    return;
  }
  const bool is_short = ids.version == 0;
  if (is_short) return reset_stateless(id, datagram.size() - 1, path);
  begin(datagram, ecn, path, now);
}

void QuicServer::begin(std::span<const char> datagram, Ecn ecn, const QuicPath& path, Instant now) {
  QuicHead head{};
  const auto bytes = bytes_of(datagram);
  if (ngtcp2_accept(&head, bytes.data(), bytes.size()) != 0) {
    ++counts_.ignored;
    return;
  }
  const std::string_view chosen = view_of(head.dcid.data, head.dcid.datalen);
  const auto silenced = silenced_.find(chosen);
  if (silenced != silenced_.end()) {
    silenced->second = now;
    return;
  }
  if (silenced_.size() < kMostSilenced && owner_.silences(path)) {
    silenced_.emplace(chosen, now);
    return;
  }
  if (refuses_ || connections_.size() >= kMostConnections) {
    return refuse(head, NGTCP2_CONNECTION_REFUSED, path);
  }
  Http3ServerSession::Hello hello;
  hello.version = head.version;
  hello.client_id = to_text(head.scid);
  hello.chosen_id = hello.original_id = chosen;
  const bool is_ours =
      head.tokenlen > 0 && head.token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2;  // NOLINT: C's
  if (is_ours) {
    ngtcp2_cid original{};
    const ngtcp2_path from = to_path(path);
    if (ngtcp2_crypto_verify_retry_token2(&original, head.token, head.tokenlen,
                                          tls_.secret().data(), tls_.secret().size(), head.version,
                                          from.remote.addr, from.remote.addrlen, &head.dcid,
                                          kRetryLives, to_tstamp(now)) != 0) {
      return refuse(head, NGTCP2_INVALID_TOKEN, path);  // RFC 9000 §8.1.3.
    }
    hello.original_id = to_text(original);
    hello.token = {reinterpret_cast<const char*>(head.token), head.tokenlen};  // NOLINT: C's
  } else if (retries_) {
    return retry(head, path, now);
  }
  const auto connection = std::make_shared<QuicConnection>(*this, is_loopback(path));
  connection->session_ = Http3ServerSession::accept(tls_, *connection, *connection, hello, path,
                                                    connection->is_loopback(), now);
  if (!connection->session_) return refuse(head, NGTCP2_CONNECTION_REFUSED, path);
  connection->add(hello.chosen_id);  // What it will use until it has heard ours.
  connections_.emplace(connection.get(), connection);
  connection->number_ = owner_.on_open(connection);
  connection->http().receive(datagram, ecn, path, now);
  settle(*connection);
  touch(*connection);
}

void QuicServer::retry(const QuicHead& head, const QuicPath& path, Instant now) {
  ngtcp2_cid fresh{};
  fresh.datalen = kIdSize;
  if (gnutls_rnd(GNUTLS_RND_RANDOM, fresh.data, kIdSize) != 0) return;
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token{};
  const ngtcp2_path from = to_path(path);
  const auto size = ngtcp2_crypto_generate_retry_token2(
      token.data(), tls_.secret().data(), tls_.secret().size(), head.version, from.remote.addr,
      from.remote.addrlen, &fresh, &head.dcid, to_tstamp(now));
  if (size < 0) return;
  std::string datagram(NGTCP2_MAX_UDP_PAYLOAD_SIZE, '\0');
  const auto written =
      ngtcp2_crypto_write_retry(bytes_of(datagram), datagram.size(), head.version, &head.scid,
                                &fresh, &head.dcid, token.data(), static_cast<std::size_t>(size));
  if (written <= 0) return;
  datagram.resize(static_cast<std::size_t>(written));
  ++counts_.retries;
  send_one(std::move(datagram), path);
}

void QuicServer::refuse(const QuicHead& head, std::uint64_t code, const QuicPath& path) {
  std::string datagram(NGTCP2_MAX_UDP_PAYLOAD_SIZE, '\0');
  const auto written = ngtcp2_crypto_write_connection_close(
      bytes_of(datagram), datagram.size(), head.version, &head.scid, &head.dcid, code, nullptr, 0);
  if (written <= 0) return;
  datagram.resize(static_cast<std::size_t>(written));
  send_one(std::move(datagram), path);
}

void QuicServer::negotiate_version(std::span<const char> datagram, const QuicPath& path) {
  ngtcp2_version_cid ids{};
  const auto bytes = bytes_of(datagram);
  static_cast<void>(ngtcp2_pkt_decode_version_cid(&ids, bytes.data(), bytes.size(), kIdSize));
  // RFC 9000 §15: versions of this form are never spoken, so that clients learn to skip some.
  const std::array<std::uint32_t, 3> versions{0x1a2a3a4a, NGTCP2_PROTO_VER_V1, NGTCP2_PROTO_VER_V2};
  std::string answer(NGTCP2_MAX_UDP_PAYLOAD_SIZE, '\0');
  std::uint8_t random = 0;
  static_cast<void>(gnutls_rnd(GNUTLS_RND_NONCE, &random, 1));
  const auto written = ngtcp2_pkt_write_version_negotiation(
      bytes_of(answer), answer.size(), random, ids.scid, ids.scidlen, ids.dcid, ids.dcidlen,
      versions.data(), versions.size());
  if (written <= 0) return;
  answer.resize(static_cast<std::size_t>(written));
  ++counts_.version_negotiations;
  send_one(std::move(answer), path);
}

void QuicServer::reset_stateless(std::string_view id, std::size_t most, const QuicPath& path) {
  if (most < kLeastReset) {
    ++counts_.ignored;
    return;
  }
  std::string datagram(std::min(most, kUsualReset), '\0');
  std::array<std::uint8_t, kUsualReset> random{};
  if (gnutls_rnd(GNUTLS_RND_NONCE, random.data(), random.size()) != 0) return;
  const auto token = reset_token(id);
  const auto written =
      ngtcp2_pkt_write_stateless_reset(bytes_of(datagram), datagram.size(), token.data(),
                                       random.data(), datagram.size() - token.size());
  if (written <= 0) return;
  datagram.resize(static_cast<std::size_t>(written));
  ++counts_.stateless_resets;
  send_one(std::move(datagram), path);
}

void QuicServer::send_one(std::string datagram, const QuicPath& path) {
  ServerDatagrams one;
  one.bytes.assign(datagram.begin(), datagram.end());
  one.bursts.push_back({.begin = 0, .size = datagram.size(), .segment = datagram.size()});
  one.paths.push_back(path);
  ++counts_.datagrams_sent;
  owner_.send(one);
}

void QuicServer::touch(QuicConnection& connection) {
  if (std::exchange(connection.is_touched_, true)) return;
  touched_.push_back(connection.shared_from_this());
}

void QuicServer::flush(Instant now) {
  is_blocked_ = false;
  // Whoever is touched meanwhile comes behind.
  for (std::size_t i = 0; i < touched_.size() && !is_blocked_; ++i) {
    const auto connection = touched_[i];
    connection->is_touched_ = false;
    if (connections_.contains(connection.get())) flush_one(*connection, now);
    touched_[i].reset();
  }
  std::erase(touched_, nullptr);
}

void QuicServer::flush_one(QuicConnection& connection, Instant now) {
  Instant next = Instant::max();
  for (int round = 0; !is_blocked_; ++round) {
    if (round == kRounds) {
      next = now;  // The rest at once, but when others have had their turn.
      break;
    }
    out_.bytes.clear();
    out_.bursts.clear();
    out_.paths.clear();
    const bool has_more = connection.http().take_output(out_, now);
    for (const DatagramBurst& burst : out_.bursts) {
      counts_.datagrams_sent += (burst.size + burst.segment - 1) / burst.segment;
    }
    if (!out_.bursts.empty()) is_blocked_ = !owner_.send(out_);
    if (!has_more) break;
  }
  if (is_blocked_) touch(connection);
  settle(connection);
  if (!connections_.contains(&connection)) return;
  // A socket that takes no more says so when it does.
  if (!is_blocked_) next = std::min(next, connection.http().next_timer().value_or(Instant::max()));
  if (next == connection.timer_) return;
  if (connection.timer_ != Instant::max()) timers_.erase({connection.timer_, &connection});
  connection.timer_ = next;
  if (next != Instant::max()) timers_.emplace(next, &connection);
}

/// Counts, and tells the owner how far a connection is.
void QuicServer::settle(QuicConnection& connection) {
  Http3ServerSession& session = connection.http();
  const auto count = [](std::uint64_t& total, std::uint64_t& counted, std::uint64_t now) {
    total += now - std::exchange(counted, now);
  };
  count(counts_.bytes_received, connection.counted_received_, session.bytes_received());
  count(counts_.bytes_sent, connection.counted_sent_, session.bytes_sent());
  count(counts_.body_bytes_received, connection.counted_bodies_, session.body_bytes_received());
  if (session.is_established() && !std::exchange(connection.was_established_, true)) {
    ++counts_.handshakes;
    if (session.is_resumed()) ++counts_.resumed;
    if (session.took_early_data()) ++counts_.early;
    owner_.on_established(connection);
  }
  if (session.is_over() && !std::exchange(connection.is_closed_, true)) {
    owner_.on_closed(connection);
  }
  if (session.is_gone()) forget(connection);
}

void QuicServer::forget(QuicConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  for (const std::string& id : std::exchange(connection.ids_, {})) by_id_.erase(id);
  if (connection.timer_ != Instant::max()) timers_.erase({connection.timer_, &connection});
  connection.timer_ = Instant::max();
  const auto alive = found->second;
  connections_.erase(found);
  if (!std::exchange(connection.is_closed_, true)) owner_.on_closed(connection);
}

std::optional<Instant> QuicServer::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void QuicServer::on_timer(Instant now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const auto connection = timers_.begin()->second->shared_from_this();
    timers_.erase(timers_.begin());
    connection->timer_ = Instant::max();
    connection->http().on_timer(now);
    settle(*connection);
    touch(*connection);
  }
  std::erase_if(silenced_, [now](const auto& one) { return now - one.second > kSilenceLives; });
  flush(now);
}

void QuicConnection::add(std::string_view id) {
  // Its own choice may be another's: RFC 9000 leaves that to chance, and so do we.
  if (server_.by_id_.try_emplace(std::string(id), this).second) ids_.emplace_back(id);
}

void QuicConnection::remove(std::string_view id) {
  if (std::erase(ids_, id) > 0) server_.by_id_.erase(std::string(id));
}

void QuicConnection::go_away() {
  session_->go_away();
  server_.touch(*this);
}

void QuicConnection::close() {
  session_->close();
  server_.touch(*this);
}

void QuicConnection::drop() {
  const auto alive = shared_from_this();
  if (!session_->is_over()) {
    for (const std::string& id : session_->ids()) {
      server_.reset_stateless(id, kUsualReset, session_->path());
    }
  }
  server_.forget(*this);
}

}  // namespace squall::generators
