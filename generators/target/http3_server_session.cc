#include "generators/target/http3_server_session.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include <gnutls/crypto.h>

#include "generators/target/http3_server_private.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""s;

constexpr std::uint64_t kStreamWindow = 256 * 1024;
constexpr std::uint64_t kConnectionWindow = 16 * 1024 * 1024;
constexpr std::uint64_t kUniStreams = 16;  // HTTP/3 has three; others come and go (RFC 9114 §6.2).
constexpr Duration kIdle = 30s;
constexpr Duration kTimeToSpeak = 10s;  // As over TCP.
constexpr std::size_t kMostOutput = 60'000;
constexpr std::size_t kMostDatagram = 2048;
// So many go without pacing, as RFC 9002 §7.7 allows: as many as a connection begins with. Small
// answers are never held back, neither by the round trip times that a stall makes.
constexpr std::size_t kBurst = 10;

nghttp3_nv header(std::string_view name, std::string_view value, std::uint8_t flags) {
  // nghttp3 takes pointers to mutable bytes and does not write to them.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),   // NOLINT
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),  // NOLINT
          name.size(), value.size(), flags};
}

const std::uint8_t* bytes_of(std::span<const char> text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());  // NOLINT: C's interface
}
std::uint8_t* bytes_of(std::span<char> text) {
  return reinterpret_cast<std::uint8_t*>(text.data());  // NOLINT: C's interface
}

/// Appends a datagram to the burst before it, where it may follow it there.
void add(ServerDatagrams& out, const DatagramBurst& one, const QuicPath& path) {
  if (!out.bursts.empty()) {
    DatagramBurst& last = out.bursts.back();
    if (last.ecn == one.ecn && one.size <= last.segment && last.size % last.segment == 0 &&
        last.begin + last.size == one.begin && out.paths.back() == path) {
      last.size += one.size;
      return;
    }
  }
  out.bursts.push_back(one);
  out.paths.push_back(path);
}

}  // namespace

QuicPath to_path(const ngtcp2_path& path) {
  QuicPath made;
  std::memcpy(made.local.data(), path.local.addr, path.local.addrlen);
  made.local.resize(path.local.addrlen);
  std::memcpy(made.remote.data(), path.remote.addr, path.remote.addrlen);
  made.remote.resize(path.remote.addrlen);
  return made;
}

Http3ServerSession::Http3ServerSession(Handler& handler, Ids& ids, bool keeps_admin_bodies)
    : handler_(handler),
      ids_(ids),
      keeps_admin_bodies_(keeps_admin_bodies),
      private_(std::make_unique<Private>()) {}

Http3ServerSession::~Http3ServerSession() {
  for (auto& [id, stream] : streams_) give_up(id);
}

std::unique_ptr<Http3ServerSession> Http3ServerSession::accept(
    const QuicServerTls& tls, Handler& handler, Ids& ids, const Hello& hello, const QuicPath& path,
    bool keeps_admin_bodies, Instant now) {
  std::unique_ptr<Http3ServerSession> made(
      new Http3ServerSession(handler, ids, keeps_admin_bodies));
  if (!made->set_up(tls, hello, path, now)) return nullptr;
  return made;
}

bool Http3ServerSession::set_up(const QuicServerTls& tls, const Hello& hello, const QuicPath& path,
                                Instant now) {
  Private& own = *private_;
  own.tls = tls.accept();
  if (!own.tls) return false;
  own.reference = {Callbacks::connection, this};
  gnutls_session_set_ptr(own.tls.get(), &own.reference);
  ngtcp2_ccerr_default(&own.close);

  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_tstamp(now);
  settings.handshake_timeout = static_cast<ngtcp2_duration>(kTimeToSpeak.count());
  if (!hello.token.empty()) {
    settings.token = bytes_of(hello.token);
    settings.tokenlen = hello.token.size();
    settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
  }
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_stream_data_bidi_remote = kStreamWindow;
  params.initial_max_stream_data_uni = kStreamWindow;
  params.initial_max_data = kConnectionWindow;
  params.initial_max_streams_bidi = kMostStreams;
  params.initial_max_streams_uni = kUniStreams;
  params.max_idle_timeout = static_cast<ngtcp2_duration>(kIdle.count());
  params.active_connection_id_limit = 7;
  params.original_dcid = to_cid(hello.original_id);
  params.original_dcid_present = 1;
  if (!hello.token.empty()) {
    params.retry_scid = to_cid(hello.chosen_id);
    params.retry_scid_present = 1;
  }
  ngtcp2_cid source{};
  source.datalen = kIdSize;
  if (gnutls_rnd(GNUTLS_RND_RANDOM, source.data, kIdSize) != 0) return false;
  const ResetToken token = ids_.reset_token(to_text(source));
  std::copy(token.begin(), token.end(), params.stateless_reset_token);
  params.stateless_reset_token_present = 1;

  const ngtcp2_cid client = to_cid(hello.client_id);
  const ngtcp2_path from = to_path(path);
  const ngtcp2_callbacks callbacks = Callbacks::quic();
  ngtcp2_conn* quic = nullptr;
  if (ngtcp2_conn_server_new(&quic, &client, &source, &from, hello.version, &callbacks, &settings,
                             &params, nullptr, this) != 0) {
    return false;
  }
  own.quic.reset(quic);
  ngtcp2_conn_set_tls_native_handle(quic, own.tls.get());
  ids_.add(to_text(source));
  return true;
}

/// HTTP/3's own streams: as soon as there are keys for them.
bool Http3ServerSession::set_up_http() {
  if (private_->http) return true;
  ngtcp2_conn* quic = private_->quic.get();
  nghttp3_settings settings;
  nghttp3_settings_default(&settings);
  settings.max_field_section_size = kMostHeaderBytes;
  settings.qpack_max_dtable_capacity = 4096;
  settings.qpack_blocked_streams = 100;
  const nghttp3_callbacks callbacks = Callbacks::http();
  nghttp3_conn* http = nullptr;
  if (nghttp3_conn_server_new(&http, &callbacks, &settings, nghttp3_mem_default(), this) != 0) {
    return false;
  }
  private_->http.reset(http);
  nghttp3_conn_set_max_client_streams_bidi(http, kMostStreams);
  std::int64_t control = 0;
  std::int64_t encoder = 0;
  std::int64_t decoder = 0;
  if (ngtcp2_conn_open_uni_stream(quic, &control, nullptr) != 0 ||
      ngtcp2_conn_open_uni_stream(quic, &encoder, nullptr) != 0 ||
      ngtcp2_conn_open_uni_stream(quic, &decoder, nullptr) != 0) {
    fail_http(NGHTTP3_ERR_H3_STREAM_CREATION_ERROR);  // RFC 9114 §6.2: it must allow three.
    return false;
  }
  return nghttp3_conn_bind_control_stream(http, control) == 0 &&
         nghttp3_conn_bind_qpack_streams(http, encoder, decoder) == 0;
}

bool Http3ServerSession::is_resumed() const {
  return is_established_ && QuicServerTls::is_resumed(private_->tls.get());
}

bool Http3ServerSession::took_early_data() const {
  return is_established_ && QuicServerTls::took_early_data(private_->tls.get());
}

QuicPath Http3ServerSession::path() const {
  return to_path(*ngtcp2_conn_get_path(private_->quic.get()));
}

std::vector<std::string> Http3ServerSession::ids() const {
  std::vector<ngtcp2_cid> all(ngtcp2_conn_get_scid(private_->quic.get(), nullptr));
  ngtcp2_conn_get_scid(private_->quic.get(), all.data());
  std::vector<std::string> texts;
  texts.reserve(all.size());
  for (const ngtcp2_cid& id : all) texts.push_back(to_text(id));
  return texts;
}

void Http3ServerSession::receive(std::span<const char> datagram, Ecn ecn, const QuicPath& path,
                                 Instant now) {
  Private& own = *private_;
  if (stage_ != Stage::kOpen) {
    ++own.heard_since;
    return;
  }
  const ngtcp2_path from = to_path(path);
  ngtcp2_pkt_info info{};
  info.ecn = static_cast<std::uint8_t>(ecn);
  const int read = ngtcp2_conn_read_pkt(own.quic.get(), &from, &info, bytes_of(datagram),
                                        datagram.size(), to_tstamp(now));
  if (read != 0) fail(read, now);
}

void Http3ServerSession::on_timer(Instant now) {
  if (stage_ != Stage::kOpen) {
    if (now >= private_->ends_at) stage_ = Stage::kGone;
    return;
  }
  const int handled = ngtcp2_conn_handle_expiry(private_->quic.get(), to_tstamp(now));
  if (handled != 0) fail(handled, now);
}

std::optional<Instant> Http3ServerSession::next_timer() const {
  if (stage_ == Stage::kGone) return std::nullopt;
  if (stage_ != Stage::kOpen) return private_->ends_at;
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(private_->quic.get());
  if (expiry == UINT64_MAX) return std::nullopt;
  return Instant(std::chrono::nanoseconds(static_cast<std::int64_t>(expiry)));
}

void Http3ServerSession::close() {
  if (stage_ != Stage::kOpen || is_failing_) return;
  ngtcp2_ccerr_set_application_error(&private_->close, NGHTTP3_H3_NO_ERROR, nullptr, 0);
  is_failing_ = true;
}

void Http3ServerSession::fail(int code, Instant now) {
  ngtcp2_conn* quic = private_->quic.get();
  switch (code) {
    case NGTCP2_ERR_DRAINING:
      end(Stage::kDraining, now);
      return;
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:  // The hello was no hello; a sound client tries again.
    case NGTCP2_ERR_CLOSING:
      end(Stage::kGone, now);
      return;
    default:
      break;
  }
  if (is_failing_) return;  // The first reason is the reason.
  is_failing_ = true;
  if (code == NGTCP2_ERR_CRYPTO) {
    ngtcp2_ccerr_set_tls_alert(&private_->close, ngtcp2_conn_get_tls_alert(quic), nullptr, 0);
  } else {
    ngtcp2_ccerr_set_liberr(&private_->close, code, nullptr, 0);
  }
}

void Http3ServerSession::fail_http(int code) {
  if (std::exchange(is_failing_, true)) return;
  ngtcp2_ccerr_set_application_error(&private_->close, nghttp3_err_infer_quic_app_error_code(code),
                                     nullptr, 0);
}

void Http3ServerSession::end(Stage stage, Instant now) {
  if (stage_ != Stage::kOpen) return;
  stage_ = stage;
  private_->ends_at = now + 3 * std::chrono::nanoseconds(ngtcp2_conn_get_pto(private_->quic.get()));
  for (auto& [id, stream] : streams_) give_up(id);
}

std::optional<std::size_t> Http3ServerSession::put_packet(std::span<char> into,
                                                          DatagramBurst& burst, QuicPath& path,
                                                          Instant now) {
  constexpr std::size_t kPieces = 16;
  ngtcp2_conn* quic = private_->quic.get();
  nghttp3_conn* http = private_->http.get();
  ngtcp2_path_storage along;
  ngtcp2_path_storage_zero(&along);
  ngtcp2_pkt_info info{};
  for (;;) {
    std::int64_t id = -1;
    int is_last = 0;
    nghttp3_vec pieces[kPieces];  // NOLINT: nghttp3's interface
    nghttp3_ssize count = 0;
    if (http != nullptr && ngtcp2_conn_get_max_data_left(quic) > 0) {
      count = nghttp3_conn_writev_stream(http, &id, &is_last, pieces, kPieces);
      if (count < 0) {
        fail_http(static_cast<int>(count));
        return std::nullopt;
      }
    }
    std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
    if (is_last != 0) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize written = ngtcp2_conn_writev_stream(
        quic, &along.path, &info, bytes_of(into), into.size(), &taken, flags, id,
        reinterpret_cast<const ngtcp2_vec*>(pieces),  // NOLINT: both are iovec
        static_cast<std::size_t>(count), to_tstamp(now));
    if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
      nghttp3_conn_block_stream(http, id);
      continue;
    }
    if (written == NGTCP2_ERR_STREAM_SHUT_WR || written == NGTCP2_ERR_STREAM_NOT_FOUND) {
      nghttp3_conn_shutdown_stream_write(http, id);  // The client wants no more of it.
      continue;
    }
    if (written < 0 && written != NGTCP2_ERR_WRITE_MORE) {
      fail(static_cast<int>(written), now);
      return std::nullopt;
    }
    if (taken >= 0 && id >= 0) {
      bytes_sent_ += static_cast<std::uint64_t>(taken);
      if (nghttp3_conn_add_write_offset(http, id, static_cast<std::size_t>(taken)) != 0) {
        fail_http(NGHTTP3_ERR_NOMEM);
        return std::nullopt;
      }
    }
    if (written == NGTCP2_ERR_WRITE_MORE) continue;
    if (written > 0) {
      burst.ecn = static_cast<Ecn>(info.ecn);
      path = to_path(along.path);
    }
    return static_cast<std::size_t>(written);
  }
}

bool Http3ServerSession::take_output(ServerDatagrams& out, Instant now) {
  if (stage_ == Stage::kClosing) {
    put_close(out, now);
    return false;
  }
  if (stage_ != Stage::kOpen) return false;
  ngtcp2_conn* quic = private_->quic.get();
  bool has_more = false;
  if (!is_failing_) {
    const std::size_t most = ngtcp2_conn_get_max_tx_udp_payload_size(quic);
    std::size_t datagrams = 0;
    while (true) {
      const std::size_t begin = out.bytes.size();
      if (begin + most > kMostOutput) {
        has_more = true;
        break;
      }
      out.bytes.resize(begin + most);
      DatagramBurst burst;
      QuicPath path;
      const auto size = put_packet(std::span(out.bytes).subspan(begin, most), burst, path, now);
      out.bytes.resize(begin + size.value_or(0));
      if (!size || *size == 0) break;
      burst.begin = begin;
      burst.size = burst.segment = *size;
      add(out, burst, path);
      ++datagrams;
    }
    if (datagrams >= kBurst) ngtcp2_conn_update_pkt_tx_time(quic, to_tstamp(now));
    const bool is_drained =
        private_->http && nghttp3_conn_is_drained(private_->http.get()) != 0 && streams_.empty();
    if (is_drained && !has_more) close();
  }
  if (!is_failing_) return has_more;
  put_close(out, now);
  return false;
}

void Http3ServerSession::put_close(ServerDatagrams& out, Instant now) {
  Private& own = *private_;
  if (stage_ == Stage::kOpen) {
    own.last_word.resize(kMostDatagram);
    ngtcp2_path_storage along;
    ngtcp2_path_storage_zero(&along);
    ngtcp2_pkt_info info{};
    const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
        own.quic.get(), &along.path, &info, bytes_of(std::span(own.last_word)),
        own.last_word.size(), &own.close, to_tstamp(now));
    own.last_word.resize(static_cast<std::size_t>(std::max<ngtcp2_ssize>(size, 0)));
    end(own.last_word.empty() ? Stage::kGone : Stage::kClosing, now);
  } else if (!std::has_single_bit(own.heard_since)) {
    return;  // RFC 9000 §10.2.1: the rate of repetitions is limited.
  }
  if (own.last_word.empty()) return;
  const DatagramBurst burst{
      .begin = out.bytes.size(), .size = own.last_word.size(), .segment = own.last_word.size()};
  out.bytes.insert(out.bytes.end(), own.last_word.begin(), own.last_word.end());
  add(out, burst, path());
}

bool Http3ServerSession::answer(std::int32_t stream, int status, Bytes body) {
  Stream* const open = unanswered(stream);
  return open != nullptr && submit(*open, status, "text/plain", body.count);
}

bool Http3ServerSession::answer(std::int32_t stream, int status, std::string_view type,
                                std::string body) {
  Stream* const open = unanswered(stream);
  if (open == nullptr) return false;
  open->text = std::move(body);
  return submit(*open, status, type, open->text.size());
}

bool Http3ServerSession::reset(std::int32_t stream) {
  Stream* const open = unanswered(stream);
  if (open == nullptr) return false;
  open->is_answered = true;
  ngtcp2_conn_shutdown_stream_write(private_->quic.get(), 0, open->id, NGHTTP3_H3_INTERNAL_ERROR);
  return true;
}

void Http3ServerSession::wait_at(std::int32_t stream, std::uint64_t place) {
  if (Stream* const open = unanswered(stream)) open->place = place;
}

bool Http3ServerSession::is_waiting(std::int32_t stream) const {
  return unanswered(stream) != nullptr;
}

void Http3ServerSession::go_away() {
  if (stage_ != Stage::kOpen) return;
  if (private_->http) {
    nghttp3_conn_shutdown(private_->http.get());
  } else {
    close();
  }
}

Http3ServerSession::Stream& Http3ServerSession::open_stream(std::int64_t id) {
  auto& stream = streams_[id];
  stream = std::make_unique<Stream>();
  stream->id = id;
  return *stream;
}

/// Nobody waits for its answer any more.
void Http3ServerSession::give_up(std::int64_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || std::exchange(found->second->is_answered, true)) return;
  const std::uint64_t place = std::exchange(found->second->place, 0);
  if (place != 0) handler_.on_abandoned(place);
}

void Http3ServerSession::close_stream(std::int64_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  give_up(id);
  kept_body_bytes_ -= found->second->kept_body.size();
  streams_.erase(found);
}

void Http3ServerSession::reset_refused() {
  if (refused_.empty()) return;
  for (const Refused& one : std::exchange(refused_, {})) {
    give_up(one.stream);
    ngtcp2_conn_shutdown_stream(private_->quic.get(), 0, one.stream, one.code);
  }
}

void Http3ServerSession::complete(Stream& stream) {
  if (stream.is_complete || stream.is_refused || stream.is_answered) return;
  stream.is_complete = true;
  handler_.on_request(*this, {.stream = static_cast<std::int32_t>(stream.id / 4),
                              .method = stream.method,
                              .path = stream.path,
                              .body = stream.kept_body,
                              .is_body_complete = stream.is_body_complete});
}

Http3ServerSession::Stream* Http3ServerSession::unanswered(std::int32_t stream) const {
  if (stage_ != Stage::kOpen || is_failing_) return nullptr;
  const auto found = streams_.find(std::int64_t{stream} * 4);
  return found == streams_.end() || found->second->is_answered ? nullptr : found->second.get();
}

bool Http3ServerSession::submit(Stream& stream, int status, std::string_view type,
                                std::uint64_t length) {
  std::array<char, 4> status_text{};
  std::to_chars(status_text.data(), status_text.data() + status_text.size(), status);
  std::array<char, 24> length_text{};
  const char* const length_end =
      std::to_chars(length_text.data(), length_text.data() + length_text.size(), length).ptr;
  const std::string_view length_digits(length_text.data(),
                                       static_cast<std::size_t>(length_end - length_text.data()));
  // RFC 9110 §8.6: no content-length with 204; with 304 it would be that of the 200.
  constexpr std::uint8_t kStatic = NGHTTP3_NV_FLAG_NO_COPY_NAME | NGHTTP3_NV_FLAG_NO_COPY_VALUE;
  const bool has_body = status != 204 && status != 304;
  const std::array<nghttp3_nv, 4> headers{
      header(":status", {status_text.data(), 3}, NGHTTP3_NV_FLAG_NO_COPY_NAME),
      header("server", "squall-target", kStatic),
      header("content-length", length_digits, NGHTTP3_NV_FLAG_NO_COPY_NAME),
      header("content-type", type, NGHTTP3_NV_FLAG_NO_COPY_NAME)};
  stream.is_answered = true;
  stream.length = length;
  const nghttp3_data_reader reader{Callbacks::read_body};
  const bool sends_body = has_body && length > 0 && !stream.is_head;
  return nghttp3_conn_submit_response(private_->http.get(), stream.id, headers.data(),
                                      has_body ? headers.size() : 2,
                                      sends_body ? &reader : nullptr) == 0;
}

}  // namespace squall::generators
