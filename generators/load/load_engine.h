#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "generators/schedule/arrival_walk.h"
#include "generators/spec/disturbance.h"
#include "generators/spec/load_spec.h"
#include "generators/spec/target_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// How an agent takes part in a run's load.
struct EngineOptions {
  std::size_t shards = 1;
  std::size_t agent_index = 0;  ///< From 0; this agent takes the starts k ≡ index mod count,
  std::size_t agent_count = 1;  ///< split further over its shards.
  /// Instead of the two above, by load: a load that is not there is not offered. None: all are.
  std::optional<std::map<std::string, Slice>> slices = {};
  std::uint64_t seed = 1;
  std::filesystem::path directory;                          ///< Relative file names start here.
  std::vector<std::pair<std::string, DataSpec>> data = {};  ///< Tables, by name.
};

/// Offers all loads of one agent: owns the shards, their threads, connections and recorders.
///
/// A request's life: due (closed formula) → backlog → sent on a free stream → ended; see
/// reports/measure/snapshot.h for what is counted. After its last due moment a load drains: what
/// waits may still be sent for one `timeout`, what is in flight ends within its own; then the rest
/// counts as unsent. Connections are opened by start() ahead of the start.
///
/// Lifecycle:  make → start → collect each second → (stop) → is_done → collect → destroy (joins).
/// Threads:    one caller's thread, and one for disturb() and calm(); the shards have their own.
/// Errors:     make() fails for what is wrong before any load (a CA file that is none, too many
///             descriptors); afterwards everything is data.
class LoadEngine {
 public:
  static Result<std::unique_ptr<LoadEngine>> make(std::vector<TargetSpec> targets,
                                                  std::vector<LoadSpec> loads,
                                                  EngineOptions options);
  virtual ~LoadEngine() = default;
  LoadEngine(const LoadEngine&) = delete;
  LoadEngine& operator=(const LoadEngine&) = delete;

  /// Opens connections now and begins the loads at `start` (in the future, or now).
  virtual void start(Instant start) = 0;
  /// Changes what is due of the open load `load`: from `at` after the start on, `stages`. All
  /// agents must be told the same, and before `at`: what was due until then stays so, and its
  /// numbers go on. Who is told late goes on as before until then, and by what is left of `stages`
  /// from then on. Fails for a load that is not there or has no stages, for stages that are none.
  virtual Result<void> pace(const std::string& load, Duration at,
                            const std::vector<Stage>& stages) = 0;
  /// So many more users go round in the closed load `load`, from `at` after the start on. Fails for
  /// a load that is not there or has no users.
  virtual Result<void> add_users(const std::string& load, Duration at, std::uint64_t count) = 0;
  /// From this moment on nothing is sent, as if stop() was called then, without time to drain: what
  /// falls due later is not counted. Told again before, another moment holds. However long the
  /// caller, or all of the process, was kept from running: what it wakes up to it must not offer.
  virtual void allow_until(Instant moment) = 0;
  /// A load was ended by that.
  virtual bool has_lapsed() const = 0;
  /// Disturbs the QUIC connections of a load, in its own sockets, until calm() says what came of
  /// it, those whose handshake is under way too, but for new ports and addresses. Between start()
  /// and the end of the engine, from any one thread. Fails for a load that is not there.
  virtual Result<void> disturb(const std::string& load, const Disturbance& what,
                               std::uint64_t seed) = 0;
  virtual DisturbanceTally calm(const std::string& load) = 0;
  /// What all shards recorded since the last call. `sequence` and `second` are the caller's to set.
  virtual reports::Snapshot collect() = 0;
  /// Begins no further request. In-flight ones get `drain` to end, then count as timeout; what
  /// waits in a backlog counts as unsent. Requests not yet due are not counted at all.
  virtual void stop(Duration drain) = 0;
  /// True when all loads have ended and drained; collect() once more after that gets the rest.
  virtual bool is_done() const = 0;

 protected:
  LoadEngine() = default;
};

}  // namespace squall::generators
