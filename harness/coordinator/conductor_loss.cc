// What a conductor does with the share of an agent that was lost.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "harness/coordinator/conductor.h"

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

/// From a loss to when the others go on with what the lost agent has left, which is missing until
/// then. By then all have heard.
constexpr Duration kTakenUpWithin = 300ms;

const LoadPart* part_of(const Seat& seat, const std::string& load) {
  const auto& loads = seat.placed.loads;
  const auto found = std::find_if(loads.begin(), loads.end(),
                                  [&load](const LoadPart& part) { return part.load == load; });
  return found == loads.end() ? nullptr : &*found;
}

std::string others(std::size_t count) {
  return fmt::format("{} other{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::vector<Seat*> Conductor::offering(const std::string& load) {
  std::vector<Seat*> those;
  for (Seat& seat : seats_) {
    const bool goes_on = !seat.is_over() && !seat.has_left;
    if (goes_on && part_of(seat, load) != nullptr) those.push_back(&seat);
  }
  return those;
}

bool Conductor::goes_on_without(const Seat& lost) {
  if (record_.scenario.agent_lost != scenarios::AgentLost::kContinue) return false;
  // Of local agents the first keeps the services, and injects.
  const bool has_more = !record_.scenario.services.empty() || !lost.placed.faults.empty();
  if (!roll_ && &lost == &seats_.front() && has_more) return false;
  if (stage_ != "running" || capacity_ || record_.early_end) return false;
  const auto& loads = lost.placed.loads;
  return std::all_of(loads.begin(), loads.end(), [&](const LoadPart& part) {
    const generators::LoadSpec& load = *record_.scenario.find_load(part.load);
    return !offering(part.load).empty() || elapsed() > load.at + load.length();
  });
}

void Conductor::take_up_share_of(const Seat& lost) {
  for (const LoadPart& part : lost.placed.loads) {
    const std::vector<Seat*> heirs = offering(part.load);
    const Duration at = elapsed() + kTakenUpWithin;
    const generators::LoadSpec& load = *record_.scenario.find_load(part.load);
    if (std::holds_alternative<generators::ClosedSpec>(load.schedule)) {
      take_up_users(lost, part, heirs);
      continue;
    }
    std::size_t turns = 0;
    for (const Seat* heir : heirs) turns += part_of(*heir, part.load)->turns.size();
    // Each goes on with its own numbers, of a schedule that is so much denser.
    const auto change =
        turns == 0
            ? std::nullopt
            : paces_->make_denser(part.load, at,
                                  static_cast<double>(part.count) / static_cast<double>(turns));
    if (!change) {
      put_event("load.less", part.load, "the part of " + lost.name + " is missing from now on");
      continue;
    }
    tell_change(*change);
    hand_on(lost, part.load, change->at, heirs, "the part of " + lost.name);
  }
}

void Conductor::take_up_users(const Seat& lost, const LoadPart& part,
                              const std::vector<Seat*>& heirs) {
  const generators::LoadSpec& load = *record_.scenario.find_load(part.load);
  const Duration at = elapsed() + kTakenUpWithin;
  if (part.users == 0) return;
  if (heirs.empty() || at >= load.at + load.length()) {
    return put_event("load.less", part.load, "the users of " + lost.name + " are missing");
  }
  std::vector<std::uint64_t> weights;
  for (Seat* heir : heirs) weights.push_back(part_of(*heir, part.load)->turns.size());
  const std::vector<std::uint64_t> shares = divide(part.users, weights);
  std::vector<Seat*> told;
  for (std::size_t i = 0; i < heirs.size(); ++i) {
    if (shares[i] == 0) continue;
    for (LoadPart& own : heirs[i]->placed.loads) {
      if (own.load == part.load) own.users += shares[i];
    }
    wire::ToAgent order;
    wire::MoreUsers& more = *order.mutable_more_users();
    more.set_load(part.load);
    more.set_at_ns(at.count());
    more.set_count(shares[i]);
    tell(*heirs[i], order);
    told.push_back(heirs[i]);
  }
  hand_on(lost, part.load, at, told,
          fmt::format("{} user{} of {}", part.users, part.users == 1 ? "" : "s", lost.name));
}

void Conductor::hand_on(const Seat& lost, const std::string& load, Duration at,
                        const std::vector<Seat*>& heirs, const std::string& what) {
  losses_.hand_on(lost.name, load, at);
  TakeUp& made = take_ups_.emplace_back(TakeUp{.load = load, .what = what, .at = at, .by = {}});
  for (const Seat* heir : heirs) made.by.emplace_back(heir->name, heir->orders.last());
}

void Conductor::watch_take_ups() {
  std::erase_if(take_ups_, [this](const TakeUp& one) {
    std::size_t taken = 0;
    for (const auto& [name, order] : one.by) {
      const auto heir =
          std::find_if(seats_.begin(), seats_.end(),
                       [&name = name](const Seat& seat) { return seat.name == name; });
      if (heir->state == Seat::State::kLost) continue;
      if (heir->orders.is_taken(order)) {
        ++taken;
      } else if (!heir->is_over()) {
        return false;
      }
    }
    if (taken == 0) {
      put_event("load.less", one.load,
                one.what + " is not taken up: who was to go on with it was lost as well");
    } else {
      put_event("load.taken_up", one.load,
                fmt::format("taken up: {}, by {} from {:.1f} s on", one.what, others(taken),
                            to_seconds(one.at)));
    }
    return true;
  });
}

void Conductor::keep_missing() {
  if (!events_.start() || !paces_ || capacity_) return;
  const Duration end = record_.early_end ? record_.early_end->at : elapsed();
  const auto due_between = [this](const std::string& load, Duration from, Duration to) {
    return paces_->due_between(load, from, to);
  };
  for (const Seat& seat : seats_) {
    if (seat.state != Seat::State::kLost && !seat.has_left) continue;
    for (const LoadPart& part : seat.placed.loads) {
      reports::MissingPart missing = losses_.missing(
          seat.name, part, *record_.scenario.find_load(part.load), end, due_between);
      if (missing.to > missing.from && missing.share > 0)
        record_.missing.push_back(std::move(missing));
    }
  }
}

}  // namespace squall::coordinator
