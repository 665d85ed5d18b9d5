#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// The local addresses that connections are made from, in turn.
///
/// Each gives a set of ports of its own, so that as many connections to one server are possible as
/// the addresses have ports together. Of an IPv4 block the first and the last address are left out
/// (network and broadcast), where it has more than two; of an IPv6 block the first (the routers'
/// anycast address, RFC 4291 §2.6.1).
///
/// Lifecycle:  a value.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for what is no address and no block.
class SourceAddresses {
 public:
  /// None: the kernel chooses.
  SourceAddresses() = default;
  /// Of addresses ("127.0.1.5", "fd00::5") and blocks ("127.0.1.0/24").
  static Result<SourceAddresses> make(const std::vector<std::string>& texts);

  /// True when the kernel is to choose.
  bool empty() const { return blocks_.empty(); }
  /// How many there are of IPv6, or of IPv4. Of a larger IPv6 block only 2^32 are used.
  std::uint64_t count(bool v6) const;
  /// The one whose turn it is; only when count() is not 0.
  asio::ip::address at(bool v6, std::uint64_t turn) const;

 private:
  struct Block {
    asio::ip::address first;
    std::uint64_t count = 1;
  };

  static Result<Block> read(const std::string& text);

  std::vector<Block> blocks_;
};

}  // namespace squall::generators
