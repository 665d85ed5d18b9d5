#include "harness/coordinator/fault_merge.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "reports/judge/words.h"

namespace squall::coordinator {
namespace {

using reports::FaultRecord;

int badness(FaultRecord::State state) {
  switch (state) {
    case FaultRecord::State::kPlanned:
      return 2;  // Somewhere it is still to come, or never came.
    case FaultRecord::State::kInForce:
      return 3;
    case FaultRecord::State::kDone:
      return 1;
    case FaultRecord::State::kUndone:
      return 0;
    case FaultRecord::State::kIneffective:
      return 4;
    case FaultRecord::State::kFailed:
      return 5;
    case FaultRecord::State::kResidue:
      return 6;
  }
  return 6;
}

/// One sentence where all say the same, else whose is whose.
std::string joined(const std::vector<FaultRecord>& told, std::string FaultRecord::*part) {
  std::vector<const FaultRecord*> said;
  for (const FaultRecord& one : told) {
    if (!(one.*part).empty()) said.push_back(&one);
  }
  if (said.empty()) return {};
  const bool is_one = std::all_of(said.begin(), said.end(), [&](const FaultRecord* one) {
    return one->*part == said.front()->*part;
  });
  if (is_one) return said.front()->*part;
  std::string text;
  for (const FaultRecord* one : said) {
    if (!text.empty()) text += "; ";
    text += (one->on.empty() ? "" : one->on.front() + ": ") + one->*part;
  }
  return text;
}

/// What became of the connections of all agents, as if they were one's.
std::optional<reports::Survival> survival_of(const std::vector<FaultRecord>& told) {
  std::optional<reports::Survival> all;
  Duration gaps{};  // Of each connection the longest, together.
  for (const FaultRecord& one : told) {
    if (!one.survival) continue;
    if (!all) all.emplace();
    all->connections += one.survival->connections;
    all->survived += one.survival->survived;
    all->silent += one.survival->silent;
    all->longest_gap = std::max(all->longest_gap, one.survival->longest_gap);
    all->rebinds += one.survival->rebinds;
    all->migrations += one.survival->migrations;
    all->unanswered += one.survival->unanswered;
    all->refused += one.survival->refused;
    all->impossible += one.survival->impossible;
    all->key_updates += one.survival->key_updates;
    all->keys_kept += one.survival->keys_kept;
    gaps += one.survival->mean_gap * static_cast<std::int64_t>(one.survival->connections);
  }
  if (all && all->connections > 0) {
    all->mean_gap = gaps / static_cast<std::int64_t>(all->connections);
  }
  return all;
}

}  // namespace

FaultRecord merge(const std::vector<FaultRecord>& told) {
  FaultRecord all = told.front();
  all.on.clear();
  for (const FaultRecord& one : told) {
    all.on.insert(all.on.end(), one.on.begin(), one.on.end());
    if (badness(one.state) > badness(all.state)) all.state = one.state;
    if (one.from && (!all.from || *one.from < *all.from)) all.from = one.from;
    all.is_stopped = all.is_stopped || one.is_stopped;
    if (!one.effective) all.effective.reset();
    if (all.effective && *one.effective > *all.effective) all.effective = one.effective;
    if (!one.to) all.to.reset();
    if (all.to && *one.to > *all.to) all.to = one.to;
  }
  all.survival = survival_of(told);
  all.asked = joined(told, &FaultRecord::asked);
  all.seen = joined(told, &FaultRecord::seen);
  if (told.size() > 1 && all.survival && !all.seen.empty()) {
    all.seen = std::to_string(all.survival->survived) + " of " +
               std::to_string(all.survival->connections) +
               " connections survived in all, longest gap " +
               reports::in_three_digits(all.survival->longest_gap) + " (" + all.seen + ")";
  }
  all.error = joined(told, &FaultRecord::error);
  return all;
}

}  // namespace squall::coordinator
