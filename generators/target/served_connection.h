#pragma once

#include <cstdint>

#include "generators/target/server_session.h"
#include "harness/base/units.h"

namespace squall::generators {

/// A connection of the target's, over TCP or QUIC, as its loop sees it.
///
/// Lifecycle:  of no more use after close() or drop().
/// Threads:    the loop's.
/// Errors:     any trouble closes it.
class ServedConnection {
 public:
  ServedConnection() = default;
  ServedConnection(const ServedConnection&) = delete;
  ServedConnection& operator=(const ServedConnection&) = delete;
  virtual ~ServedConnection() = default;

  /// Null until the client has said what it speaks.
  virtual ServerSession* session() = 0;
  virtual std::uint64_t number() const = 0;
  virtual bool is_loopback() const = 0;

  /// Sends what the session has to say; closes when it was the last.
  virtual void flush() = 0;
  virtual void go_away() = 0;
  /// Closes if the client has had long enough to say what it wants.
  virtual void sweep(Instant now) = 0;
  virtual void close() = 0;
  /// Ends it as a crash does: with a reset.
  virtual void drop() = 0;
};

}  // namespace squall::generators
