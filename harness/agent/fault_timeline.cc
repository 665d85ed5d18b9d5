#include "harness/agent/fault_timeline.h"

#include <algorithm>
#include <tuple>

namespace squall::agent {

FaultTimeline::FaultTimeline(const std::vector<scenarios::PlannedFault>& faults) {
  for (std::size_t i = 0; i < faults.size(); ++i) {
    steps_.push_back({.at = faults[i].from, .kind = FaultStep::Kind::kApply, .fault = i});
    if (faults[i].to) {
      steps_.push_back({.at = *faults[i].to, .kind = FaultStep::Kind::kUndo, .fault = i});
    }
  }
  const auto place = [](const FaultStep& step) {
    return std::tuple(step.at, step.kind == FaultStep::Kind::kApply, step.fault);
  };
  std::sort(steps_.begin(), steps_.end(),
            [&](const FaultStep& a, const FaultStep& b) { return place(a) < place(b); });
}

std::optional<FaultStep> FaultTimeline::next() const {
  if (taken_ == steps_.size()) return {};
  return steps_[taken_];
}

std::optional<FaultStep> FaultTimeline::pop(Duration now) {
  if (taken_ == steps_.size() || steps_[taken_].at > now) return {};
  return steps_[taken_++];
}

void FaultTimeline::drop(std::size_t fault) {
  const auto rest = steps_.begin() + static_cast<std::ptrdiff_t>(taken_);
  steps_.erase(std::remove_if(rest, steps_.end(),
                              [fault](const FaultStep& step) { return step.fault == fault; }),
               steps_.end());
}

}  // namespace squall::agent
