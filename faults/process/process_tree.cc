#include "faults/process/process_tree.h"

#include <algorithm>
#include <cstddef>
#include <set>

namespace squall::faults {

std::vector<ProcessInfo> tree_of(ProcessId leader, const std::vector<ProcessInfo>& all) {
  const bool recycled = std::any_of(all.begin(), all.end(), [&](const ProcessInfo& one) {
    return one.id.pid == leader.pid && one.id != leader;
  });
  if (recycled) return {};

  std::vector<ProcessInfo> tree;
  std::set<pid_t> taken;
  const auto take = [&](const ProcessInfo& one) {
    if (one.is_alive() && taken.insert(one.id.pid).second) tree.push_back(one);
  };
  const auto take_children_of_the_taken = [&](std::size_t from) {
    for (std::size_t at = from; at < tree.size(); ++at) {
      const pid_t parent = tree[at].id.pid;
      for (const ProcessInfo& one : all) {
        if (one.parent == parent) take(one);
      }
    }
  };

  for (const ProcessInfo& one : all) {
    if (one.id == leader) take(one);
  }
  take_children_of_the_taken(0);
  const std::size_t below_the_leader = tree.size();
  for (const ProcessInfo& one : all) {
    const bool member = one.session == leader.pid || one.group == leader.pid;
    if (member && one.id.start_ticks >= leader.start_ticks) take(one);
  }
  take_children_of_the_taken(below_the_leader);
  return tree;
}

}  // namespace squall::faults
