#include "tests/support/quic_client_peer.h"

#include <array>
#include <cstdlib>
#include <deque>
#include <utility>

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

namespace squall::test {
namespace {

constexpr const char* kPriority =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519:"
    "%DISABLE_TLS13_COMPAT_MODE";

ngtcp2_tstamp to_tstamp(Instant now) {
  return static_cast<ngtcp2_tstamp>(now.time_since_epoch().count());
}

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());  // NOLINT: C's interface
}

/// Not random at all, so that tests do the same each time.
void fill(std::uint8_t* into, std::size_t size) {
  static std::uint8_t next = 0;
  for (std::size_t i = 0; i < size; ++i) into[i] = ++next;  // NOLINT: C's interface
}

}  // namespace

struct QuicClientPeer::Private {
  struct Queue {
    std::deque<std::string> pieces;  // Kept to the end: QUIC may send them again.
    std::size_t piece = 0;
    std::size_t offset = 0;
    bool ends = false;
    bool has_ended = false;
  };

  gnutls_certificate_credentials_t credentials = nullptr;
  gnutls_session_t tls = nullptr;
  ngtcp2_conn* quic = nullptr;
  ngtcp2_crypto_conn_ref reference{};
  sockaddr_in local{};
  sockaddr_in remote{};
  std::map<std::int64_t, Queue> queues;

  ngtcp2_path path() {
    ngtcp2_path path{};
    path.local = {reinterpret_cast<sockaddr*>(&local), sizeof local};     // NOLINT
    path.remote = {reinterpret_cast<sockaddr*>(&remote), sizeof remote};  // NOLINT
    return path;
  }
};

QuicClientPeer::QuicClientPeer(Instant now) : private_(std::make_unique<Private>()) {
  Private& own = *private_;
  own.local.sin_family = own.remote.sin_family = AF_INET;
  own.local.sin_addr.s_addr = own.remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  own.local.sin_port = htons(40'000);
  own.remote.sin_port = htons(443);
  own.reference = {[](ngtcp2_crypto_conn_ref* reference) {
                     return static_cast<QuicClientPeer*>(reference->user_data)->private_->quic;
                   },
                   this};
  static constexpr unsigned char kH3[] = {'h', '3'};              // NOLINT: GnuTLS's interface
  const gnutls_datum_t name{const_cast<unsigned char*>(kH3), 2};  // NOLINT
  if (gnutls_certificate_allocate_credentials(&own.credentials) != 0 ||
      gnutls_init(&own.tls, GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA) != 0 ||
      gnutls_priority_set_direct(own.tls, kPriority, nullptr) != 0 ||
      ngtcp2_crypto_gnutls_configure_client_session(own.tls) != 0 ||
      gnutls_credentials_set(own.tls, GNUTLS_CRD_CERTIFICATE, own.credentials) != 0 ||
      gnutls_alpn_set_protocols(own.tls, &name, 1, GNUTLS_ALPN_MANDATORY) != 0) {
    std::abort();
  }
  gnutls_session_set_ptr(own.tls, &own.reference);

  ngtcp2_callbacks on{};
  on.client_initial = ngtcp2_crypto_client_initial_cb;
  on.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  on.encrypt = ngtcp2_crypto_encrypt_cb;
  on.decrypt = ngtcp2_crypto_decrypt_cb;
  on.hp_mask = ngtcp2_crypto_hp_mask_cb;
  on.recv_retry = ngtcp2_crypto_recv_retry_cb;
  on.update_key = ngtcp2_crypto_update_key_cb;
  on.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  on.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  on.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  on.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  on.rand = [](std::uint8_t* into, std::size_t size, const ngtcp2_rand_ctx*) { fill(into, size); };
  on.get_new_connection_id = [](ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size,
                                void*) {
    fill(id->data, size);
    id->datalen = size;
    fill(token, NGTCP2_STATELESS_RESET_TOKENLEN);
    return 0;
  };
  on.recv_stream_data = [](ngtcp2_conn* quic, std::uint32_t flags, std::int64_t id, std::uint64_t,
                           const std::uint8_t* data, std::size_t size, void* peer, void*) {
    auto& self = *static_cast<QuicClientPeer*>(peer);
    self.received[id].append(reinterpret_cast<const char*>(data), size);  // NOLINT
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) self.ended[id] = true;
    ngtcp2_conn_extend_max_stream_offset(quic, id, size);
    ngtcp2_conn_extend_max_offset(quic, size);
    return 0;
  };
  on.stream_reset = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t code, void* peer,
                       void*) {
    static_cast<QuicClientPeer*>(peer)->resets[id] = code;
    return 0;
  };
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_tstamp(now);
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_stream_data_bidi_local = 1 << 20U;
  params.initial_max_stream_data_uni = 1 << 20U;
  params.initial_max_data = 1 << 24U;
  params.initial_max_streams_uni = 10;
  ngtcp2_cid source{};
  ngtcp2_cid destination{};
  source.datalen = destination.datalen = 8;
  fill(source.data, 8);
  fill(destination.data, 8);
  const ngtcp2_path path = own.path();
  if (ngtcp2_conn_client_new(&own.quic, &destination, &source, &path, NGTCP2_PROTO_VER_V1, &on,
                             &settings, &params, nullptr, this) != 0) {
    std::abort();
  }
  ngtcp2_conn_set_tls_native_handle(own.quic, own.tls);
}

QuicClientPeer::~QuicClientPeer() {
  ngtcp2_conn_del(private_->quic);
  gnutls_deinit(private_->tls);
  gnutls_certificate_free_credentials(private_->credentials);
}

void QuicClientPeer::receive(std::span<const char> datagram, Instant now) {
  if (failure_ != 0) return;
  const ngtcp2_path path = private_->path();
  const ngtcp2_pkt_info info{};
  failure_ = ngtcp2_conn_read_pkt(private_->quic, &path, &info,
                                  bytes_of({datagram.data(), datagram.size()}), datagram.size(),
                                  to_tstamp(now));
}

std::vector<std::string> QuicClientPeer::take(Instant now) {
  Private& own = *private_;
  std::vector<std::string> out;
  if (failure_ != 0) return out;
  const auto put = [&](auto write) {
    std::string packet(1452, '\0');
    const ngtcp2_ssize size =
        write(reinterpret_cast<std::uint8_t*>(packet.data()), packet.size());  // NOLINT
    if (size <= 0) return false;
    packet.resize(static_cast<std::size_t>(size));
    out.push_back(std::move(packet));
    return true;
  };
  for (auto& [id, queue] : own.queues) {
    while (queue.piece < queue.pieces.size() || (queue.ends && !queue.has_ended)) {
      const bool has_piece = queue.piece < queue.pieces.size();
      const std::string_view rest =
          has_piece ? std::string_view(queue.pieces[queue.piece]).substr(queue.offset)
                    : std::string_view();
      const bool is_last = queue.ends && queue.piece + 1 >= queue.pieces.size();
      ngtcp2_ssize taken = -1;
      const bool wrote = put([&, stream = id](std::uint8_t* into, std::size_t size) {
        return ngtcp2_conn_write_stream(
            own.quic, nullptr, nullptr, into, size, &taken,
            is_last ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE, stream,
            bytes_of(rest), rest.size(), to_tstamp(now));
      });
      if (!wrote) break;
      if (taken < 0) continue;
      queue.offset += static_cast<std::size_t>(taken);
      if (queue.offset < (has_piece ? queue.pieces[queue.piece].size() : 0)) continue;
      ++queue.piece;
      queue.offset = 0;
      if (is_last) queue.has_ended = true;
    }
  }
  while (put([&](std::uint8_t* into, std::size_t size) {
    return ngtcp2_conn_write_pkt(own.quic, nullptr, nullptr, into, size, to_tstamp(now));
  })) {
  }
  ngtcp2_conn_update_pkt_tx_time(own.quic, to_tstamp(now));
  return out;
}

Instant QuicClientPeer::next_timer() const {
  if (failure_ != 0) return Instant::max();
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(private_->quic);
  if (expiry == UINT64_MAX) return Instant::max();
  return Instant(std::chrono::nanoseconds(static_cast<std::int64_t>(expiry)));
}

void QuicClientPeer::on_timer(Instant now) {
  if (failure_ != 0) return;
  failure_ = ngtcp2_conn_handle_expiry(private_->quic, to_tstamp(now));
}

std::int64_t QuicClientPeer::open_uni() {
  std::int64_t id = -1;
  return ngtcp2_conn_open_uni_stream(private_->quic, &id, nullptr) == 0 ? id : -1;
}

std::int64_t QuicClientPeer::open_bidi() {
  std::int64_t id = -1;
  return ngtcp2_conn_open_bidi_stream(private_->quic, &id, nullptr) == 0 ? id : -1;
}

void QuicClientPeer::write(std::int64_t stream, std::string_view bytes, bool is_last) {
  Private::Queue& queue = private_->queues[stream];
  if (!bytes.empty()) queue.pieces.emplace_back(bytes);
  queue.ends = queue.ends || is_last;
}

void QuicClientPeer::reset(std::int64_t stream, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream_write(private_->quic, 0, stream, code);
}

void QuicClientPeer::stop_sending(std::int64_t stream, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream_read(private_->quic, 0, stream, code);
}

bool QuicClientPeer::is_established() const {
  return ngtcp2_conn_get_handshake_completed(private_->quic) != 0;
}

std::uint64_t QuicClientPeer::close_code() const {
  return failure_ == NGTCP2_ERR_DRAINING ? ngtcp2_conn_get_ccerr(private_->quic)->error_code : 0;
}

}  // namespace squall::test
