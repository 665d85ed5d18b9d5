#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "generators/load/prepared_load.h"
#include "generators/load/process_watch.h"
#include "generators/load/recorder.h"
#include "generators/load/shard_load.h"
#include "generators/transport/dial.h"
#include "harness/base/units.h"
#include "harness/runtime/shard.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// A shard of the engine: a thread, and its part of each load that it takes part in.
///
/// Lifecycle:  add() the loads → start() → (stop()) → is_done(); the destructor closes what is
///             left, and joins.
/// Threads:    all from the engine's thread; what is measured comes over through mailboxes.
/// Errors:     none.
class EngineShard final : private RestPolicy {
 public:
  explicit EngineShard(std::string name);
  EngineShard(const EngineShard&) = delete;
  EngineShard& operator=(const EngineShard&) = delete;
  ~EngineShard() override;

  void add(std::shared_ptr<const PreparedLoad> load, LoadPart part);
  void start(Instant start);
  /// See LoadEngine::pace(); other shards get the same.
  void pace(const std::string& load, Duration at, const std::vector<Stage>& stages);
  /// See LoadEngine::add_users(); these are the shard's part of them.
  void add_users(const std::string& load, Duration at, std::uint64_t count);
  /// See LoadEngine::allow_until().
  void allow_until(Instant moment);
  bool has_lapsed() const { return lapsed_.load(std::memory_order_acquire); }
  void stop(Duration drain);
  /// See LoadEngine::disturb(); these two from any thread, once it is started.
  void disturb(const std::string& load, const Disturbance& what, std::uint64_t seed);
  DisturbanceTally calm(const std::string& load);
  bool is_done() const { return done_.load(std::memory_order_acquire); }

  /// Adds what was measured since the last call to `cells`, and this shard's health to `health`:
  /// the busiest CPU, the longest lateness and time descheduled, the sum of the rest.
  void collect(std::vector<reports::LoadSecond>& cells, reports::Health& health);

 private:
  struct Part {
    std::shared_ptr<const PreparedLoad> load;
    std::unique_ptr<Dialer> dialer;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<ShardLoad> offered;
  };

  Duration rest() override;
  bool on_rested() override;
  void next_second();
  void hand_over();
  void on_part_done();

  Shard shard_;
  std::shared_ptr<Resolver> resolver_;  // What one load has looked up, all of the shard know.
  std::vector<Part> parts_;
  asio::steady_timer seconds_;
  std::size_t parts_done_ = 0;
  bool rests_ = false;  // By the last answer of rest().
  Instant next_second_{};
  Instant measured_at_{};
  Duration cpu_before_{};
  bool started_ = false;
  std::atomic<bool> done_{false};
  std::atomic<bool> lapsed_{false};

  std::optional<RunDelayWatch> run_delay_;  // From start() on.
  std::mutex mutex_;
  // Guarded by mutex_; lateness, CPU and the time descheduled since the last collect().
  reports::Health health_;
};

}  // namespace squall::generators
