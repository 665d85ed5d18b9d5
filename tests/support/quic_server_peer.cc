#include "tests/support/quic_server_peer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <tuple>
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
constexpr std::size_t kIdSize = 8;
constexpr std::array<std::uint8_t, 16> kSecret{1, 2, 3};

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

// Where the peer whose packets are sealed now keeps what they say instead: ngtcp2 does not tell.
thread_local std::string* instead_of_payload = nullptr;

int seal(std::uint8_t* into, const ngtcp2_crypto_aead* aead, const ngtcp2_crypto_aead_ctx* context,
         const std::uint8_t* plain, std::size_t size, const std::uint8_t* nonce,
         std::size_t nonce_size, const std::uint8_t* header, std::size_t header_size) {
  std::string changed;
  const bool is_short = header_size > 0 && (header[0] & 0x80U) == 0;  // NOLINT: C's interface
  if (is_short && instead_of_payload != nullptr && !instead_of_payload->empty() &&
      instead_of_payload->size() <= size) {
    changed = std::exchange(*instead_of_payload, {});
    changed.resize(size, '\0');  // PADDING
    plain = bytes_of(changed);
  }
  return ngtcp2_crypto_encrypt_cb(into, aead, context, plain, size, nonce, nonce_size, header,
                                  header_size);
}

/// Of all peers, as a ticket must not be older than it. It holds everything for new.
gnutls_anti_replay_t replay_check() {
  static const gnutls_anti_replay_t check = [] {
    gnutls_anti_replay_t made = nullptr;
    if (gnutls_anti_replay_init(&made) != 0) std::abort();
    gnutls_anti_replay_set_add_function(
        made, [](void*, time_t, const gnutls_datum_t*, const gnutls_datum_t*) { return 0; });
    return made;
  }();
  return check;
}

}  // namespace

struct QuicServerPeer::Private {
  struct Queue {
    std::deque<std::string> pieces;  // Kept to the end: QUIC may send them again.
    std::size_t piece = 0;
    std::size_t offset = 0;
    bool ends = false;
    bool has_ended = false;
  };

  Options options;
  gnutls_certificate_credentials_t credentials = nullptr;
  gnutls_session_t tls = nullptr;
  ngtcp2_conn* quic = nullptr;
  ngtcp2_crypto_conn_ref reference{};
  sockaddr_in local{};
  sockaddr_in remote{};
  std::map<std::int64_t, Queue> queues;
  std::vector<std::string> ready;  // Datagrams that no connection made.
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token{};
  ngtcp2_ccerr close{};
  bool closes = false;
  std::string instead;  // Of the payload of the next packet.

  ngtcp2_path path() {
    ngtcp2_path path{};
    path.local = {reinterpret_cast<sockaddr*>(&local), sizeof local};     // NOLINT
    path.remote = {reinterpret_cast<sockaddr*>(&remote), sizeof remote};  // NOLINT
    return path;
  }
};

QuicServerPeer::QuicServerPeer(const Options& options, const std::string& certificate,
                               const std::string& key)
    : private_(std::make_unique<Private>()) {
  Private& own = *private_;
  own.options = options;
  own.local.sin_family = own.remote.sin_family = AF_INET;
  own.local.sin_addr.s_addr = own.remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  own.local.sin_port = htons(443);
  own.remote.sin_port = htons(40'000);
  const auto datum = [](const std::string& text) {
    return gnutls_datum_t{const_cast<unsigned char*>(bytes_of(text)),  // NOLINT
                          static_cast<unsigned>(text.size())};
  };
  const gnutls_datum_t chain = datum(certificate);
  const gnutls_datum_t secret = datum(key);
  if (gnutls_certificate_allocate_credentials(&own.credentials) != 0 ||
      gnutls_certificate_set_x509_key_mem(own.credentials, &chain, &secret, GNUTLS_X509_FMT_PEM) <
          0) {
    std::abort();
  }
}

QuicServerPeer::~QuicServerPeer() {
  ngtcp2_conn_del(private_->quic);
  if (private_->tls != nullptr) gnutls_deinit(private_->tls);
  gnutls_certificate_free_credentials(private_->credentials);
}

void QuicServerPeer::begin(std::span<const char> datagram, Instant now) {
  Private& own = *private_;
  const std::uint8_t* bytes = bytes_of({datagram.data(), datagram.size()});
  ngtcp2_pkt_hd head{};
  if (ngtcp2_accept(&head, bytes, datagram.size()) != 0) return;
  ngtcp2_cid original = head.dcid;
  const ngtcp2_path path = own.path();
  if (own.options.is_of_other_versions) {
    own.ready.push_back(version_negotiation(datagram));
    return;
  }
  if (own.options.retry && head.tokenlen == 0) {
    ngtcp2_cid fresh{};
    fresh.datalen = kIdSize;
    fill(fresh.data, kIdSize);
    std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token{};
    const auto size = ngtcp2_crypto_generate_retry_token2(
        token.data(), kSecret.data(), kSecret.size(), head.version, path.remote.addr,
        path.remote.addrlen, &fresh, &head.dcid, to_tstamp(now));
    std::string out(1200, '\0');
    const auto written =
        ngtcp2_crypto_write_retry(reinterpret_cast<std::uint8_t*>(out.data()), out.size(),
                                  head.version, &head.scid,  // NOLINT
                                  &fresh, &head.dcid, token.data(), static_cast<std::size_t>(size));
    out.resize(static_cast<std::size_t>(std::max<ngtcp2_ssize>(written, 0)));
    own.ready.push_back(std::move(out));
    return;
  }
  if (head.tokenlen > 0 && ngtcp2_crypto_verify_retry_token2(
                               &original, head.token, head.tokenlen, kSecret.data(), kSecret.size(),
                               head.version, path.remote.addr, path.remote.addrlen, &head.dcid,
                               10 * NGTCP2_SECONDS, to_tstamp(now)) != 0) {
    return;
  }

  ngtcp2_callbacks on{};
  on.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  on.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  on.encrypt = seal;
  on.decrypt = ngtcp2_crypto_decrypt_cb;
  on.hp_mask = ngtcp2_crypto_hp_mask_cb;
  on.update_key = [](auto... all) {
    constexpr std::size_t kUser = 10;
    ++static_cast<QuicServerPeer*>(std::get<kUser>(std::tie(all...)))->keys_made_;
    return ngtcp2_crypto_update_key_cb(all...);
  };
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
    auto& self = *static_cast<QuicServerPeer*>(peer);
    self.received[id].append(reinterpret_cast<const char*>(data), size);  // NOLINT
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) self.ended[id] = true;
    ngtcp2_conn_extend_max_stream_offset(quic, id, size);
    ngtcp2_conn_extend_max_offset(quic, size);
    return 0;
  };
  on.stream_reset = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t code, void* peer,
                       void*) {
    static_cast<QuicServerPeer*>(peer)->resets[id] = code;
    return 0;
  };
  on.stream_close = [](ngtcp2_conn* quic, std::uint32_t, std::int64_t id, std::uint64_t, void*,
                       void*) {
    if (ngtcp2_is_bidi_stream(id) != 0) ngtcp2_conn_extend_max_streams_bidi(quic, 1);
    return 0;
  };

  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_tstamp(now);
  if (head.tokenlen > 0) {
    settings.token = head.token;
    settings.tokenlen = head.tokenlen;
    settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
  }
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_stream_data_bidi_remote = own.options.window;
  params.initial_max_stream_data_uni = own.options.window;
  params.initial_max_data = own.options.window;
  params.initial_max_streams_bidi = own.options.streams;
  params.initial_max_streams_uni = own.options.uni_streams;
  params.max_idle_timeout = static_cast<ngtcp2_duration>(own.options.idle.count());
  params.ack_delay_exponent = own.options.ack_delay_exponent;
  params.original_dcid = original;
  params.original_dcid_present = 1;
  if (head.tokenlen > 0) {
    params.retry_scid = head.dcid;
    params.retry_scid_present = 1;
  }
  params.stateless_reset_token_present = 1;
  fill(own.token.data(), own.token.size());
  std::copy(own.token.begin(), own.token.end(), params.stateless_reset_token);
  ngtcp2_cid source{};
  source.datalen = kIdSize;
  fill(source.data, kIdSize);
  if (ngtcp2_conn_server_new(&own.quic, &head.scid, &source, &path, head.version, &on, &settings,
                             &params, nullptr, this) != 0) {
    std::abort();
  }
  own.reference = {[](ngtcp2_crypto_conn_ref* reference) {
                     return static_cast<QuicServerPeer*>(reference->user_data)->private_->quic;
                   },
                   this};
  unsigned flags = GNUTLS_SERVER | GNUTLS_NO_END_OF_EARLY_DATA;
  if (own.options.ticket_key.empty()) flags |= GNUTLS_NO_TICKETS;
  if (own.options.early) flags |= GNUTLS_ENABLE_EARLY_DATA;
  gnutls_init(&own.tls, flags);
  gnutls_priority_set_direct(own.tls, kPriority, nullptr);
  ngtcp2_crypto_gnutls_configure_server_session(own.tls);
  gnutls_session_set_ptr(own.tls, &own.reference);
  if (!own.options.ticket_key.empty()) {
    const gnutls_datum_t ticket_key{
        const_cast<unsigned char*>(bytes_of(own.options.ticket_key)),  // NOLINT: C's interface
        static_cast<unsigned>(own.options.ticket_key.size())};
    if (own.options.early) replay_check();  // It begins before the first ticket.
    gnutls_session_ticket_enable_server(own.tls, &ticket_key);
    gnutls_db_set_cache_expiration(own.tls, 3600);
    if (own.options.early) {
      gnutls_anti_replay_enable(own.tls, replay_check());
      gnutls_record_set_max_early_data_size(own.tls, 0xffffffffU);  // RFC 9001 §4.6.1
    }
  }
  gnutls_credentials_set(own.tls, GNUTLS_CRD_CERTIFICATE, own.credentials);
  const gnutls_datum_t name{const_cast<unsigned char*>(bytes_of(own.options.alpn)),  // NOLINT
                            static_cast<unsigned>(own.options.alpn.size())};
  gnutls_alpn_set_protocols(own.tls, &name, 1, GNUTLS_ALPN_MANDATORY);
  ngtcp2_conn_set_tls_native_handle(own.quic, own.tls);
}

void QuicServerPeer::receive(std::span<const char> datagram, Instant now) {
  Private& own = *private_;
  if (own.quic == nullptr) begin(datagram, now);
  if (own.quic == nullptr || failure_ != 0) return;
  const ngtcp2_path path = own.path();
  const ngtcp2_pkt_info info{};
  failure_ =
      ngtcp2_conn_read_pkt(own.quic, &path, &info, bytes_of({datagram.data(), datagram.size()}),
                           datagram.size(), to_tstamp(now));
}

std::vector<std::string> QuicServerPeer::take(Instant now) {
  Private& own = *private_;
  std::vector<std::string> out = std::exchange(own.ready, {});
  if (own.quic == nullptr || failure_ == NGTCP2_ERR_DRAINING) return out;
  const auto put = [&](auto write) {
    std::string packet(1452, '\0');
    instead_of_payload = &own.instead;
    const ngtcp2_ssize size =
        write(reinterpret_cast<std::uint8_t*>(packet.data()), packet.size());  // NOLINT
    instead_of_payload = nullptr;
    if (size <= 0) return false;
    packet.resize(static_cast<std::size_t>(size));
    if (own.options.cut != Options::Cut::kNone) out.push_back(packet.substr(0, packet.size() / 2));
    if (own.options.cut != Options::Cut::kAll) out.push_back(std::move(packet));
    return true;
  };
  if (failure_ != 0 && !own.closes) {
    ngtcp2_ccerr_set_liberr(&own.close, failure_, nullptr, 0);
    if (failure_ == NGTCP2_ERR_CRYPTO) {
      ngtcp2_ccerr_set_tls_alert(&own.close, ngtcp2_conn_get_tls_alert(own.quic), nullptr, 0);
    }
    own.closes = true;
  }
  if (std::exchange(own.closes, false)) {
    put([&](std::uint8_t* into, std::size_t size) {
      return ngtcp2_conn_write_connection_close(own.quic, nullptr, nullptr, into, size, &own.close,
                                                to_tstamp(now));
    });
    failure_ = NGTCP2_ERR_DRAINING;
    return out;
  }
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

Instant QuicServerPeer::next_timer() const {
  if (private_->quic == nullptr || failure_ != 0) return Instant::max();
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(private_->quic);
  if (expiry == UINT64_MAX) return Instant::max();
  return Instant(std::chrono::nanoseconds(static_cast<std::int64_t>(expiry)));
}

void QuicServerPeer::on_timer(Instant now) {
  if (private_->quic == nullptr || failure_ != 0) return;
  failure_ = ngtcp2_conn_handle_expiry(private_->quic, to_tstamp(now));
}

std::int64_t QuicServerPeer::open_uni() {
  std::int64_t id = -1;
  return ngtcp2_conn_open_uni_stream(private_->quic, &id, nullptr) == 0 ? id : -1;
}

void QuicServerPeer::write(std::int64_t stream, std::string_view bytes, bool is_last) {
  Private::Queue& queue = private_->queues[stream];
  if (!bytes.empty()) queue.pieces.emplace_back(bytes);
  queue.ends = queue.ends || is_last;
}

void QuicServerPeer::say_instead(std::string frames) { private_->instead = std::move(frames); }

void QuicServerPeer::reset(std::int64_t stream, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream_write(private_->quic, 0, stream, code);
}

void QuicServerPeer::stop_sending(std::int64_t stream, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream_read(private_->quic, 0, stream, code);
}

void QuicServerPeer::close_application(std::uint64_t code, std::string_view reason) {
  ngtcp2_ccerr_set_application_error(&private_->close, code, bytes_of(reason), reason.size());
  private_->closes = true;
}

void QuicServerPeer::close_transport(std::uint64_t code) {
  ngtcp2_ccerr_set_transport_error(&private_->close, code, nullptr, 0);
  private_->closes = true;
}

void QuicServerPeer::send(std::string datagram) { private_->ready.push_back(std::move(datagram)); }

bool QuicServerPeer::update_keys(Instant now) {
  return ngtcp2_conn_initiate_key_update(private_->quic, to_tstamp(now)) == 0;
}

std::string QuicServerPeer::make_ticket_key() {
  gnutls_datum_t key{};
  if (gnutls_session_ticket_key_generate(&key) != 0) std::abort();
  std::string made(reinterpret_cast<const char*>(key.data), key.size);  // NOLINT: C's interface
  gnutls_free(key.data);                                                // NOLINT
  return made;
}

bool QuicServerPeer::has_taken_early_data() const {
  return (gnutls_session_get_flags(private_->tls) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
}

std::pair<std::uint64_t, std::uint64_t> QuicServerPeer::client_windows() const {
  const ngtcp2_transport_params* said = ngtcp2_conn_get_remote_transport_params(private_->quic);
  return {said->initial_max_data, said->initial_max_stream_data_bidi_local};
}

bool QuicServerPeer::is_established() const {
  return private_->quic != nullptr && ngtcp2_conn_get_handshake_completed(private_->quic) != 0;
}

std::string QuicServerPeer::stateless_reset() const {
  std::string out(60, '\0');
  std::array<std::uint8_t, 40> random{};
  fill(random.data(), random.size());
  const auto size = ngtcp2_pkt_write_stateless_reset(reinterpret_cast<std::uint8_t*>(out.data()),
                                                     out.size(), private_->token.data(),  // NOLINT
                                                     random.data(), random.size());
  out.resize(static_cast<std::size_t>(std::max<ngtcp2_ssize>(size, 0)));
  return out;
}

std::string QuicServerPeer::version_negotiation(std::span<const char> datagram) {
  ngtcp2_version_cid ids{};
  ngtcp2_pkt_decode_version_cid(&ids, bytes_of({datagram.data(), datagram.size()}), datagram.size(),
                                kIdSize);
  const std::array<std::uint32_t, 2> versions{0x1a2a3a4a, 0xff00001d};
  std::string out(200, '\0');
  const auto size = ngtcp2_pkt_write_version_negotiation(
      reinterpret_cast<std::uint8_t*>(out.data()), out.size(), 7, ids.scid, ids.scidlen,  // NOLINT
      ids.dcid, ids.dcidlen, versions.data(), versions.size());
  out.resize(static_cast<std::size_t>(std::max<ngtcp2_ssize>(size, 0)));
  return out;
}

}  // namespace squall::test
