// How the connection begins, moves datagrams and ends.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gnutls/crypto.h>

#include "generators/http3/http3_private.h"
#include "generators/http3/quic_errors.h"

namespace squall::generators {
namespace {

constexpr std::uint64_t kUniWindow = 256 * 1024;
constexpr std::uint64_t kUniStreams = 100;  // HTTP/3 has three; others come and go (RFC 9114 §6.2).
constexpr std::size_t kDestinationId = 18;
constexpr std::uint64_t kMostHeader = 256 * 1024;
constexpr Duration kKeepAlive = std::chrono::seconds(10);
constexpr std::size_t kMostReason = 80;

ngtcp2_duration to_duration(Duration length) {
  return static_cast<ngtcp2_duration>(length.count());
}

/// The sizes that discovery tries, in this order: Ethernet's behind the usual tunnels and without,
/// jumbo frames, and the limit itself. Left to itself ngtcp2 goes no further than Ethernet.
std::vector<std::uint16_t> sizes_to_try(std::uint64_t limit) {
  constexpr std::array<std::uint16_t, 6> kUsual{1232, 1342, 1406, 1444, 4000, 8952};
  std::vector<std::uint16_t> sizes;
  for (const std::uint16_t size : kUsual) {
    if (size < limit) sizes.push_back(size);
  }
  if (limit > NGTCP2_MAX_UDP_PAYLOAD_SIZE) sizes.push_back(static_cast<std::uint16_t>(limit));
  return sizes;
}

/// `sizes` lives as long as the connection.
void apply(const QuicSpec& spec, ngtcp2_settings& settings, std::vector<std::uint16_t>& sizes) {
  switch (spec.congestion) {
    case QuicSpec::Congestion::kCubic:
      settings.cc_algo = NGTCP2_CC_ALGO_CUBIC;
      break;
    case QuicSpec::Congestion::kBbr:
      settings.cc_algo = NGTCP2_CC_ALGO_BBR;
      break;
    case QuicSpec::Congestion::kReno:
      settings.cc_algo = NGTCP2_CC_ALGO_RENO;
      break;
  }
  if (spec.max_udp_payload) settings.max_tx_udp_payload_size = spec.max_udp_payload->count;
  if (spec.discovers_mtu && spec.max_udp_payload) {
    sizes = sizes_to_try(spec.max_udp_payload->count);
    settings.pmtud_probes = sizes.data();
    settings.pmtud_probeslen = sizes.size();
  }
  if (spec.discovers_mtu) return;
  settings.no_pmtud = 1;
  settings.no_tx_udp_payload_size_shaping = 1;
  if (!spec.max_udp_payload) settings.max_tx_udp_payload_size = NGTCP2_MAX_UDP_PAYLOAD_SIZE;
}

std::string in_hex(const ngtcp2_cid& id) {
  std::string hex;
  for (std::size_t i = 0; i < id.datalen; ++i) {
    hex += fmt::format("{:02x}", id.data[i]);  // NOLINT: C's interface
  }
  return hex;
}

/// While it lives, packets are this session's.
class Watching {
 public:
  Watching(AckWatch*& place, AckWatch& acks) : place_(place) { place_ = &acks; }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  ~Watching() { place_ = nullptr; }

 private:
  AckWatch*& place_;  // NOLINT: it lives on the stack
};

/// What of a peer's words can be shown.
std::string readable(const std::uint8_t* text, std::size_t size) {
  std::string shown;
  for (std::size_t i = 0; i < std::min(size, kMostReason); ++i) {
    const auto letter = static_cast<char>(text[i]);  // NOLINT: C's interface
    shown += letter >= ' ' && letter <= '~' ? letter : '?';
  }
  return shown.empty() ? shown : ": " + shown;
}

std::string name_of(SessionEnd::Kind kind, std::uint64_t code) {
  switch (kind) {
    case SessionEnd::Kind::kTransport:
    case SessionEnd::Kind::kTls:
      return quic_error_name(code);
    case SessionEnd::Kind::kProtocol:
      return http3_error_name(code);
    case SessionEnd::Kind::kIdle:
      return "idle time-out";
    case SessionEnd::Kind::kHandshake:
      return kHandshakeTimedOut;
    case SessionEnd::Kind::kReset:
      return "stateless reset";
    case SessionEnd::Kind::kVersion:
      return "no common version";
    case SessionEnd::Kind::kNone:
    case SessionEnd::Kind::kGoodbye:
      break;
  }
  return {};
}

/// Appends a datagram to the burst before it, where it may follow it there.
void add(std::vector<DatagramBurst>& bursts, std::size_t begin, std::size_t size, Ecn ecn) {
  if (!bursts.empty()) {
    DatagramBurst& last = bursts.back();
    if (last.ecn == ecn && size <= last.segment && last.size % last.segment == 0) {
      last.size += size;
      return;
    }
  }
  bursts.push_back({begin, size, size, ecn});
}

}  // namespace

void Http3Session::Private::fill(std::uint8_t* into, std::size_t size) {
  if (!random) {
    gnutls_rnd(GNUTLS_RND_NONCE, into, size);
    return;
  }
  for (std::size_t i = 0; i < size; ++i) {
    into[i] = static_cast<std::uint8_t>(random->below(256));  // NOLINT: C's interface
  }
}

ngtcp2_path Http3Session::Private::path() {
  ngtcp2_path path{};
  path.local = {options.local.data(), static_cast<ngtcp2_socklen>(options.local.size())};
  path.remote = {options.remote.data(), static_cast<ngtcp2_socklen>(options.remote.size())};
  return path;
}

void Http3Session::Private::make_id(ngtcp2_cid& id) {
  ConnectionIds::Id made{};
  do {
    fill(made.data(), made.size());
  } while (!options.ids->add(made));
  id.datalen = made.size();
  std::copy(made.begin(), made.end(), std::begin(id.data));
}

std::unique_ptr<Http3Session> Http3Session::make(QuicOptions options, Instant now) {
  std::unique_ptr<Http3Session> made(new Http3Session());
  if (!made->set_up(std::move(options), now)) return nullptr;
  return made;
}

bool Http3Session::set_up(QuicOptions options, Instant now) {
  Private& own = *private_;
  own.options = std::move(options);
  if (own.options.seed) own.random.emplace(*own.options.seed);
  own.tls = own.options.tls->connect(own.options.host);
  if (!own.tls) return false;
  own.reference = {Callbacks::connection, this};
  gnutls_session_set_ptr(own.tls.get(), &own.reference);
  QuicTicket ticket;
  if (own.options.tickets) {
    gnutls_handshake_set_hook_function(own.tls.get(), GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                       GNUTLS_HOOK_POST, Callbacks::on_ticket);
    ticket = own.options.tickets->take(own.options.server);
    if (!ticket.session.empty()) {
      gnutls_session_set_data(own.tls.get(), ticket.session.data(), ticket.session.size());
    }
  }

  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_tstamp(now);
  settings.handshake_timeout = to_duration(own.options.handshake_timeout);
  settings.rand_ctx.native_handle = private_.get();
  apply(own.options.quic, settings, own.sizes_to_try);
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_stream_data_bidi_local = own.options.quic.stream_window.count;
  params.initial_max_stream_data_uni = kUniWindow;
  params.initial_max_data = own.options.quic.window.count;
  params.initial_max_streams_uni = kUniStreams;
  params.max_idle_timeout = to_duration(own.options.idle_timeout);
  params.active_connection_id_limit = 7;

  ngtcp2_cid source{};
  if (own.options.ids) own.make_id(source);
  ngtcp2_cid destination{};
  destination.datalen = kDestinationId;
  own.fill(destination.data, destination.datalen);
  if (own.options.qlog) own.qlog = own.options.qlog->open(in_hex(destination));
  if (own.qlog) {
    settings.qlog_write = [](void* session, std::uint32_t, const void* text, std::size_t size) {
      const auto& file = static_cast<Http3Session*>(session)->private_->qlog;
      QlogFolder::write(file, {static_cast<const char*>(text), size});
    };
  }
  const ngtcp2_path path = own.path();
  const ngtcp2_callbacks callbacks = Callbacks::quic();
  ngtcp2_conn* quic = nullptr;
  if (ngtcp2_conn_client_new(&quic, &destination, &source, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                             &settings, &params, nullptr, this) != 0) {
    return false;
  }
  own.quic.reset(quic);
  quic_ = quic;
  ngtcp2_conn_set_tls_native_handle(quic, own.tls.get());
  ngtcp2_conn_set_keep_alive_timeout(quic, to_duration(kKeepAlive));
  ngtcp2_ccerr_default(&own.close);
  own.remembers = own.options.tls->sends_early_data() && !ticket.parameters.empty() &&
                  ngtcp2_conn_decode_and_set_0rtt_transport_params(quic, ticket.parameters.data(),
                                                                   ticket.parameters.size()) == 0;
  return true;
}

/// HTTP/3's own streams: as soon as there are keys for them.
bool Http3Session::set_up_http() {
  if (http_ != nullptr) return true;
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  settings.max_field_section_size = kMostHeader;
  settings.qpack_max_dtable_capacity = 4096;
  settings.qpack_blocked_streams = 100;
  const nghttp3_callbacks callbacks = Callbacks::http();
  nghttp3_conn* http = nullptr;
  if (nghttp3_conn_client_new(&http, &callbacks, &settings, nghttp3_mem_default(), this) != 0) {
    return false;
  }
  private_->http.reset(http);
  http_ = http;
  std::int64_t control = 0;
  std::int64_t encoder = 0;
  std::int64_t decoder = 0;
  if (ngtcp2_conn_open_uni_stream(quic_, &control, nullptr) != 0 ||
      ngtcp2_conn_open_uni_stream(quic_, &encoder, nullptr) != 0 ||
      ngtcp2_conn_open_uni_stream(quic_, &decoder, nullptr) != 0) {
    fail_http_with(NGHTTP3_H3_GENERAL_PROTOCOL_ERROR,
                   "the server allows fewer than the three streams of HTTP/3 (RFC 9114 §6.2)");
    return false;
  }
  return nghttp3_conn_bind_control_stream(http, control) == 0 &&
         nghttp3_conn_bind_qpack_streams(http, encoder, decoder) == 0;
}

bool Http3Session::is_resumed() const {
  return established_ && gnutls_session_is_resumed(private_->tls.get()) != 0;
}

void Http3Session::fail_with(SessionEnd::Kind kind, std::uint64_t code, std::string text) {
  if (end_.kind != SessionEnd::Kind::kNone) return;  // The first reason is the reason.
  end_ = {kind, false, code, std::move(text), name_of(kind, code)};
}

bool Http3Session::fail_http(int code) {
  fail_http_with(nghttp3_err_infer_quic_app_error_code(code), nghttp3_strerror(code));
  return false;
}

/// Fails with an error of HTTP/3's that we have found.
void Http3Session::fail_http_with(std::uint64_t error, const std::string& why) {
  if (end_.kind != SessionEnd::Kind::kNone) return;
  ngtcp2_ccerr_set_application_error(&private_->close, error, nullptr, 0);
  fail_with(SessionEnd::Kind::kProtocol, error, http3_error_text(error) + " from us: " + why);
}

/// Fails with what ngtcp2 says.
bool Http3Session::fail_transport(int code) {
  if (end_.kind != SessionEnd::Kind::kNone) return false;
  switch (code) {
    case NGTCP2_ERR_DRAINING:
      end_by_peer();
      return false;
    case NGTCP2_ERR_IDLE_CLOSE:
      fail_with(SessionEnd::Kind::kIdle, 0, "nothing was heard for the idle time-out");
      has_closed_ = true;
      return false;
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      fail_with(SessionEnd::Kind::kHandshake, 0, "timed out");
      has_closed_ = true;
      return false;
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      fail_with(SessionEnd::Kind::kVersion, 0,
                "the server does not speak QUIC version 1, but " +
                    (private_->versions.empty() ? "none that it names" : private_->versions));
      has_closed_ = true;
      return false;
    case NGTCP2_ERR_CLOSING:
    case NGTCP2_ERR_DROP_CONN:
      has_closed_ = true;
      break;
    default:
      break;
  }
  if (code == NGTCP2_ERR_CRYPTO) {
    const std::uint8_t alert = ngtcp2_conn_get_tls_alert(quic_);
    ngtcp2_ccerr_set_tls_alert(&private_->close, alert, nullptr, 0);
    const std::string why = QuicTls::why_not_verified(private_->tls.get());
    const std::uint64_t error = NGTCP2_CRYPTO_ERROR | alert;
    fail_with(SessionEnd::Kind::kTls, error,
              why.empty() ? quic_error_text(error) + " from us" : why);
    return false;
  }
  ngtcp2_ccerr_set_liberr(&private_->close, code, nullptr, 0);
  const std::uint64_t error = private_->close.error_code;
  fail_with(SessionEnd::Kind::kTransport, error,
            quic_error_text(error) + " from us: " + ngtcp2_strerror(code));
  return false;
}

/// The server has closed the connection, or forgotten it.
void Http3Session::end_by_peer() {
  has_closed_ = true;
  if (private_->was_reset) {
    fail_with(SessionEnd::Kind::kReset, 0, "a stateless reset (RFC 9000 §10.3)");
  } else {
    const ngtcp2_ccerr& said = *ngtcp2_conn_get_ccerr(quic_);
    const std::string reason = readable(said.reason, said.reasonlen);
    if (said.type == NGTCP2_CCERR_TYPE_APPLICATION) {
      fail_with(SessionEnd::Kind::kProtocol, said.error_code,
                http3_error_text(said.error_code) + " from the server" + reason);
    } else {
      fail_with(
          is_tls_alert(said.error_code) ? SessionEnd::Kind::kTls : SessionEnd::Kind::kTransport,
          said.error_code, quic_error_text(said.error_code) + " from the server" + reason);
    }
  }
  end_.by_peer = true;
}

bool Http3Session::receive(std::span<const char> datagram, Ecn ecn, Instant now) {
  if (end_.kind != SessionEnd::Kind::kNone) return false;
  const ngtcp2_path path = private_->path();
  const Watching watching(Callbacks::watch, private_->acks);
  ngtcp2_pkt_info info{};
  info.ecn = static_cast<std::uint8_t>(ecn);
  const int read = ngtcp2_conn_read_pkt(
      quic_, &path, &info, reinterpret_cast<const std::uint8_t*>(datagram.data()),  // NOLINT
      datagram.size(), to_tstamp(now));
  if (read != 0) return fail_transport(read);
  return end_.kind == SessionEnd::Kind::kNone;
}

std::optional<std::size_t> Http3Session::put_packet(std::span<char> into, Ecn& ecn, Instant now) {
  constexpr std::size_t kPieces = 16;
  ngtcp2_pkt_info info{};
  for (;;) {
    std::int64_t id = -1;
    int is_last = 0;
    nghttp3_vec pieces[kPieces];  // NOLINT: nghttp3's interface
    nghttp3_ssize count = 0;
    if (http_ != nullptr && ngtcp2_conn_get_max_data_left(quic_) > 0) {
      count = nghttp3_conn_writev_stream(http_, &id, &is_last, pieces, kPieces);
      if (count < 0) {
        fail_http(static_cast<int>(count));
        return std::nullopt;
      }
    }
    std::size_t offered = 0;
    for (nghttp3_ssize i = 0; i < count; ++i) offered += pieces[i].len;
    std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
    if (is_last != 0) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize written = ngtcp2_conn_writev_stream(
        quic_, nullptr, &info, reinterpret_cast<std::uint8_t*>(into.data()), into.size(),  // NOLINT
        &taken, flags, id, reinterpret_cast<const ngtcp2_vec*>(pieces),                    // NOLINT
        static_cast<std::size_t>(count), to_tstamp(now));
    if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
      nghttp3_conn_block_stream(http_, id);
      continue;
    }
    if (written == NGTCP2_ERR_STREAM_SHUT_WR || written == NGTCP2_ERR_STREAM_NOT_FOUND) {
      nghttp3_conn_shutdown_stream_write(http_, id);
      on_sent(id);  // The server wants no more of it (RFC 9114 §4.1).
      continue;
    }
    if (written < 0 && written != NGTCP2_ERR_WRITE_MORE) {
      fail_transport(static_cast<int>(written));
      return std::nullopt;
    }
    if (taken >= 0 && id >= 0) {
      if (nghttp3_conn_add_write_offset(http_, id, static_cast<std::size_t>(taken)) != 0) {
        fail_http(NGHTTP3_ERR_NOMEM);
        return std::nullopt;
      }
      if (is_last != 0 && static_cast<std::size_t>(taken) == offered) on_sent(id);
    }
    if (written == NGTCP2_ERR_WRITE_MORE) continue;
    ecn = private_->options.quic.marks_ecn ? static_cast<Ecn>(info.ecn) : Ecn::kNone;
    return static_cast<std::size_t>(written);
  }
}

void Http3Session::put_close(Datagrams& out, std::size_t used, Instant now) {
  if (std::exchange(has_closed_, true)) return;
  ngtcp2_pkt_info info{};
  const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
      quic_, nullptr, &info, reinterpret_cast<std::uint8_t*>(out.bytes.data() + used),  // NOLINT
      out.bytes.size() - used, &private_->close, to_tstamp(now));
  if (size > 0) {
    add(out.bursts, used, static_cast<std::size_t>(size), static_cast<Ecn>(info.ecn));
  }
}

bool Http3Session::take_output(Datagrams& out, Instant now) {
  const Watching watching(Callbacks::watch, private_->acks);
  std::size_t used = 0;
  if (end_.kind == SessionEnd::Kind::kNone) {
    if (!to_reset_.empty()) reset_queued();
    if (established_ && !held_.empty()) start_held();
    const std::size_t most = ngtcp2_conn_get_max_tx_udp_payload_size(quic_);
    const bool is_paced = !uploads_.empty() && private_->options.quic.is_paced;
    const std::size_t quantum = ngtcp2_conn_get_send_quantum(quic_);
    while (used < quantum && out.bytes.size() - used >= 2 * most) {  // With room for a last word.
      Ecn ecn = Ecn::kNone;
      const auto size = put_packet(std::span(out.bytes).subspan(used, most), ecn, now);
      if (!size || *size == 0) break;
      add(out.bursts, used, *size, ecn);
      used += *size;
    }
    // Uploads are paced (RFC 9002 §7.7). Requests alone are too small to make a burst, and were
    // held back after a stall by the greatest round trip time that it made.
    if (is_paced) ngtcp2_conn_update_pkt_tx_time(quic_, to_tstamp(now));
    for (Stream* stream : std::exchange(sent_late_, {})) finish(*stream, StreamEnd::kWhole);
  }
  if (end_.kind == SessionEnd::Kind::kNone) return true;
  put_close(out, used, now);
  return false;
}

std::optional<Instant> Http3Session::next_timer() const {
  if (end_.kind != SessionEnd::Kind::kNone) return std::nullopt;
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(quic_);
  if (expiry == UINT64_MAX) return std::nullopt;
  return Instant(std::chrono::nanoseconds(static_cast<std::int64_t>(expiry)));
}

bool Http3Session::on_timer(Instant now) {
  if (end_.kind != SessionEnd::Kind::kNone) return false;
  const int handled = ngtcp2_conn_handle_expiry(quic_, to_tstamp(now));
  return handled == 0 || fail_transport(handled);
}

void Http3Session::say_goodbye() {
  if (end_.kind != SessionEnd::Kind::kNone) return;
  ngtcp2_ccerr_set_application_error(&private_->close, NGHTTP3_H3_NO_ERROR, nullptr, 0);
  fail_with(SessionEnd::Kind::kGoodbye, NGHTTP3_H3_NO_ERROR, "goodbye");
}

bool Http3Session::is_over() const {
  if (end_.kind != SessionEnd::Kind::kNone) return has_closed_;
  return gone_away_ && open_streams_ == 0;
}

std::string Http3Session::complaint() const {
  const bool is_bad =
      end_.kind != SessionEnd::Kind::kNone && end_.kind != SessionEnd::Kind::kGoodbye;
  if (is_bad) return end_.text;
  return stream_trouble_;
}

}  // namespace squall::generators
