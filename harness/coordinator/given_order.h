#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "harness/coordinator/live_order.h"

namespace squall::coordinator {

/// An order of `squall ctl` that was obeyed here, until all agents that it is for have taken it.
///
/// Lifecycle:  a value; made when agents are told → lives until is_over().
/// Threads:    one owner at a time. Errors: none.
class GivenOrder {
 public:
  /// Who has not said so by then may be cut off; whoever asked is not kept waiting for it.
  static constexpr Duration kAnswerWithin = std::chrono::milliseconds(2500);

  /// It holds from `holds_from` on: who takes it later is late.
  GivenOrder(LiveOrders::Asked asked, Instant holds_from)
      : asked_(std::move(asked)), holds_from_(holds_from) {}

  const LiveOrders::Asked& asked() const { return asked_; }
  const std::string& text() const { return asked_.text; }
  /// This agent was told, by a message of this number.
  void tell(const std::string& agent, std::uint64_t number) { untaken_[agent] = number; }
  /// None: it was not told, or has taken it, or will not.
  std::optional<std::uint64_t> number_of(const std::string& agent) const;
  /// It has taken it now; how much too late.
  Duration take(const std::string& agent, Instant now);
  /// It ended before it could.
  void forget(const std::string& agent) { untaken_.erase(agent); }
  /// It will not take it any more.
  void lose(const std::string& agent);

  /// True once: when all is known, or nobody waits for it any longer.
  bool may_be_answered(Instant now);
  /// "" where all took it in time; where some were late, who and by how much, after kObeyed; else
  /// who did not take it.
  std::string answer() const;
  /// It was answered, and nobody is left who may still take it.
  bool is_over() const { return is_answered_ && untaken_.empty(); }

 private:
  LiveOrders::Asked asked_;
  Instant holds_from_;
  std::map<std::string, std::uint64_t> untaken_;
  std::vector<std::string> late_;  // In words.
  std::vector<std::string> lost_;
  bool is_answered_ = false;
};

}  // namespace squall::coordinator
