#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/faults/killing_fixture.h"

namespace squall::faults {

/// A kind of fault, in the words of a scenario.
struct FaultKind {
  std::string name;
  std::vector<std::string> ways;  ///< One of them is drawn; SPACE is the namespace.
  bool is_of_service = false;     ///< Of these one at a time: they end a service.
};

/// How many deaths there are: SQUALL_KILLINGS says, for all programs that ask alike.
int killings_or(int otherwise);

/// How often each kind was in force.
using InForceCounts = std::map<std::string, int>;

/// Kills agents, reapers and those who recover at random moments of faults' lives, and compares the
/// machine before and after: a victim, its limits and control group, files, and a network namespace
/// with interfaces va and vb. Needs root.
///
/// Lifecycle:  one for each seed; several may be at work side by side.
/// Threads:    one.
/// Errors:     failures of the test that it is part of, which end it early.
class KillingCampaign : private MortalAgent {
 public:
  /// The victim is put into `groups`, folders of control groups, in which nothing may be left.
  explicit KillingCampaign(std::uint64_t seed, std::vector<std::string> groups = {});
  ~KillingCampaign();
  KillingCampaign(const KillingCampaign&) = delete;
  KillingCampaign& operator=(const KillingCampaign&) = delete;

  /// So many deaths under one or more of these kinds.
  InForceCounts conduct(int deaths, const std::vector<FaultKind>& kinds);

 private:
  enum class Who { kAgent, kReaper, kBoth, kAll };
  enum class When { kOnTheWay, kAtWork, kAtTheEnd, kBeforeACall };
  struct Draw {
    std::vector<std::string> names;
    std::vector<std::string> faults;
  };
  /// What a life takes when nobody dies.
  struct Life {
    std::chrono::duration<double> start_of_one{};  ///< Of the faults that it had.
    int calls = 0;
  };

  std::size_t below(std::size_t count);
  std::string fault(const FaultKind& kind, const std::string& way) const;
  Draw draw(const std::vector<FaultKind>& kinds, std::size_t always);
  ChildProcess start_victim();
  static std::string next_line(ChildProcess& agent);
  std::string state_of_all(pid_t victim);
  Life live_in_peace(const std::vector<FaultKind>& kinds);
  /// Which kinds were in force.
  std::vector<std::string> live_and_die(const Draw& drawn, const Life& life);
  void kill_all(const std::function<bool(const ProcessInfo&)>& is_meant);
  void recover_with_deaths();

  std::mt19937_64 random_;
  const std::vector<std::string> groups_;
  const std::string space_;
};

/// Says how often each was in force, of so many deaths; how often the least of them.
int tell(const InForceCounts& counts, int deaths);

}  // namespace squall::faults
