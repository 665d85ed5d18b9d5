#pragma once

// What Http3ServerSession keeps of ngtcp2, nghttp3 and GnuTLS; included by its sources alone.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <gnutls/gnutls.h>
#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "generators/target/http3_server_session.h"

namespace squall::generators {

/// One request and its answer.
struct Http3ServerSession::Stream {
  std::int64_t id = 0;
  bool is_head = false;
  bool is_complete = false;
  bool is_answered = false;  ///< Or needs no answer any more.
  bool is_refused = false;   ///< Its header was too large.
  bool keeps_body = false;
  bool is_body_complete = true;
  std::size_t header_bytes = 0;
  std::uint64_t place = 0;
  std::string method;
  std::string path;
  std::string kept_body;
  std::string text;        ///< The answer's body, if it is not the repeating text. Lies still until
                           ///< the stream is closed: QUIC may have to send it again.
  std::uint64_t sent = 0;  ///< Bytes of the answer's body.
  std::uint64_t length = 0;
};

struct Http3ServerSession::Private {
  struct FreeQuic {
    void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
  };
  struct FreeHttp {
    void operator()(nghttp3_conn* conn) const { nghttp3_conn_del(conn); }
  };

  ngtcp2_crypto_conn_ref reference{};
  QuicServerTls::Session tls;                    // Destroyed last,
  std::unique_ptr<ngtcp2_conn, FreeQuic> quic;   // then this,
  std::unique_ptr<nghttp3_conn, FreeHttp> http;  // which is destroyed first.
  ngtcp2_ccerr close{};                          // What our CONNECTION_CLOSE says,
  std::string last_word;                         // and the whole datagram.
  std::uint64_t heard_since = 0;                 // Datagrams that came after it.
  Instant ends_at{};                             // Of closing or draining.
};

/// What ngtcp2 and nghttp3 call, as C has it.
struct Http3ServerSession::Callbacks {
  static ngtcp2_callbacks quic();
  static nghttp3_callbacks http();
  static ngtcp2_conn* connection(ngtcp2_crypto_conn_ref* reference);
  static nghttp3_ssize read_body(nghttp3_conn* http, std::int64_t id, nghttp3_vec* into,
                                 std::size_t count, std::uint32_t* flags, void* session,
                                 void* stream);
};

/// A moment as ngtcp2 has it.
inline ngtcp2_tstamp to_tstamp(Instant now) {
  return static_cast<ngtcp2_tstamp>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count());
}

/// A connection ID as we keep it, and as ngtcp2 does.
inline std::string to_text(const ngtcp2_cid& id) {
  return {reinterpret_cast<const char*>(id.data), id.datalen};  // NOLINT: C's interface
}
inline ngtcp2_cid to_cid(std::string_view id) {
  ngtcp2_cid made{};
  // NOLINTNEXTLINE: C's interface
  ngtcp2_cid_init(&made, reinterpret_cast<const std::uint8_t*>(id.data()), id.size());
  return made;
}

/// As ngtcp2 has it; it reads through the pointers only.
inline ngtcp2_path to_path(const QuicPath& path) {
  const auto address = [](const boost::asio::ip::udp::endpoint& endpoint) {
    auto* any = const_cast<boost::asio::ip::udp::endpoint&>(endpoint).data();  // NOLINT
    return ngtcp2_addr{any, static_cast<ngtcp2_socklen>(endpoint.size())};
  };
  return {address(path.local), address(path.remote), nullptr};
}
QuicPath to_path(const ngtcp2_path& path);

}  // namespace squall::generators
