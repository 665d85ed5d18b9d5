#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

namespace squall::generators {

/// Counts the packets of ours that were lost, and the server's steps to new keys of ours. ngtcp2
/// finds that out for itself, and does not tell.
///
/// It looks at 1-RTT packets in clear text, as they are sealed and opened. One is lost when one
/// that was sent three later or more has been acknowledged, and it has not (RFC 9002 §6.1.1). An
/// acknowledgement that comes after that does not take it back. A server has followed to new keys
/// when a packet of its own has our new key phase (RFC 9001 §6.1): older keys with that phase are
/// gone by then.
///
/// Lifecycle:  of a connection; keeps a few bytes for each packet that is unacknowledged, of the
///             last 4096.
/// Threads:    its connection's.
/// Errors:     none: a payload that it cannot read is ngtcp2's to refuse.
class AckWatch {
 public:
  /// A packet is sealed whose header, before it is protected, is this (RFC 9000 §17.3.1).
  void on_sealed(std::span<const std::uint8_t> header);
  /// A packet was opened whose header and payload are these.
  void on_opened(std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload);

  /// What is sealed from now on has new keys, because we want it so.
  void on_new_keys();

  static constexpr std::size_t kMost = 4096;  ///< Of whose fate is waited for.

  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }
  /// How often the server followed to new keys.
  std::uint64_t key_updates() const { return key_updates_; }

 private:
  struct Sent {
    std::uint64_t number = 0;
    bool acked = false;
  };
  void acknowledge(std::uint64_t first, std::uint64_t last);
  void settle();

  std::deque<Sent> unsettled_;  // In the order of their numbers.
  std::uint64_t next_ = 0;      // The least number that the next packet can have.
  std::uint64_t largest_ = 0;   // That was acknowledged,
  bool has_acked_ = false;      // if any.
  std::uint64_t sent_ = 0;
  std::uint64_t lost_ = 0;
  bool awaits_keys_ = false;       // The server's.
  std::optional<bool> new_phase_;  // Of ours, as soon as something was sealed with them.
  std::uint64_t key_updates_ = 0;
};

}  // namespace squall::generators
