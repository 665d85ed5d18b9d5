#include "harness/coordinator/given_order.h"

#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace squall::coordinator {
namespace {

/// That an agent has taken it is heard a moment later.
constexpr Duration kOnItsWay = std::chrono::milliseconds(100);

}  // namespace

std::optional<std::uint64_t> GivenOrder::number_of(const std::string& agent) const {
  const auto found = untaken_.find(agent);
  return found == untaken_.end() ? std::optional<std::uint64_t>() : found->second;
}

Duration GivenOrder::take(const std::string& agent, Instant now) {
  untaken_.erase(agent);
  const Duration late = now - holds_from_;
  if (late < kOnItsWay) return Duration::zero();
  late_.push_back(fmt::format("{} {:.1f} s after it was to hold", agent, to_seconds(late)));
  return late;
}

void GivenOrder::lose(const std::string& agent) {
  untaken_.erase(agent);
  lost_.push_back(agent);
}

bool GivenOrder::may_be_answered(Instant now) {
  if (is_answered_ || (!untaken_.empty() && now - holds_from_ < kAnswerWithin)) return false;
  is_answered_ = true;
  return true;
}

std::string GivenOrder::answer() const {
  std::vector<std::string> parts;
  if (!untaken_.empty()) {
    std::vector<std::string> names;
    for (const auto& [name, number] : untaken_) names.push_back(name);
    parts.push_back(
        fmt::format("{} did not say yet to have taken it: each does when it can be reached, or "
                    "counts as lost, and the run's events say when",
                    fmt::join(names, ", ")));
  }
  if (!lost_.empty()) {
    parts.push_back(fmt::format("{} {} lost and did not take it", fmt::join(lost_, ", "),
                                lost_.size() == 1 ? "is" : "are"));
  }
  if (!parts.empty()) return fmt::format("it is ordered, but {}", fmt::join(parts, "; "));
  if (late_.empty()) return {};
  return fmt::format("{}taken by {}", kObeyed, fmt::join(late_, ", "));
}

}  // namespace squall::coordinator
