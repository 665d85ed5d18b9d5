#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "generators/target/quic_server.h"
#include "generators/target/udp_listener.h"

namespace squall::generators {

class TargetLoop;

/// One UDP address that a target listens on: carries datagrams between the socket and a QuicServer.
///
/// Lifecycle:  start() in the loop's run(); nothing happens after close(), and the loop may end.
/// Threads:    the loop's.
/// Errors:     none once made.
class QuicListener final : public QuicServer::Owner {
 public:
  QuicListener(TargetLoop& loop, boost::asio::io_context& io, UdpListener socket, QuicServerTls tls,
               bool retry);
  ~QuicListener() override;

  void start();
  void refuse_new() { server_.refuse_new(); }
  /// Sends what answers have become ready, at the end of a batch.
  void flush(Instant now);
  void close();
  /// With what the kernel dropped.
  QuicCounts counts();

  std::uint64_t on_open(const std::shared_ptr<QuicConnection>& connection) override;
  void on_established(QuicConnection& connection) override;
  void on_closed(QuicConnection& connection) override;
  void on_request(QuicConnection& connection, ServerSession& session,
                  const ReceivedRequest& request) override;
  void on_abandoned(std::uint64_t place) override;
  bool send(const ServerDatagrams& datagrams) override;
  bool silences(const QuicPath& path) override;

 private:
  struct Unsent {
    std::vector<char> bytes;
    DatagramBurst burst;
    QuicPath path;
  };

  void wait_readable();
  void wait_writable();
  void on_readable();
  bool send_pending();
  void arm_timer();

  TargetLoop& loop_;
  UdpListener socket_;
  QuicServer server_;
  boost::asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  boost::asio::steady_timer timer_;
  Instant armed_for_ = Instant::max();
  std::deque<Unsent> unsent_;  // What the socket did not take.
  bool waits_writable_ = false;
  bool is_closed_ = false;
};

}  // namespace squall::generators
