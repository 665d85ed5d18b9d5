#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/control/refusals.h"
#include "harness/control/strangers.h"

namespace squall::control {

/// Accepts the connections to one address of TCP, while there are descriptors to spare, and hands
/// them on when they have begun to say what they should: see Strangers. gRPC's own listener accepts
/// until there is no descriptor left, and then never again.
///
/// Lifecycle:  open, and from then on connections wait → let_in, once → shut, which joins the
/// thread
///             → destroyed.
/// Threads:    one caller's thread, but admit(): any; `hand` is called on a thread of its own.
/// Errors:     open() says what the system does; a connection that is not taken is told of.
class Gate {
 public:
  /// "10.0.0.1:7400", "[::1]:7400", port 0 for any; "0.0.0.0" and "[::]" are all addresses of this
  /// machine, of both families.
  static Result<std::unique_ptr<Gate>> open(const std::string& address);
  ~Gate() { shut(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  int port() const { return port_; }
  /// `refusals` must outlive it.
  Result<void> let_in(Strangers::Speech speech, Strangers::Hand hand, Refusals& refusals);
  /// Nobody is let in any more.
  void shut();
  /// The other end of the connection from there ("10.0.0.1:4711") is no stranger any more.
  void admit(const std::string& endpoint) { strangers_->admit(endpoint); }
  /// One that was admitted has gone.
  void leave() { strangers_->leave(); }

 private:
  Gate() = default;
  void accept_from(int listener, Refusals& refusals);

  std::vector<UniqueFd> listeners_;
  int port_ = 0;
  std::unique_ptr<Strangers> strangers_;  // Once they are let in.
  UniqueFd ending_;                       // Readable when the thread is to end.
  std::thread thread_;
};

}  // namespace squall::control
