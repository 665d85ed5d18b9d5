// What ngtcp2 and nghttp3 call: each a few lines between C and Http3ServerSession.
#include <algorithm>
#include <cstring>
#include <limits>

#include <gnutls/crypto.h>

#include "generators/target/behaviour.h"
#include "generators/target/http3_server_private.h"

namespace squall::generators {
namespace {

constexpr std::size_t kKeptBodies = 1 << 20;  // Of all admin requests of a connection together.
// A request's number is a quarter of its stream's: 10^9 requests, then the connection is renewed.
constexpr std::int64_t kLastStream = std::int64_t{std::numeric_limits<std::int32_t>::max()} * 4;

std::string_view to_view(nghttp3_rcbuf* buffer) {
  const nghttp3_vec bytes = nghttp3_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};  // NOLINT: C's interface
}

Http3ServerSession& of(void* user) { return *static_cast<Http3ServerSession*>(user); }

}  // namespace

ngtcp2_conn* Http3ServerSession::Callbacks::connection(ngtcp2_crypto_conn_ref* reference) {
  return of(reference->user_data).private_->quic.get();
}

nghttp3_ssize Http3ServerSession::Callbacks::read_body(nghttp3_conn* /*http*/, std::int64_t /*id*/,
                                                       nghttp3_vec* into, std::size_t count,
                                                       std::uint32_t* flags, void* /*session*/,
                                                       void* stream) {
  auto& answer = *static_cast<Stream*>(stream);
  std::size_t used = 0;
  while (used < count && answer.sent < answer.length) {
    const std::span<const char> piece =
        answer.text.empty() ? body_piece(answer.sent)
                            : std::span<const char>(answer.text).subspan(answer.sent);
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(piece.size(), answer.length - answer.sent));
    // nghttp3 does not write to it.
    into[used].base =                                                      // NOLINT: C's interface
        reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));  // NOLINT
    into[used].len = size;                                                 // NOLINT
    answer.sent += size;
    ++used;
  }
  if (answer.sent == answer.length) *flags |= NGHTTP3_DATA_FLAG_EOF;
  return static_cast<nghttp3_ssize>(used);
}

ngtcp2_callbacks Http3ServerSession::Callbacks::quic() {
  ngtcp2_callbacks on{};
  on.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  on.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  on.encrypt = ngtcp2_crypto_encrypt_cb;
  on.decrypt = ngtcp2_crypto_decrypt_cb;
  on.hp_mask = ngtcp2_crypto_hp_mask_cb;
  on.update_key = ngtcp2_crypto_update_key_cb;
  on.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  on.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  on.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  on.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  on.rand = [](std::uint8_t* into, std::size_t size, const ngtcp2_rand_ctx*) {
    gnutls_rnd(GNUTLS_RND_NONCE, into, size);
  };
  on.get_new_connection_id = [](ngtcp2_conn*, ngtcp2_cid* id, std::uint8_t* token, std::size_t size,
                                void* user) {
    if (gnutls_rnd(GNUTLS_RND_RANDOM, id->data, size) != 0) return NGTCP2_ERR_CALLBACK_FAILURE;
    id->datalen = size;
    Ids& ids = of(user).ids_;
    const std::string text = to_text(*id);
    const ResetToken made = ids.reset_token(text);
    std::copy(made.begin(), made.end(), token);
    ids.add(text);
    return 0;
  };
  on.remove_connection_id = [](ngtcp2_conn*, const ngtcp2_cid* id, void* user) {
    of(user).ids_.remove(to_text(*id));
    return 0;
  };
  on.recv_tx_key = [](ngtcp2_conn*, ngtcp2_encryption_level level, void* user) {
    // Before the client's early data is read, which comes behind its hello.
    if (level != NGTCP2_ENCRYPTION_LEVEL_1RTT) return 0;
    return of(user).set_up_http() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.handshake_completed = [](ngtcp2_conn*, void* user) {
    of(user).is_established_ = true;
    QuicServerTls::offer_tickets(of(user).private_->tls.get());
    return 0;
  };
  on.recv_stream_data = [](ngtcp2_conn* quic, std::uint32_t flags, std::int64_t id, std::uint64_t,
                           const std::uint8_t* data, std::size_t size, void* user, void*) {
    Http3ServerSession& session = of(user);
    session.bytes_received_ += size;
    const bool is_last = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    const nghttp3_ssize used =
        nghttp3_conn_read_stream(session.private_->http.get(), id, data, size, is_last ? 1 : 0);
    if (used < 0) {
      session.fail_http(static_cast<int>(used));
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    ngtcp2_conn_extend_max_stream_offset(quic, id, static_cast<std::uint64_t>(used));
    ngtcp2_conn_extend_max_offset(quic, static_cast<std::uint64_t>(used));
    session.reset_refused();
    return 0;
  };
  on.acked_stream_data_offset = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t size,
                                   void* user, void*) {
    nghttp3_conn* http = of(user).private_->http.get();
    return nghttp3_conn_add_ack_offset(http, id, size) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.extend_max_stream_data = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, void* user, void*) {
    nghttp3_conn* http = of(user).private_->http.get();
    return nghttp3_conn_unblock_stream(http, id) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.extend_max_remote_streams_bidi = [](ngtcp2_conn*, std::uint64_t most, void* user) {
    nghttp3_conn* http = of(user).private_->http.get();
    if (http != nullptr) nghttp3_conn_set_max_client_streams_bidi(http, most);
    return 0;
  };
  on.stream_close = [](ngtcp2_conn* quic, std::uint32_t flags, std::int64_t id, std::uint64_t code,
                       void* user, void*) {
    Http3ServerSession& session = of(user);
    if ((flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) == 0) code = NGHTTP3_H3_NO_ERROR;
    const int closed = nghttp3_conn_close_stream(session.private_->http.get(), id, code);
    if (closed != 0 && closed != NGHTTP3_ERR_STREAM_NOT_FOUND) {
      session.fail_http(closed);
      return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (ngtcp2_conn_is_local_stream(quic, id) != 0) return 0;
    if (ngtcp2_is_bidi_stream(id) == 0) {
      ngtcp2_conn_extend_max_streams_uni(quic, 1);
    } else {
      ngtcp2_conn_extend_max_streams_bidi(quic, 1);
    }
    return 0;
  };
  on.stream_reset = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, std::uint64_t, void* user,
                       void*) {
    Http3ServerSession& session = of(user);
    if (ngtcp2_is_bidi_stream(id) != 0) {  // A request that was cut off has no answer.
      session.refused_.push_back({id, NGHTTP3_H3_REQUEST_CANCELLED});
      session.reset_refused();
    }
    const int code = nghttp3_conn_shutdown_stream_read(session.private_->http.get(), id);
    return code == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  };
  on.stream_stop_sending = [](ngtcp2_conn*, std::int64_t id, std::uint64_t, void* user, void*) {
    // ngtcp2 resets what we send (RFC 9000 §3.5).
    of(user).give_up(id);
    return 0;
  };
  return on;
}

nghttp3_callbacks Http3ServerSession::Callbacks::http() {
  nghttp3_callbacks on{};
  on.stream_close = [](nghttp3_conn*, std::int64_t id, std::uint64_t, void* user, void*) {
    of(user).close_stream(id);
    return 0;
  };
  on.begin_headers = [](nghttp3_conn* http, std::int64_t id, void* user, void*) {
    if (id > kLastStream) return NGHTTP3_ERR_CALLBACK_FAILURE;
    return nghttp3_conn_set_stream_user_data(http, id, &of(user).open_stream(id));
  };
  on.recv_header = [](nghttp3_conn*, std::int64_t id, std::int32_t token, nghttp3_rcbuf* name,
                      nghttp3_rcbuf* value, std::uint8_t, void* user, void* stream) {
    auto& request = *static_cast<Stream*>(stream);
    const std::string_view text = to_view(value);
    // RFC 9114 §4.2.2: a field counts 32 bytes more than its name and value. Trailers count, too.
    request.header_bytes += to_view(name).size() + text.size() + 32;
    Http3ServerSession& session = of(user);
    if (request.header_bytes > kMostHeaderBytes) {
      if (!request.is_refused) session.refused_.push_back({id, NGHTTP3_H3_EXCESSIVE_LOAD});
      request.is_refused = true;
      return 0;
    }
    if (token == NGHTTP3_QPACK_TOKEN__PATH) {
      request.path.assign(text.substr(0, kKeptPath));
      request.keeps_body = session.keeps_admin_bodies_ && text.starts_with(kAdminPrefix);
    } else if (token == NGHTTP3_QPACK_TOKEN__METHOD) {
      request.method.assign(text.substr(0, 32));
      request.is_head = text == "HEAD";
    }
    return 0;
  };
  on.recv_trailer = [](nghttp3_conn*, std::int64_t id, std::int32_t, nghttp3_rcbuf* name,
                       nghttp3_rcbuf* value, std::uint8_t, void* user, void* stream) {
    auto& request = *static_cast<Stream*>(stream);
    request.header_bytes += to_view(name).size() + to_view(value).size() + 32;
    if (request.header_bytes > kMostHeaderBytes && !request.is_refused) {
      request.is_refused = true;
      of(user).refused_.push_back({id, NGHTTP3_H3_EXCESSIVE_LOAD});
    }
    return 0;
  };
  on.recv_data = [](nghttp3_conn*, std::int64_t id, const std::uint8_t* data, std::size_t size,
                    void* user, void* stream) {
    Http3ServerSession& session = of(user);
    session.body_bytes_received_ += size;
    ngtcp2_conn_extend_max_stream_offset(session.private_->quic.get(), id, size);
    ngtcp2_conn_extend_max_offset(session.private_->quic.get(), size);
    auto& request = *static_cast<Stream*>(stream);
    if (!request.keeps_body || !request.is_body_complete) return 0;
    if (request.kept_body.size() + size > kKeptBody ||
        session.kept_body_bytes_ + size > kKeptBodies) {
      request.is_body_complete = false;
      return 0;
    }
    request.kept_body.append(reinterpret_cast<const char*>(data), size);  // NOLINT
    session.kept_body_bytes_ += size;
    return 0;
  };
  on.deferred_consume = [](nghttp3_conn*, std::int64_t id, std::size_t size, void* user, void*) {
    ngtcp2_conn* quic = of(user).private_->quic.get();
    ngtcp2_conn_extend_max_stream_offset(quic, id, size);
    ngtcp2_conn_extend_max_offset(quic, size);
    return 0;
  };
  on.end_stream = [](nghttp3_conn*, std::int64_t, void* user, void* stream) {
    of(user).complete(*static_cast<Stream*>(stream));
    return 0;
  };
  // nghttp3 gives up a request that is malformed (RFC 9114 §4.1.2), and the connection goes on.
  on.stop_sending = [](nghttp3_conn*, std::int64_t id, std::uint64_t code, void* user, void*) {
    Http3ServerSession& session = of(user);
    session.give_up(id);
    const int done = ngtcp2_conn_shutdown_stream_read(session.private_->quic.get(), 0, id, code);
    return done == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
  };
  on.reset_stream = [](nghttp3_conn*, std::int64_t id, std::uint64_t code, void* user, void*) {
    Http3ServerSession& session = of(user);
    session.give_up(id);
    const int done = ngtcp2_conn_shutdown_stream_write(session.private_->quic.get(), 0, id, code);
    return done == 0 ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
  };
  return on;
}

}  // namespace squall::generators
