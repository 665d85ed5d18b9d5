#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "faults/link/link_state.h"
#include "faults/link/socket_address.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::faults {

/// A TCP connection of the load, and the one to the target that belongs to it.
///
/// Bytes, half-closes and resets of one side reach the other, as the link has it. It stops reading
/// from a side when more than the link's window is under way to the other.
///
/// A connection that begins while a link delays pays for the round trip of its handshake: the
/// load's own kernel has long said that it is connected, so the first bytes wait instead.
///
/// Lifecycle:  start → over, by itself, by reset() or by drop(). Handlers hold it alive.
/// Threads:    the loop's.
/// Errors:     none: a target that does not answer is a reset for the load.
class RelayedConnection : public std::enable_shared_from_this<RelayedConnection> {
 public:
  using Over = std::function<void(RelayedConnection&)>;

  /// `over` is called once, when it has ended. `link` outlives it.
  RelayedConnection(LinkState& link, UniqueFd client, std::vector<SocketAddress> upstream,
                    Over over);

  void start();
  /// Ends both sides with RST.
  void reset();
  /// Ends both sides without a word to anybody.
  void drop();
  /// Goes on with what a black hole held, and by what is in force now.
  void heed_change();
  bool is_half_open() const { return is_half_open_; }

 private:
  /// What came in and is to go out at its time; `data` is empty for the end of the stream.
  struct Piece {
    Instant at{};
    Instant came{};
    Duration stalled{};
    std::string data;
    std::size_t sent = 0;
  };
  /// One way through it.
  struct Way {
    Direction& line;
    asio::posix::stream_descriptor& from;
    asio::posix::stream_descriptor& to;
    Flow flow{};
    std::deque<Piece> pieces{};
    std::size_t queued = 0;  // Bytes in `pieces`.
    bool waits_to_read = false;
    bool waits_to_write = false;
    bool waits_for_time = false;  // Of the first piece,
    bool waits_for_line = false;  // or until the link's rate lets more in.
    bool is_held = false;         // In a black hole, and counted.
    bool has_ended = false;       // Its source has; the end may still be in `pieces`.
    bool is_over = false;         // The end has been passed on.
  };
  enum class Step { kGoOn, kStop };

  void connect_next();
  void on_connected();
  void begin_to_relay();
  void plan_reset();
  void read(Way& way);
  Step read_once(Way& way, Instant now);
  void take(Way& way, Instant now, std::size_t size);
  void take_end(Way& way, Instant now);
  void write(Way& way);
  Step write_once(Way& way, Instant now);
  void pass_end_on(Way& way);
  bool hold(Way& way);
  void wait_to_read(Way& way);
  void wait_to_write(Way& way);
  void wait_until(Way& way, bool Way::*flag, Instant when);

  LinkState& link_;
  Over over_;
  std::vector<SocketAddress> upstream_;
  std::size_t tried_ = 0;
  asio::posix::stream_descriptor client_;
  asio::posix::stream_descriptor server_;
  Way up_;
  Way down_;
  Instant began_{};
  std::size_t passed_ = 0;  // Bytes, both ways, since the fault in force began.
  std::uint64_t passed_in_epoch_ = 0;
  bool is_relaying_ = false;
  bool is_half_open_ = false;
  bool is_done_ = false;
};

}  // namespace squall::faults
