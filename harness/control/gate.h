#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/control/refusals.h"

namespace squall::control {

/// Accepts the connections to one address of TCP, while there are descriptors to spare, and hands
/// them on. gRPC's own listener accepts until there is none left, and then never again.
///
/// Lifecycle:  open, and from then on connections wait → let_in, once → destroyed, which joins the
///             thread.
/// Threads:    one caller's thread; `hand` is called on one of its own.
/// Errors:     open() says what the system does; a connection that is not taken is told of.
class Gate {
 public:
  /// Takes over a connection that does not block.
  using Hand = std::function<void(UniqueFd)>;
  /// So many descriptors are left to the rest of the process.
  static constexpr std::size_t kSpare = 64;

  /// "10.0.0.1:7400", "[::1]:7400", port 0 for any; "0.0.0.0" and "[::]" are all addresses of this
  /// machine, of both families.
  static Result<std::unique_ptr<Gate>> open(const std::string& address);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  int port() const { return port_; }
  /// `refusals` must outlive it.
  void let_in(Hand hand, Refusals& refusals);

 private:
  Gate() = default;
  void accept_from(int listener, Refusals& refusals);

  std::vector<UniqueFd> listeners_;
  int port_ = 0;
  Hand hand_;
  UniqueFd ending_;  // Readable when the thread is to end.
  std::thread thread_;
};

}  // namespace squall::control
