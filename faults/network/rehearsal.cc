#include "faults/network/rehearsal.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "faults/spec/traffic.h"

namespace squall::faults {
namespace {

/// How long a fault may still be seen after its end, by what it delays.
constexpr Duration kMayLinger = 2 * kDrainWithin;

/// Lets `facts` have what `held` puts there.
void put_in_force(NetworkFacts& facts, const HeldFault& held, const NetworkPlan& plan) {
  if (held.undo.root) {
    std::erase_if(facts.qdiscs,
                  [&](const Qdisc& one) { return one.interface == held.undo.interface; });
    facts.qdiscs.push_back({.interface = held.undo.interface,
                            .parent = kRootParent,
                            .handle = kOurRoot,
                            .kind = "htb"});
    facts.trees.erase(held.undo.interface);
  }
  if (held.undo.ifb) {
    Link ifb;
    ifb.index = plan.ifb.value_or(0);
    ifb.name = *held.undo.ifb;
    ifb.kind = "ifb";
    facts.links.push_back(std::move(ifb));
  }
  facts.held.push_back(held);
}

/// All from which a plan is made, when its fault and the place are known.
std::string situation(const RehearsedFault& one, const NetworkFacts& facts) {
  std::string text = one.name;
  for (const HeldFault& held : facts.held) {
    text += "|" + held.undo.table + held.undo.ifb.value_or("");
    for (const std::uint32_t handle : held.undo.classes) text += "," + handle_text(handle);
  }
  return text;
}

/// Goes through the applications by their begin.
class Rehearsal {
 public:
  explicit Rehearsal(const std::vector<RehearsedFault>& faults)
      : faults_(faults), order_(faults.size()), plans_(faults.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return faults[a].from < faults[b].from; });
  }

  std::vector<Result<NetworkPlan>> all() {
    for (const std::size_t one : order_) begin(one);
    for (const std::size_t one : order_) end(one);
    std::vector<Result<NetworkPlan>> results;
    for (auto& plan : plans_) results.push_back(*std::move(plan));
    return results;
  }

 private:
  void begin(std::size_t number) {
    const RehearsedFault& fault = faults_[number];
    std::erase_if(in_force_, [&](std::size_t other) {
      const bool has_ended = faults_[other].to <= fault.from;
      if (has_ended) ended_.push_back(other);
      return has_ended;
    });
    NetworkFacts facts = fault.now;
    for (const std::size_t other : in_force_) {
      const NetworkPlan& plan = **plans_[other];
      if (plan.undo.space != facts.space) continue;
      put_in_force(facts, {faults_[other].label, faults_[other].fault, plan.undo}, plan);
    }
    // Making a plan takes its time, and a fault may come thousands of times.
    const std::string key = situation(fault, facts);
    auto known = known_.find(key);
    if (known == known_.end()) {
      known = known_.emplace(key, plan_network(fault.fault, facts, fault.name)).first;
    }
    plans_[number] = known->second;
    if (known->second) {
      note_those_that_linger(number);
      in_force_.push_back(number);
    }
  }

  /// Tells what is other than planned while one that has just ended is still being undone.
  void note_those_that_linger(std::size_t number) {
    const RehearsedFault& fault = faults_[number];
    NetworkPlan& plan = **plans_[number];
    std::erase_if(ended_,
                  [&](std::size_t other) { return faults_[other].to + kMayLinger <= fault.from; });
    for (const std::size_t other : ended_) {
      const NetworkUndo& undo = (*plans_[other])->undo;
      const bool is_here = undo.space == plan.undo.space && undo.interface == plan.undo.interface;
      if (!is_here) continue;
      const std::string name = faults_[other].label.substr(0, faults_[other].label.find('#'));
      std::string note;
      if (clash_in_netem(fault.fault, faults_[other].fault)) {
        note = "one of it and " + name +
               " duplicates packets, so it comes only when that is gone with all that it delayed, "
               "up to a second or so after its end";
      } else if (undo.root && plan.undo.root) {
        note = "while packets are still on their way that " + name +
               " has met, a second at most, it shares our root with it";
      }
      if (!note.empty() &&
          std::find(plan.notes.begin(), plan.notes.end(), note) == plan.notes.end())
        plan.notes.push_back(std::move(note));
    }
  }

  /// Who of those that end at once goes first is not promised: here, who began first.
  bool outlasts(std::size_t other, std::size_t number) const {
    if (faults_[other].to != faults_[number].to) return faults_[other].to > faults_[number].to;
    const auto place = [&](std::size_t one) {
      return std::find(order_.begin(), order_.end(), one);
    };
    return place(other) > place(number);
  }

  void end(std::size_t number) {
    if (!*plans_[number]) return;
    NetworkPlan& plan = **plans_[number];
    const bool leaves_root = std::any_of(order_.begin(), order_.end(), [&](std::size_t other) {
      if (other == number || faults_[other].from >= faults_[number].to) return false;
      if (faults_[other].to < faults_[number].to || !*plans_[other]) return false;
      const NetworkUndo& undo = (*plans_[other])->undo;
      return undo.root && undo.space == plan.undo.space && undo.interface == plan.undo.interface &&
             outlasts(other, number);
    });
    plan.undo_lines = undo_lines(plan.undo, plan.tables.front(), leaves_root);
  }

  const std::vector<RehearsedFault>& faults_;  // NOLINT: it stands on the caller's stack.
  std::vector<std::size_t> order_;             // By begin.
  std::vector<std::optional<Result<NetworkPlan>>> plans_;
  std::vector<std::size_t> in_force_;
  std::vector<std::size_t> ended_;  // And may linger.
  std::map<std::string, Result<NetworkPlan>> known_;
};

}  // namespace

std::vector<Result<NetworkPlan>> rehearse(const std::vector<RehearsedFault>& faults) {
  return Rehearsal(faults).all();
}

}  // namespace squall::faults
