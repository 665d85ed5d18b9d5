#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/ip/udp.hpp>

#include "generators/session/datagram_session.h"
#include "generators/target/http3_server_session.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::generators {

/// A UDP socket on which a server hears all its clients.
///
/// Where it is bound to no address in particular, each datagram says to which it came, and what is
/// sent leaves from the address that it names. As with `UdpSocket`, the kernel cuts and joins
/// datagrams where it can (UDP_SEGMENT, UDP_GRO), and none are fragmented.
///
/// Lifecycle:  bound when made.
/// Threads:    one owner at a time.
/// Errors:     of a datagram: it is lost. Only make() fails.
class UdpListener {
 public:
  using Endpoint = boost::asio::ip::udp::endpoint;

  /// Datagrams that came together: all of size `segment`, but the last may be smaller.
  struct Received {
    std::size_t bytes = 0;
    std::size_t segment = 0;
    Ecn ecn = Ecn::kNone;
    QuicPath path;
  };

  static Result<UdpListener> bind(const Endpoint& at);

  int descriptor() const { return socket_.get(); }
  const Endpoint& local() const { return local_; }

  /// None when nothing is there to be read.
  std::optional<Received> receive(std::span<char> into);
  /// Sends a burst. Answers how many of its bytes went, all unless the socket takes no more.
  std::size_t send(std::span<const char> bytes, const DatagramBurst& burst, const QuicPath& path);
  /// Datagrams that the kernel dropped because the buffer was full, as far as it has said.
  std::uint32_t dropped() const { return dropped_; }

 private:
  explicit UdpListener(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
  Endpoint local_;
  std::uint32_t dropped_ = 0;
  bool is_wildcard_ = false;
  bool cuts_ = true;
};

}  // namespace squall::generators
