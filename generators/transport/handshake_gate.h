#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>

#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// Lets only so many TLS handshakes begin at a time.
///
/// A handshake under way holds three times the memory of the connection that comes of it, and a
/// thousand that begin in the same moment are finished no sooner than one after the other. One that
/// is under way for long is waiting for a server that is slow or dead, and counts no more: the
/// others must not wait for it as well.
///
/// Lifecycle:  outlives its passes.
/// Threads:    its loop's.
/// Errors:     none.
class HandshakeGate {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr Duration kLong = std::chrono::milliseconds(250);

  /// One handshake's place, from enter() until it is over.
  class Pass {
   public:
    Pass(HandshakeGate& gate, std::function<void()> go);
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass();

    bool is_inside() const { return !go_; }

   private:
    friend class HandshakeGate;
    HandshakeGate& gate_;
    std::function<void()> go_;  // Empty once it was let in.
    Instant since_{};           // When that was.
  };

  explicit HandshakeGate(asio::io_context& loop, std::size_t most = kMost,
                         Duration is_long = kLong);

  /// A pass that is inside already, or whose `go` will be called once when it is: after enter() has
  /// returned it. `go` must not begin or end a handshake itself, nor let go of the pass.
  std::unique_ptr<Pass> enter(std::function<void()> go);

 private:
  void let_in(Pass& pass);
  void leave(Pass& pass);
  /// Those that are under way for long make room, and whoever waits is let in where there is some.
  void look();
  /// Has the gate look again when the oldest is long under way, where anyone waits.
  void arm();

  asio::steady_timer timer_;
  std::size_t most_;
  Duration long_;
  std::deque<Pass*> waiting_;
  std::list<Pass*> inside_;  // The oldest first; without those that are long.
  bool is_armed_ = false;
};

}  // namespace squall::generators
