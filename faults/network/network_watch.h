#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "faults/network/network_plan.h"
#include "faults/network/networks.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// Something of a fault's that somebody else has changed.
struct ForeignChange {
  std::string what;  ///< "the root qdisc of eth0".
  std::string now;   ///< "it is fq 8001:".
};

/// What a network fault has put in place, and must find there for as long as it is in force: its
/// table with as many rules, its qdiscs and classes with their options, and no filter that would
/// lead packets past them.
///
/// Lifecycle:  made from a plan, which outlives it; remember() once all is in place.
/// Threads:    one at a time.
/// Errors:     those of the network that it is asked of.
class InPlace {
 public:
  explicit InPlace(const NetworkPlan& plan) : plan_(plan) {}

  /// Reads what is there as what must stay; fails when it is not what the plan put there.
  Result<void> remember(Network& network);
  /// What is not as it was; none when all is. `has_rules`: a pulse has not taken them away.
  Result<std::optional<ForeignChange>> change(Network& network, bool has_rules) const;

 private:
  ForeignChange changed(const Qdisc& ours, const Qdisc* now) const;
  std::set<int> interfaces() const;
  /// Those of this fault.
  Result<std::vector<TrafficClass>> classes(Network& network) const;
  /// Those below our roots, in all; there should be none.
  Result<std::size_t> count_filters(Network& network) const;

  const NetworkPlan& plan_;    // NOLINT: its owner's.
  std::vector<Qdisc> qdiscs_;  // As the kernel had them.
  std::vector<TrafficClass> classes_;
  std::size_t filters_ = 0;
  std::size_t rules_ = 0;
};

/// Looks again and again, until something is found or it is stopped.
///
/// Lifecycle:  looks from when it is made; stop() or the destructor ends that.
/// Threads:    one owner; `look` is called on a thread of its own.
/// Errors:     a look that fails is repeated.
class NetworkWatch {
 public:
  using Look = std::function<Result<std::optional<ForeignChange>>()>;
  struct Found {
    ForeignChange change;
    Instant at;
  };

  NetworkWatch(Duration step, Look look);
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

  void stop();
  /// What came first. After stop().
  const std::optional<Found>& found() const { return found_; }

 private:
  void run();

  const Duration step_;
  const Look look_;
  std::mutex mutex_;  // Guards the next two.
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::optional<Found> found_;  // The thread's, then its owner's.
  std::thread thread_;
};

}  // namespace squall::faults
