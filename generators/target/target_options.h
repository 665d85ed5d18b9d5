#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/target/behaviour.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::generators {

/// Where a target listens. An address, not a name; port 0 lets the kernel choose.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

/// What a target speaks; all at once on the same port, told apart by the first bytes. HTTP/3 is on
/// UDP's port of the same number.
struct TargetProtocols {
  bool h2 = true;   ///< HTTP/2 over TLS (ALPN).
  bool h2c = true;  ///< HTTP/2 in clear text with prior knowledge.
  bool h1 = true;   ///< HTTP/1.1, in clear text, and over TLS.
  bool h3 = false;  ///< HTTP/3, over UDP.
  /// Whether TLS is spoken at all; with `h2c` and `h1`, clear text is.
  bool needs_tls() const { return h2 || h1 || h3; }
  bool needs_tcp() const { return h2 || h2c || h1; }
  bool operator==(const TargetProtocols&) const = default;
};

/// How a target is set up.
struct TargetOptions {
  std::vector<ListenAddress> listen = {ListenAddress{}};
  TargetProtocols protocols;
  std::optional<std::string> certificate_file;   ///< PEM, with `key_file`; none: self-signed, new.
  std::optional<std::string> key_file;           ///< PEM.
  std::optional<std::string> write_certificate;  ///< Where to write the certificate (PEM).
  std::optional<Duration> alt_svc;  ///< Answers over TLS name HTTP/3, good for so long (RFC 7838).
  bool retry = false;               ///< New QUIC clients must show that they are where they say.
  bool early_data = false;          ///< QUIC's tickets allow 0-RTT.
  BehaviourTable behaviours;
  std::uint64_t seed = 1;  ///< Of all random choices.
};

/// Reads `127.0.0.1:8443`, `[::1]:8443`, `:8443` (then 127.0.0.1) or `8443`.
Result<ListenAddress> parse_listen_address(std::string_view text);
/// Reads `h1,h2,h2c,h3`, in any order, one at least.
Result<TargetProtocols> parse_target_protocols(std::string_view text);
/// As parse_listen_address() reads it: an IPv6 address in brackets.
std::string to_text(const ListenAddress& address);

/// The options of `squall target`, as given on the command line.
struct TargetOptionTexts {
  std::vector<std::string> listen;  ///< Empty: 127.0.0.1, a free port.
  std::string protocols = "h1,h2,h2c";
  std::optional<std::string> certificate_file;
  std::optional<std::string> key_file;
  std::optional<std::string> write_certificate;
  std::optional<std::uint32_t> alt_svc;  ///< In seconds, as on the wire.
  bool retry = false;
  bool early_data = false;
  std::vector<std::string> behaviours;  ///< Each as parse_behaviour_text() reads it.
  std::uint64_t seed = 1;
};
Result<TargetOptions> parse_target_options(const TargetOptionTexts& texts);

/// What to tell the user once the target listens at `bound`: the URLs, and where its admin path is.
std::vector<std::string> listening_lines(const std::vector<ListenAddress>& bound,
                                         TargetProtocols protocols);

}  // namespace squall::generators
