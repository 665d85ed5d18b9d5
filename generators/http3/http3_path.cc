// What the session knows of its path, and how it goes to another one, and to other keys.
#include <algorithm>
#include <cstring>
#include <utility>

#include "generators/http3/http3_private.h"

namespace squall::generators {

PathFigures Http3Session::path() const {
  ngtcp2_conn_info info{};
  ngtcp2_conn_get_conn_info(quic_, &info);
  constexpr Duration kAckDelay = std::chrono::milliseconds(25);  // RFC 9000 §18.2: what is usual.
  constexpr Duration kGranularity = std::chrono::milliseconds(1);
  const std::chrono::nanoseconds rtt(static_cast<std::int64_t>(info.smoothed_rtt));
  const Duration variation = std::chrono::nanoseconds(4 * static_cast<std::int64_t>(info.rttvar));
  return {rtt,
          info.cwnd,
          private_->acks.sent(),
          private_->acks.lost(),
          rtt + std::max(variation, kGranularity) + kAckDelay,
          info.bytes_in_flight};
}

bool Http3Session::migrate(const sockaddr& local, std::size_t size, Instant now) {
  asio::ip::udp::endpoint& ours = private_->options.local;
  if (end_.kind != SessionEnd::Kind::kNone || size > ours.capacity()) return false;
  asio::ip::udp::endpoint to;
  std::memcpy(to.data(), &local, size);
  to.resize(size);
  ngtcp2_path path = private_->path();
  path.local = {to.data(), static_cast<ngtcp2_socklen>(to.size())};
  if (ngtcp2_conn_initiate_immediate_migration(quic_, &path, to_tstamp(now)) != 0) return false;
  on_path(false);  // Of the migration before, should it still wait.
  migrates_ = true;
  ours = to;
  return true;
}

/// The server has answered on the path of a migration (RFC 9000 §8.2.3), or has not in time.
void Http3Session::on_path(bool is_validated) {
  if (!std::exchange(migrates_, false)) return;
  ++(is_validated ? changes_.validated : changes_.unanswered);
}

/// At its limit ngtcp2 goes on with new keys by itself, or fails with
/// NGTCP2_ERR_AEAD_LIMIT_REACHED where it cannot.
void Http3Session::Private::limit_keys() {
  if (!options.most_sealed) return;
  ngtcp2_crypto_ctx context = *ngtcp2_conn_get_crypto_ctx(quic.get());
  context.max_encryption = *options.most_sealed;
  ngtcp2_conn_set_crypto_ctx(quic.get(), &context);
}

bool Http3Session::update_keys(Instant now) {
  if (!established_ || end_.kind != SessionEnd::Kind::kNone) return false;
  if (ngtcp2_conn_initiate_key_update(quic_, to_tstamp(now)) != 0) return false;
  private_->acks.on_new_keys();
  return true;
}

ConnectionChanges Http3Session::changes() const {
  ConnectionChanges changes = changes_;
  changes.key_updates = private_->acks.key_updates();
  return changes;
}

}  // namespace squall::generators
