#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "generators/session/datagram_session.h"
#include "generators/transport/byte_stream.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/runtime/asio_udp.h"

namespace squall::generators {

/// A connected UDP socket for one QUIC connection.
///
/// The kernel cuts what is sent into datagrams, and joins what has come, as far as it can
/// (UDP_SEGMENT, UDP_GRO). Where it refuses to cut, each datagram is sent by itself from then on.
/// Datagrams are not fragmented: path MTU discovery is QUIC's (RFC 9000 §14).
///
/// Lifecycle:  connected when made.
/// Threads:    one owner at a time.
/// Errors:     in IoStep; an ICMP message that nobody listens there is kFailed, at the next step.
class UdpSocket {
 public:
  /// Datagrams that came together: all of size `segment`, but the last may be smaller.
  struct Received {
    IoStep::Kind kind = IoStep::Kind::kFailed;  ///< kDone, kWantRead or kFailed.
    std::size_t bytes = 0;
    std::size_t segment = 0;
    Ecn ecn = Ecn::kNone;
  };

  static Result<UdpSocket> connect(const asio::ip::udp::endpoint& to,
                                   const std::optional<asio::ip::address>& from = std::nullopt);

  int descriptor() const { return socket_.get(); }
  const asio::ip::udp::endpoint& local() const { return local_; }
  const asio::ip::udp::endpoint& remote() const { return remote_; }

  /// Sends a burst: `bytes` in datagrams of `segment`. kDone says in `bytes` how many went.
  IoStep send(std::span<const char> bytes, std::size_t segment, Ecn ecn);
  Received receive(std::span<char> into);

  /// Counts on from where `before` is, in whose stead this one is used.
  void follow(const UdpSocket& before);
  /// Nothing can be sent or received any more.
  void close() { socket_.reset(); }

  /// Bytes above UDP so far.
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }
  /// Datagrams that came, however many at a time,
  std::uint64_t datagrams() const { return datagrams_; }
  /// and those that the kernel dropped because this socket's buffer was full (SO_RXQ_OVFL), as far
  /// as it has said: it says so with the next one that comes.
  std::uint32_t dropped() const { return dropped_; }
  bool cuts() const { return cuts_; }
  /// Sends each datagram by itself, as where the kernel refuses to cut.
  void do_not_cut() { cuts_ = false; }
  std::string error_text() const;

 private:
  explicit UdpSocket(UniqueFd socket) : socket_(std::move(socket)) {}

  bool mark(Ecn ecn);

  UniqueFd socket_;
  asio::ip::udp::endpoint local_;
  asio::ip::udp::endpoint remote_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t datagrams_ = 0;
  std::uint32_t dropped_ = 0;
  std::uint32_t dropped_before_ = 0;
  int errno_ = 0;
  Ecn marked_ = Ecn::kNone;
  bool cuts_ = true;
};

}  // namespace squall::generators
