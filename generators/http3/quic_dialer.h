#pragma once

#include <memory>

#include "generators/http3/qlog_folder.h"
#include "generators/http3/quic_tls.h"
#include "generators/transport/dial.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// Connects by name or address over QUIC, for HTTP/3.
///
/// Names, addresses and sources are as with TcpDialer. `connect` is the whole handshake of QUIC,
/// TLS's with it; there is no `tls`. Only so many handshakes are under way at a time. One in which
/// requests may go early (0-RTT) is handed over when it has begun: it goes on within the session.
///
/// Lifecycle:  outlives its attempts.
/// Threads:    all on the shard that runs `loop`.
/// Errors:     in Dialled: kTls when TLS failed, be it here or there, else kConnect.
class QuicDialer final : public Dialer {
 public:
  /// Of `options`, `tls`, `sessions` and `protocol` are TCP's. `tickets` and `qlog` may be null.
  QuicDialer(asio::io_context& loop, DialOptions options, std::shared_ptr<const QuicTls> tls,
             std::shared_ptr<QuicTickets> tickets = nullptr, QuicSpec spec = {},
             std::shared_ptr<QlogFolder> qlog = nullptr);
  ~QuicDialer() override;
  QuicDialer(const QuicDialer&) = delete;
  QuicDialer& operator=(const QuicDialer&) = delete;
  std::unique_ptr<Attempt> dial(const Url& url, Done done) override;
  std::unique_ptr<Attempt> dial_and_tell(const Url& url, Begun begun, Done done) override;
  void disturb(const std::shared_ptr<DatagramTrouble>& trouble) override;

 private:
  struct Shared;  // What its attempts share.
  class Course;
  class QuicAttempt;

  std::shared_ptr<Shared> shared_;
};

}  // namespace squall::generators
