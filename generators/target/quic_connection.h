#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generators/target/http3_server_session.h"
#include "generators/target/quic_server.h"
#include "generators/target/served_connection.h"

namespace squall::generators {

/// One connection of a QuicServer.
///
/// Lifecycle:  owned by its server until its closing or draining is over; of no more use to others
///             after QuicServer::Owner::on_closed().
/// Threads:    its server's.
/// Errors:     as ServedConnection.
class QuicConnection final : public ServedConnection,
                             public ServerSession::Handler,
                             public Http3ServerSession::Ids,
                             public std::enable_shared_from_this<QuicConnection> {
 public:
  QuicConnection(QuicServer& server, bool is_loopback)
      : server_(server), is_loopback_(is_loopback) {}

  ServerSession* session() override { return is_closed_ ? nullptr : session_.get(); }
  std::uint64_t number() const override { return number_; }
  bool is_loopback() const override { return is_loopback_; }
  /// With the next flush of its server.
  void flush() override { server_.touch(*this); }
  void go_away() override;
  void sweep(Instant /*now*/) override {}  // QUIC's handshake has a time limit of its own.
  void close() override;
  /// As after a restart: forgotten, and the client is told so by stateless resets.
  void drop() override;

  Http3ServerSession& http() { return *session_; }

  void on_request(ServerSession& session, const ReceivedRequest& request) override {
    server_.owner_.on_request(*this, session, request);
  }
  void on_abandoned(std::uint64_t place) override { server_.owner_.on_abandoned(place); }
  void add(std::string_view id) override;
  void remove(std::string_view id) override;
  Http3ServerSession::ResetToken reset_token(std::string_view id) override {
    return server_.reset_token(id);
  }

 private:
  friend class QuicServer;

  QuicServer& server_;
  const bool is_loopback_;
  std::uint64_t number_ = 0;
  std::unique_ptr<Http3ServerSession> session_;
  std::vector<std::string> ids_;    // All by which it is known.
  Instant timer_ = Instant::max();  // As it is in the server's timers; max: it is not.
  std::uint64_t counted_received_ = 0;
  std::uint64_t counted_sent_ = 0;
  std::uint64_t counted_bodies_ = 0;
  bool is_touched_ = false;
  bool was_established_ = false;
  bool is_closed_ = false;  // The owner knows.
};

}  // namespace squall::generators
