#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "generators/target/target_options.h"
#include "harness/base/result.h"

namespace squall::generators {

class TargetLoop;

/// The embedded target: a real HTTP/1.1, HTTP/2 and HTTP/3 server whose behaviour is known exactly.
///
/// It is what capacity searches and tests measure themselves against: one thread, so that its queue
/// is one queue; service times, errors, limits and stalls as set for each path (see `Behaviour`),
/// and changed while it runs through `/.squall/` (see README.md), which answers loopback peers
/// only.
///
/// Lifecycle:  listens once made; serves while run() runs, once. run() has returned before it dies.
/// Threads:    run() on one thread; stop() on any, and in signal handlers; the rest before run().
/// Errors:     only make() can fail.
class TargetServer {
 public:
  static Result<std::unique_ptr<TargetServer>> make(const TargetOptions& options);
  TargetServer(const TargetServer&) = delete;
  TargetServer& operator=(const TargetServer&) = delete;
  ~TargetServer();

  /// The port of the first listen address, as the kernel chose it where 0 was asked for.
  std::uint16_t port() const;
  /// All addresses, with the ports that they really have.
  const std::vector<ListenAddress>& bound() const;
  /// The certificate in use, PEM; empty without TLS.
  const std::string& certificate() const;
  /// What to print once it listens.
  std::vector<std::string> listening_lines() const;

  /// Serves until stop(): then GOAWAY, a second for what is under way, and the end.
  void run();
  /// Ends run(). Before run() as well: then run() returns at once.
  void stop() noexcept;

 private:
  explicit TargetServer(std::unique_ptr<TargetLoop> loop);
  std::unique_ptr<TargetLoop> loop_;
};

}  // namespace squall::generators
