#pragma once

#include <cstddef>
#include <cstdint>

#include "faults/spec/link_spec.h"
#include "harness/base/dice.h"
#include "harness/base/units.h"

namespace squall::faults {

/// What becomes of a datagram, or of a piece of a stream.
struct Fate {
  enum class Kind {
    kPass,      ///< It arrives, at `at`.
    kLost,      ///< It vanishes at random.
    kTooLarge,  ///< It vanishes, because it is larger than the link's MTU.
    kOverflow,  ///< It vanishes, because too much waits for the rate.
  };
  Kind kind = Kind::kPass;
  Instant at{};
  bool is_twice = false;      ///< A second one arrives with it.
  bool is_corrupted = false;  ///< The bit `corrupted_bit` is flipped.
  std::uint64_t corrupted_bit = 0;
  bool has_overtaken = false;  ///< It was not delayed, so that it arrives before its time.
  std::uint32_t segments = 0;  ///< Of a stream: how many packets it would have been,
  std::uint32_t lost = 0;      ///< and how many of them would have been sent again.
  Duration stalled{};          ///< So much later it arrives for these, or for those before it.
};

/// What must be remembered of one connection, or of one client's datagrams, in one direction.
struct Flow {
  Instant last{};  ///< Nothing later may arrive before this, where order is kept,
  /// nor before this, had no stream stalled.
  Instant last_unstalled{};
};

/// One direction of a link: says what becomes of what is put into it. Holds no socket and no clock.
///
/// A packet is first put on the line at the link's rate, one after the other, then lost or delayed.
/// Loss of a datagram is its loss. In a stream nothing can be missing: the segment is sent again
/// when the sender's timer has run out, 200 ms after it was lost, then 400 ms, doubling; all behind
/// it in its connection waits. So a stream's loss is a stall, as it is for TCP when there is too
/// little in flight for its quicker ways to notice; a stream that is in full flight would notice
/// sooner than this one does.
///
/// Lifecycle:  a value, made when a fault begins, for all connections of the link together.
/// Threads:    one owner at a time.
/// Errors:     none.
class LinkModel {
 public:
  static constexpr std::size_t kSegment = 1460;  ///< Bytes of a TCP segment on Ethernet.
  static constexpr Duration kFirstTimeout = std::chrono::milliseconds(200);

  /// A link that does nothing.
  LinkModel() : LinkModel(Impairment{}, 0) {}
  LinkModel(const Impairment& impairment, std::uint64_t seed);

  /// True when everything passes at once and nothing has to be asked.
  bool is_transparent() const { return is_transparent_; }
  /// What becomes of a datagram of `size` bytes that comes in now.
  Fate datagram(Instant now, std::size_t size, Flow& flow);
  /// What becomes of `size` bytes of a stream that come in now; never lost, never out of order.
  Fate stream(Instant now, std::size_t size, Flow& flow);
  /// When a stream may be read from again: now, or when what waits for the rate fits its queue.
  Instant ready_at(Instant now) const;
  /// At most so many bytes of a stream at once: at a low rate a few, so that they trickle.
  std::size_t most_at_once() const { return most_at_once_; }
  /// Bytes of one stream that may be on their way, so that the link and not its relay is slow.
  std::size_t window() const { return window_; }

 private:
  Duration draw_delay();
  bool draw_loss();
  /// When the last bit of it has been put on the line.
  Instant put_on_line(Instant now, std::size_t size);

  Impairment impairment_;
  Dice dice_;
  bool is_transparent_ = true;
  bool is_bad_ = false;      // The state of Gilbert and Elliott's chain.
  double line_free_ns_ = 0;  // After `line_since_`: when all that is queued has been sent.
  Instant line_since_{};
  Duration longest_queue_{};  // In time at the rate.
  std::size_t most_at_once_ = 0;
  std::size_t window_ = 0;
};

}  // namespace squall::faults
