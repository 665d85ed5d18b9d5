#pragma once

// What Http3Session keeps of ngtcp2, nghttp3 and GnuTLS; included by its sources alone.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <gnutls/gnutls.h>
#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "generators/http3/ack_watch.h"
#include "generators/http3/http3_session.h"
#include "generators/schedule/random.h"

namespace squall::generators {

/// A request's stream, until QUIC has closed it: that may be after its request has ended.
struct Http3Session::Stream {
  std::int64_t id = -1;
  Ticket ticket = 0;
  bool has_ticket = false;  ///< Its request has not ended.
  bool answered = false;
  bool whole = false;     ///< The answer; the request may still be on its way.
  bool has_sent = false;  ///< All of the request.
  bool early = false;     ///< Sent in 0-RTT.
  bool refused = false;   ///< By a 425 to what was sent early: nobody hears of that answer.
  const RenderedRequest* request = nullptr;  ///< Of its ticket.
  std::size_t header_size = 0;
  std::string body;            ///< QUIC may have to send it again after the request has ended,
  std::string_view body_left;  ///< so that it is kept here, unless it lies in a file.
};

struct Http3Session::Private {
  struct FreeQuic {
    void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
  };
  struct FreeHttp {
    void operator()(nghttp3_conn* conn) const { nghttp3_conn_del(conn); }
  };

  /// Random bytes, from the seed where there is one.
  void fill(std::uint8_t* into, std::size_t size);
  /// A connection ID of ours that no other session has.
  void make_id(ngtcp2_cid& id);
  /// Lowers how often a key may seal, where that is asked for.
  void limit_keys();
  /// Where our datagrams go. ngtcp2 reads through its pointers only.
  ngtcp2_path path();

  QuicOptions options;
  std::optional<Random> random;
  ngtcp2_crypto_conn_ref reference{};
  QlogFolder::File qlog;                         // To which ngtcp2 writes to its end; or null.
  QuicTls::Session tls;                          // Destroyed last,
  std::unique_ptr<ngtcp2_conn, FreeQuic> quic;   // then this,
  std::unique_ptr<nghttp3_conn, FreeHttp> http;  // which is destroyed first.
  ngtcp2_ccerr close{};                          // What our CONNECTION_CLOSE says.
  bool was_reset = false;                        // By a stateless reset.
  AckWatch acks;
  bool remembers = false;                   // What the server allows, for early data.
  std::string versions;                     // That the server speaks instead of ours.
  std::vector<std::uint16_t> sizes_to_try;  // By path MTU discovery.
};

/// A moment as ngtcp2 has it.
inline ngtcp2_tstamp to_tstamp(Instant now) {
  return static_cast<ngtcp2_tstamp>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count());
}

/// What ngtcp2 and nghttp3 call, as C has it.
struct Http3Session::Callbacks {
  /// Whose packets are sealed and opened now: ngtcp2 does not say so.
  static thread_local AckWatch* watch;
  static ngtcp2_callbacks quic();
  static nghttp3_callbacks http();
  static ngtcp2_conn* connection(ngtcp2_crypto_conn_ref* reference);
  static int on_ticket(gnutls_session_t tls, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t* message);
  static nghttp3_ssize read_body(nghttp3_conn* http, std::int64_t id, nghttp3_vec* into,
                                 std::size_t count, std::uint32_t* flags, void* session,
                                 void* stream);
};

}  // namespace squall::generators
