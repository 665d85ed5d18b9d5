// What ngtcp2, nghttp3 and GnuTLS call: each a few lines between C and Http3Session.
#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "generators/http3/http3_private.h"
#include "generators/http3/quic_errors.h"

namespace squall::generators {
namespace {

// Of a header or a trailer, counted as RFC 9114 §4.2.2 does; Http3Session says so in its SETTINGS.
constexpr std::size_t kMostHeader = 256 * 1024;

std::string_view to_view(nghttp3_rcbuf* buffer) {
  const nghttp3_vec bytes = nghttp3_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};  // NOLINT: C's interface
}

}  // namespace

thread_local AckWatch* Http3Session::Callbacks::watch = nullptr;

ngtcp2_conn* Http3Session::Callbacks::connection(ngtcp2_crypto_conn_ref* reference) {
  return static_cast<Http3Session*>(reference->user_data)->quic_;
}

int Http3Session::Callbacks::on_ticket(gnutls_session_t tls, unsigned /*type*/, unsigned /*when*/,
                                       unsigned /*incoming*/, const gnutls_datum_t* /*message*/) {
  const auto* reference = static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(tls));
  const auto& session = *static_cast<Http3Session*>(reference->user_data);
  const QuicOptions& options = session.private_->options;
  gnutls_datum_t data{};
  if (!options.tickets || gnutls_session_get_data2(tls, &data) != 0) return 0;
  QuicTicket ticket;
  ticket.session = {data.data, data.data + data.size};  // NOLINT: C's interface
  gnutls_free(data.data);                               // NOLINT: C's interface
  if (options.tls->sends_early_data()) {
    constexpr std::size_t kMostParameters = 256;
    ticket.parameters.resize(kMostParameters);
    const ngtcp2_ssize size = ngtcp2_conn_encode_0rtt_transport_params(
        session.quic_, ticket.parameters.data(), ticket.parameters.size());
    ticket.parameters.resize(static_cast<std::size_t>(std::max<ngtcp2_ssize>(size, 0)));
  }
  options.tickets->add(options.server, std::move(ticket));
  return 0;
}

nghttp3_ssize Http3Session::Callbacks::read_body(nghttp3_conn* /*http*/, std::int64_t /*id*/,
                                                 nghttp3_vec* into, std::size_t /*count*/,
                                                 std::uint32_t* flags, void* /*session*/,
                                                 void* stream) {
  auto& sent = *static_cast<Stream*>(stream);
  *flags |= NGHTTP3_DATA_FLAG_EOF;
  if (sent.body_left.empty()) return 0;
  // nghttp3 does not write to it.
  into->base = reinterpret_cast<std::uint8_t*>(const_cast<char*>(sent.body_left.data()));  // NOLINT
  into->len = sent.body_left.size();
  sent.body_left = {};
  return 1;
}

ngtcp2_callbacks Http3Session::Callbacks::quic() {
  ngtcp2_callbacks on{};
  on.client_initial = ngtcp2_crypto_client_initial_cb;
  on.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  on.encrypt = [](std::uint8_t* into, const ngtcp2_crypto_aead* aead,
                  const ngtcp2_crypto_aead_ctx* context, const std::uint8_t* plain,
                  std::size_t size, const std::uint8_t* nonce, std::size_t nonce_size,
                  const std::uint8_t* header, std::size_t header_size) {
    // Without a payload it is no packet, but the check of a Retry.
    if (watch != nullptr && size > 0) watch->on_sealed({header, header_size});
    return ngtcp2_crypto_encrypt_cb(into, aead, context, plain, size, nonce, nonce_size, header,
                                    header_size);
  };
  on.decrypt = [](std::uint8_t* into, const ngtcp2_crypto_aead* aead,
                  const ngtcp2_crypto_aead_ctx* context, const std::uint8_t* sealed,
                  std::size_t size, const std::uint8_t* nonce, std::size_t nonce_size,
                  const std::uint8_t* header, std::size_t header_size) {
    const int opened = ngtcp2_crypto_decrypt_cb(into, aead, context, sealed, size, nonce,
                                                nonce_size, header, header_size);
    if (opened == 0 && watch != nullptr) {
      watch->on_opened({header, header_size}, {into, size - aead->max_overhead});
    }
    return opened;
  };
  on.hp_mask = ngtcp2_crypto_hp_mask_cb;
  on.recv_retry = ngtcp2_crypto_recv_retry_cb;
  on.update_key = ngtcp2_crypto_update_key_cb;
  on.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  on.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  on.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  on.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  on.rand = [](std::uint8_t* into, std::size_t size, const ngtcp2_rand_ctx* context) {
    static_cast<Private*>(context->native_handle)->fill(into, size);
  };
  on.get_new_connection_id = [](ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size,
                                void* session) {
    Private& own = *static_cast<Http3Session*>(session)->private_;
    if (own.options.ids) {
      own.make_id(*id);
    } else {
      own.fill(id->data, size);
      id->datalen = size;
    }
    own.fill(token, NGTCP2_STATELESS_RESET_TOKENLEN);
    return 0;
  };
  on.remove_connection_id = [](ngtcp2_conn*, const ngtcp2_cid* id, void* session) {
    const auto& ids = static_cast<Http3Session*>(session)->private_->options.ids;
    ConnectionIds::Id gone{};
    if (!ids || id->datalen != gone.size()) return 0;
    std::memcpy(gone.data(), id->data, gone.size());
    ids->remove(gone);
    return 0;
  };
  on.dcid_status = [](ngtcp2_conn*, ngtcp2_connection_id_status_type status, std::uint64_t,
                      const ngtcp2_cid*, const std::uint8_t* token, void* session) {
    const auto& ids = static_cast<Http3Session*>(session)->private_->options.ids;
    if (!ids || token == nullptr) return 0;
    ConnectionIds::ResetToken reset{};
    std::memcpy(reset.data(), token, reset.size());
    if (status == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE) {
      ids->add_reset(reset);
    } else {
      ids->remove_reset(reset);
    }
    return 0;
  };
  on.path_validation = [](ngtcp2_conn*, std::uint32_t, const ngtcp2_path*, const ngtcp2_path*,
                          ngtcp2_path_validation_result result, void* session) {
    static_cast<Http3Session*>(session)->on_path(result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS);
    return 0;
  };
  on.recv_rx_key = [](ngtcp2_conn*, ngtcp2_encryption_level level, void* session) {
    if (level != NGTCP2_ENCRYPTION_LEVEL_1RTT) return 0;
    return static_cast<Http3Session*>(session)->set_up_http() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.recv_tx_key = [](ngtcp2_conn*, ngtcp2_encryption_level level, void* user) {
    auto& session = *static_cast<Http3Session*>(user);
    if (level != NGTCP2_ENCRYPTION_LEVEL_0RTT || !session.private_->remembers) return 0;
    session.early_ = true;
    return session.set_up_http() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.handshake_completed = [](ngtcp2_conn*, void* user) {
    auto& session = *static_cast<Http3Session*>(user);
    session.established_ = true;
    session.private_->limit_keys();
    if (!session.early_) return 0;
    if (QuicTls::has_taken_early_data(session.private_->tls.get())) {
      session.early_data_.accepted = session.early_data_.sent;
      return 0;
    }
    return session.take_early_data_back() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.recv_version_negotiation = [](ngtcp2_conn*, const ngtcp2_pkt_hd*, const std::uint32_t* offered,
                                   std::size_t count, void* session) {
    std::string& versions = static_cast<Http3Session*>(session)->private_->versions;
    constexpr std::size_t kWorthSaying = 8;
    for (std::size_t i = 0; i < count && i < kWorthSaying; ++i) {
      versions += fmt::format("{}{:#x}", versions.empty() ? "" : ", ", offered[i]);  // NOLINT
    }
    return 0;
  };
  on.recv_stateless_reset = [](ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* session) {
    static_cast<Http3Session*>(session)->private_->was_reset = true;
    return 0;
  };
  on.recv_stream_data = [](ngtcp2_conn* quic, std::uint32_t flags, std::int64_t id, std::uint64_t,
                           const std::uint8_t* data, std::size_t size, void* user, void*) {
    auto& session = *static_cast<Http3Session*>(user);
    const bool is_last = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    const nghttp3_ssize used =
        nghttp3_conn_read_stream(session.http_, id, data, size, is_last ? 1 : 0);
    if (used < 0) {
      session.fail_http(static_cast<int>(used));
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    ngtcp2_conn_extend_max_stream_offset(quic, id, static_cast<std::uint64_t>(used));
    ngtcp2_conn_extend_max_offset(quic, static_cast<std::uint64_t>(used));
    return 0;
  };
  on.acked_stream_data_offset = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t size,
                                   void* session, void*) {
    nghttp3_conn* http = static_cast<Http3Session*>(session)->http_;
    return nghttp3_conn_add_ack_offset(http, id, size) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.extend_max_stream_data = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, void* session,
                                 void*) {
    nghttp3_conn* http = static_cast<Http3Session*>(session)->http_;
    return nghttp3_conn_unblock_stream(http, id) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.stream_close = [](ngtcp2_conn* quic, std::uint32_t flags, std::int64_t id, std::uint64_t code,
                       void* user, void* stream) {
    auto& session = *static_cast<Http3Session*>(user);
    if ((flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) == 0) code = NGHTTP3_H3_NO_ERROR;
    const int closed = nghttp3_conn_close_stream(session.http_, id, code);
    if (closed != 0 && closed != NGHTTP3_ERR_STREAM_NOT_FOUND) {
      session.fail_http(closed);
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (ngtcp2_is_bidi_stream(id) == 0) {
      if (ngtcp2_conn_is_local_stream(quic, id) == 0) ngtcp2_conn_extend_max_streams_uni(quic, 1);
    } else if (closed != 0 && stream != nullptr) {
      session.forget(*static_cast<Stream*>(stream));  // nghttp3 never had it.
    }
    return 0;
  };
  on.stream_reset = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t code, void* user,
                       void* stream) {
    auto& session = *static_cast<Http3Session*>(user);
    if (nghttp3_conn_shutdown_stream_read(session.http_, id) != 0) {
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (stream == nullptr) return 0;
    auto& reset = *static_cast<Stream*>(stream);
    if (!reset.has_ticket) return 0;
    if (!reset.whole) {
      session.stream_trouble_ = "the server reset a stream with " + http3_error_text(code);
      session.breaks_.push_back({http3_error_name(code), code, true, true, false});
    }
    session.finish(reset, reset.whole                           ? StreamEnd::kWhole
                          : code == NGHTTP3_H3_REQUEST_REJECTED ? StreamEnd::kRefused
                                                                : StreamEnd::kReset);
    session.reset_later(reset);  // Nobody needs the rest of the request.
    return 0;
  };
  on.stream_stop_sending = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, void* session, void*) {
    nghttp3_conn* http = static_cast<Http3Session*>(session)->http_;
    return nghttp3_conn_shutdown_stream_read(http, id) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  return on;
}

nghttp3_callbacks Http3Session::Callbacks::http() {
  nghttp3_callbacks on{};
  // Later than QUIC's, where an answer waits for what QPACK needs to decode it (RFC 9204 §2.1.2).
  on.stream_close = [](nghttp3_conn*, std::int64_t id, std::uint64_t, void* user, void* stream) {
    if (ngtcp2_is_bidi_stream(id) != 0 && stream != nullptr) {
      static_cast<Http3Session*>(user)->forget(*static_cast<Stream*>(stream));
    }
    return 0;
  };
  on.begin_headers = [](nghttp3_conn*, std::int64_t, void* user, void* stream) {
    auto& answered = *static_cast<Stream*>(stream);
    answered.header_size = 0;
    if (answered.answered || !answered.has_ticket || answered.early) return 0;
    answered.answered = true;  // To what was sent early it may be one that says: again, later.
    static_cast<Http3Session*>(user)->observer_->on_answer(answered.ticket);
    return 0;
  };
  on.recv_header = [](nghttp3_conn*, std::int64_t, std::int32_t, nghttp3_rcbuf* name,
                      nghttp3_rcbuf* value, std::uint8_t, void* user, void* stream) {
    auto& answered = *static_cast<Stream*>(stream);
    const std::string_view key = to_view(name);
    const std::string_view text = to_view(value);
    answered.header_size += key.size() + text.size() + 32;
    auto& session = *static_cast<Http3Session*>(user);
    if (answered.header_size > kMostHeader) {
      session.fail_http_with(NGHTTP3_H3_EXCESSIVE_LOAD, "a header of more than 256 KB");
      return NGHTTP3_ERR_CALLBACK_FAILURE;
    }
    session.on_header(answered, key, text);
    return 0;
  };
  on.begin_trailers = [](nghttp3_conn*, std::int64_t, void*, void* stream) {
    static_cast<Stream*>(stream)->header_size = 0;
    return 0;
  };
  on.recv_trailer = on.recv_header;
  on.recv_data = [](nghttp3_conn*, std::int64_t id, const std::uint8_t* data, std::size_t size,
                    void* user, void* stream) {
    auto& session = *static_cast<Http3Session*>(user);
    const auto& answered = *static_cast<Stream*>(stream);
    ngtcp2_conn_extend_max_stream_offset(session.quic_, id, size);
    ngtcp2_conn_extend_max_offset(session.quic_, size);
    if (answered.has_ticket && !answered.refused) {
      session.observer_->on_body(answered.ticket,
                                 {reinterpret_cast<const char*>(data), size});  // NOLINT
    }
    return 0;
  };
  on.deferred_consume = [](nghttp3_conn*, std::int64_t id, std::size_t size, void* user, void*) {
    ngtcp2_conn* quic = static_cast<Http3Session*>(user)->quic_;
    ngtcp2_conn_extend_max_stream_offset(quic, id, size);
    ngtcp2_conn_extend_max_offset(quic, size);
    return 0;
  };
  on.end_stream = [](nghttp3_conn*, std::int64_t, void* user, void* stream) {
    static_cast<Http3Session*>(user)->on_answer_whole(*static_cast<Stream*>(stream));
    return 0;
  };
  // nghttp3 gives up an answer that is malformed (RFC 9114 §4.1.2), and the connection goes on.
  on.stop_sending = [](nghttp3_conn*, std::int64_t id, std::uint64_t code, void* user,
                       void* stream) {
    auto& session = *static_cast<Http3Session*>(user);
    if (stream != nullptr) session.break_off(*static_cast<Stream*>(stream), code);
    return ngtcp2_conn_shutdown_stream_read(session.quic_, 0, id, code) == 0
               ? 0
               : NGHTTP3_ERR_CALLBACK_FAILURE;
  };
  on.reset_stream = [](nghttp3_conn*, std::int64_t id, std::uint64_t code, void* user,
                       void* stream) {
    auto& session = *static_cast<Http3Session*>(user);
    if (stream != nullptr) session.break_off(*static_cast<Stream*>(stream), code);
    return ngtcp2_conn_shutdown_stream_write(session.quic_, 0, id, code) == 0
               ? 0
               : NGHTTP3_ERR_CALLBACK_FAILURE;
  };
  on.shutdown = [](nghttp3_conn*, std::int64_t id, void* user) {
    static_cast<Http3Session*>(user)->on_goaway(id);
    return 0;
  };
  on.recv_settings = [](nghttp3_conn*, const nghttp3_settings*, void* user) {
    static_cast<Http3Session*>(user)->confirmed_ = true;
    return 0;
  };
  return on;
}

}  // namespace squall::generators
