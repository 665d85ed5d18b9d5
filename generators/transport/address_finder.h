#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "generators/spec/target_spec.h"
#include "generators/transport/resolver.h"
#include "generators/transport/source_addresses.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// Where a dialer's attempts go to and come from: a URL's relay, the addresses that the target
/// gives for a host, an address in the URL itself, or what names stand for; and the source
/// addresses.
///
/// Each attempt begins with the next one of a host's addresses; each socket takes the next source
/// address of its family.
///
/// Lifecycle:  outlives what ask() gave.
/// Threads:    its loop's.
/// Errors:     an Answer without addresses says why; next_source() fails without one of the family.
class AddressFinder {
 public:
  using Addresses = std::vector<asio::ip::tcp::endpoint>;
  struct Options {
    std::map<std::string, std::vector<std::string>> resolve;  ///< Host to addresses, before DNS.
    SourceAddresses source;              ///< Where connections come from; none: the kernel chooses.
    std::uint64_t turn = 0;              ///< Which source address, and which of a name's, is first.
    std::shared_ptr<Resolver> resolver;  ///< Looks names up.
  };

  explicit AddressFinder(Options options);

  /// The addresses at hand, best first (may be none); nullopt when the name must be looked up.
  std::optional<Addresses> known(const Url& url, Instant now);
  /// Looks the URL's host up. `done` is called once, later, from the event loop; it hears of the
  /// addresses, or why there are none.
  using Done = std::function<void(Addresses, const std::string& why)>;
  std::unique_ptr<Resolver::Waiting> ask(const Url& url, Done done);
  /// The address to bind a socket to that goes to IPv6, or to IPv4; nullopt: the kernel chooses.
  Result<std::optional<asio::ip::address>> next_source(bool v6);

 private:
  Addresses in_turn(const Url& url, const std::vector<asio::ip::address>& found);

  Options options_;
  std::map<std::string, std::uint64_t> turns_;  // Whose turn it is: one for each host.
  std::uint64_t sources_;
};

/// Where a connection to `to` goes, as people write it: "127.0.0.1:8443", "[::1]:8443". What stands
/// behind a relay is what was meant: its own port says nothing to anybody.
std::string shown_address(const Url& url, const asio::ip::tcp::endpoint& to);

}  // namespace squall::generators
