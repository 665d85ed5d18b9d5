#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <sys/uio.h>

#include "faults/link/socket_address.h"
#include "harness/base/units.h"

namespace squall::faults {

/// Datagrams that are received at once (recvmmsg), in buffers that are used again and again.
///
/// Lifecycle:  what at() answers holds until the next receive(). Threads: one. Errors: none.
class DatagramBatch {
 public:
  static constexpr std::size_t kMost = 32;
  static constexpr std::size_t kRoom = 64UL * 1024;  ///< A datagram cannot be larger.

  DatagramBatch();
  /// How many there were, at most kMost.
  std::size_t receive(int descriptor);
  std::string_view at(std::size_t index) const;
  /// The same, to flip bits in.
  char* bytes(std::size_t index) { return room_.get() + index * kRoom; }
  const SocketAddress& sender(std::size_t index) const { return senders_[index]; }

 private:
  std::unique_ptr<char[]> room_;
  std::array<SocketAddress, kMost> senders_;
  std::array<iovec, kMost> pieces_{};
  std::array<mmsghdr, kMost> messages_{};
};

/// Datagrams that are sent at once (sendmmsg). It refers to them: what is put in lives until it is
/// flushed.
///
/// Lifecycle:  put … flush. Threads: one. Errors: flush() says how many could not be sent.
class DatagramOutbox {
 public:
  static constexpr std::size_t kMost = 64;

  /// `to` is null on a connected socket. Flushes when it is full, or is for another socket.
  void put(int descriptor, const SocketAddress* to, std::string_view data);
  void flush();
  /// How many could not be sent since it was last asked.
  std::size_t take_failed();

 private:
  int descriptor_ = -1;
  std::size_t count_ = 0;
  std::size_t failed_ = 0;
  std::array<iovec, kMost> pieces_{};
  std::array<mmsghdr, kMost> messages_{};
};

}  // namespace squall::faults
