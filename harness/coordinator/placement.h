#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "scenarios/model/scenario.h"

namespace squall::coordinator {

/// What of a load is an agent's: the requests (or users) whose number is one of `turns`, which
/// rise, modulo `count`.
struct LoadPart {
  std::string load;
  std::vector<std::uint32_t> turns = {0};
  std::uint32_t count = 1;
  std::uint64_t users = 0;  ///< How many users of a closed load that makes, and those taken up.
  bool operator==(const LoadPart&) const = default;
};

/// What one agent does in a run.
struct Placed {
  std::vector<LoadPart> loads;
  std::vector<std::string> faults;  ///< By their names.
  bool operator==(const Placed&) const = default;
};

/// Labels of an agent.
using Labels = std::map<std::string, std::string>;

/// How much of a load an agent with these labels has, compared with others: its label `weight`, a
/// whole number from 1 to 100; 1 where it has none. An Error, whose trail says it all, when it is
/// none.
Result<std::uint32_t> weight_of(const Labels& labels);

/// The turns of each of those who have these weights, in a round as long as their sum (or as that
/// of the smallest weights in the same proportion): each as evenly apart as can be.
std::vector<std::vector<std::uint32_t>> turns_of(const std::vector<std::uint32_t>& weights);

/// What each of those who have these weights gets of `count`: whole numbers, which make up all.
std::vector<std::uint64_t> divide(std::uint64_t count, const std::vector<std::uint64_t>& weights);

/// Shares a scenario out to agents, which are known by their labels and come in the order in which
/// they count. A load is divided among all that its `on` matches by their weights, so that their
/// due times interleave and no user and no row of data is had twice; a fault is injected by all
/// that its `on` matches, within the blast radius. A fault without `on` is the one local agent's
/// (the first), or that of a fleet of one; but one of a link stands where the load goes through it:
/// at each agent that its `on` matches, or any without one, which offers a load to its target. An
/// Error, whose trail says it all, when something matches nobody.
Result<std::vector<Placed>> place(const scenarios::Scenario& scenario,
                                  const std::vector<Labels>& agents, bool is_fleet);

}  // namespace squall::coordinator
