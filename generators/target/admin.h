#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "generators/target/backend.h"
#include "generators/target/quic_counts.h"
#include "harness/base/units.h"

namespace squall::generators {

/// What the connections of a target have seen so far.
struct ConnectionCounts {
  std::uint64_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t tls = 0;      ///< Handshakes completed.
  std::uint64_t h2 = 0;       ///< HTTP/2 connections, with and without TLS.
  std::uint64_t h1 = 0;       ///< HTTP/1.1 likewise.
  std::uint64_t h3 = 0;       ///< HTTP/3 connections whose handshake is done.
  std::uint64_t refused = 0;  ///< Told that it is not spoken here, or not understood at all.
  std::uint64_t silenced = 0;
  std::uint64_t dropped = 0;         ///< By order of the admin.
  std::uint64_t bytes_received = 0;  ///< HTTP's bytes, without TLS's own.
  std::uint64_t bytes_sent = 0;
  std::uint64_t body_bytes_received = 0;
  std::uint64_t admin_requests = 0;
  QuicCounts quic;
};

/// What an admin request is answered with, and what is to be done about connections then.
struct AdminReply {
  enum class Action { kNone, kGoAway, kDropConnections, kSilence };
  int status = 200;
  std::string type = "application/json";
  std::string body;
  Action action = Action::kNone;
  Duration silence{};  ///< With kSilence: for so long, new connections are accepted and ignored.
};

struct AdminRequest {
  std::string_view method;
  std::string_view path;  ///< With query.
  std::string_view body;
  bool is_body_complete = true;
};

/// Answers one request below /.squall/, and changes the backend as it says. Pure but for that.
AdminReply administer(const AdminRequest& request, Backend& backend,
                      const ConnectionCounts& connections, Instant now);

}  // namespace squall::generators
