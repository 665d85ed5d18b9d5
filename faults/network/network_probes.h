#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "faults/network/network_judge.h"
#include "faults/network/network_plan.h"
#include "faults/network/networks.h"
#include "faults/network/probe.h"
#include "harness/base/units.h"

namespace squall::faults {

/// The probes of one network fault: out of its interface, where its rules meet them as they meet
/// other packets, and through the interface of ours that incoming packets go through. What is only
/// rejected, or only lost on its way in, is not probed: it happens where no probe of ours comes.
///
/// Lifecycle:  look_before → the fault is applied → begin → stop, then the rest.
/// Threads:    one owner; the probes are sent on a thread of its own.
/// Errors:     where none can be sent, words() says why.
class NetworkProbes {
 public:
  /// Both must outlive it. Another plan for the same fault may take the plan's place until begin().
  NetworkProbes(const NetworkFault& fault, const NetworkPlan& plan);
  ~NetworkProbes();
  NetworkProbes(const NetworkProbes&) = delete;
  NetworkProbes& operator=(const NetworkProbes&) = delete;

  /// Sends a few while the fault is not yet there. Some milliseconds.
  void look_before(Network& network);
  /// Sends the probes, for as long as `longest` where that is told.
  void begin(Network& network, std::optional<Duration> longest);
  /// No further one is sent once this has returned, after the gap between two at most.
  void send_no_more();
  /// Waits until those on their way have left.
  void stop();

  /// How many of the packets that the rules met, and that were lost, are probes.
  std::size_t met() const;
  std::size_t lost() const;
  /// How many went through its qdiscs, and were met by no rule.
  std::size_t unmet() const;
  /// "; 80.3 ms more in the median, 1.9 % lost of 200 probes", or why there are none.
  std::string words() const;
  /// What both ways say of the fault.
  ProbeJudgement judgement() const;

 private:
  struct Way {
    std::unique_ptr<ProbePath> path;
    std::optional<ProbeFrame> frame;
    int interface = 0;           ///< Where the path is,
    std::uint32_t class_id = 0;  ///< and through which class.
    std::optional<ProbeFinding> before{};
    std::optional<ProbeFinding> during{};
  };
  void open(Network& network, int interface, Way& way);

  const NetworkFault& fault_;  // NOLINT: its owner's, as is the next.
  const NetworkPlan& plan_;    // NOLINT
  Way out_;
  Way in_;
  std::string why_none_;
  std::atomic<bool> is_stopping_ = false;
  std::mutex sending_;  // Held while some are sent.
  std::thread thread_;
};

}  // namespace squall::faults
