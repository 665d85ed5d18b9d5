#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::generators {

/// What is spoken to a target.
enum class Protocol {
  kH1,    ///< HTTP/1.1; over TLS where the URL says https.
  kH2,    ///< HTTP/2 over TLS, agreed by ALPN (RFC 9113 §3.2).
  kH2c,   ///< HTTP/2 in clear text with prior knowledge (RFC 9113 §3.3).
  kH3,    ///< HTTP/3 over QUIC (RFC 9114).
  kAuto,  ///< What ALPN, and later Alt-Svc, say.
};

/// Where a relay stands.
struct Relay {
  std::string address;  ///< IPv4 or IPv6, in numbers.
  std::uint16_t port = 0;
  bool operator==(const Relay&) const = default;
};

/// An absolute http or https URL, taken apart.
struct Url {
  std::string scheme;  ///< "http" or "https".
  std::string host;    ///< Name or address; an IPv6 address without its brackets.
  std::uint16_t port = 0;
  std::string path;  ///< With query; "/" at least.
  /// Connections go there instead; Host, SNI and the name that is verified stay the URL's.
  std::optional<Relay> relay{};

  /// As in the `Host` header: host, and the port where it is not the scheme's own.
  std::string authority() const;
  bool operator==(const Url&) const = default;
};

/// Takes an absolute http or https URL apart (RFC 3986 §3); the error's trail says what is wrong
/// with it ("it has no host"). User names and fragments are refused: neither is ever sent.
Result<Url> parse_url(std::string_view text);

/// How connections are shared out over several URLs.
enum class Balance { kRoundRobin, kRandom };

/// How TLS is done with a target. File names are absolute or relative to the scenario file.
struct TlsSpec {
  std::optional<std::string> ca;  ///< PEM file; none: the system's roots.
  bool verify = true;
  std::optional<std::string> server_name;  ///< SNI and the name verified; none: the URL's host.
  std::string min_version = "1.2";         ///< "1.2" or "1.3".
  bool resume_sessions = false;
  bool early_data = false;
  std::optional<std::string> certificate;  ///< PEM file for mutual TLS; with `key`.
  std::optional<std::string> key;
};

/// How QUIC is done with a target.
struct QuicSpec {
  /// What says how much may be in flight (RFC 9002 §7).
  enum class Congestion { kCubic, kBbr, kReno };

  Congestion congestion = Congestion::kCubic;
  Bytes window{15 * 1024 * 1024};        ///< That the server may send unread, on a connection,
  Bytes stream_window{6 * 1024 * 1024};  ///< and on a stream.
  /// The greatest datagram that we send, without the headers of UDP and IP.
  std::optional<Bytes> max_udp_payload;
  /// Larger datagrams are tried from 1200 bytes on. If not, all may be as large as the greatest.
  bool discovers_mtu = true;
  bool is_paced = true;             ///< Uploads are spread over the round trip.
  bool shares_socket = false;       ///< All connections of a load on a shard; else one for each.
  bool marks_ecn = true;            ///< Ours; those that come are read in any case.
  std::optional<std::string> qlog;  ///< Folder for the logs of connections.
};

/// How a lost connection is replaced: jittered exponential back-off.
struct ReconnectSpec {
  Duration after = std::chrono::milliseconds(50);
  Duration up_to = std::chrono::seconds(2);
};

/// When a connection is given up for a fresh one: after so many requests, or at an age.
struct RenewSpec {
  std::optional<std::uint64_t> requests;  ///< At most, on one connection.
  std::optional<Duration> age;  ///< The greatest; each is given up between half of it and that.
};

/// Where load goes.
struct TargetSpec {
  std::string name;
  std::vector<Url> urls;  ///< At least one.
  Balance balance = Balance::kRoundRobin;
  Protocol protocol = Protocol::kAuto;
  std::size_t connections = 1;
  Duration connect_over{};    ///< They are opened evenly over this time; zero: all at once.
  std::size_t streams = 100;  ///< At most, per connection; the server's limit also holds.
  TlsSpec tls;
  QuicSpec quic;
  std::map<std::string, std::vector<std::string>> resolve;  ///< Host to addresses, instead of DNS.
  Duration timeout = std::chrono::seconds(10);              ///< Per request, from its actual start.
  std::optional<Duration> deadline;  ///< From due: what is older is shed, not sent.
  ReconnectSpec reconnect;
  std::optional<RenewSpec> new_connection_every;
  std::vector<std::string> source;  ///< Local addresses or CIDR blocks to send from.
};

}  // namespace squall::generators
