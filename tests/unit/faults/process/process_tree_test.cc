#include "faults/process/process_tree.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_process_table.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<pid_t> pids_of_tree(FakeProcessTable& table, ProcessId leader) {
  const auto all = table.list();
  std::vector<pid_t> pids;
  for (const ProcessInfo& one : tree_of(leader, *all)) pids.push_back(one.id.pid);
  return pids;
}

TEST(TreeOf, TakesDescendantsAndTheSessionButNoZombies) {
  FakeProcessTable table;
  const ProcessId leader = table.add(10, "master");
  table.add(5, "worker", 10);  // Pids wrap around.
  table.add(12, "worker", 10);
  table.add(13, "helper", 12);
  table.add(14, "orphan", 10);
  table.at(14).parent = 1;
  table.add(15, "zombie", 10);
  table.at(15).state = 'Z';
  table.add(16, "other");
  table.at(5).id.start_ticks = 5000;
  EXPECT_THAT(pids_of_tree(table, leader), ElementsAre(10, 5, 12, 13, 14));
}

TEST(TreeOf, HoldsMembersOfTheSessionThatAreOlderThanItForForeign) {
  FakeProcessTable table;
  const ProcessId leader = table.add(10, "master");
  table.add(5, "older");
  table.at(5).session = 10;
  EXPECT_THAT(pids_of_tree(table, leader), ElementsAre(10));
}

TEST(TreeOf, IsEmptyWhenThePidIsAnotherProcessByNow) {
  FakeProcessTable table;
  ProcessId leader = table.add(10, "master");
  table.add(11, "worker", 10);
  leader.start_ticks -= 1;
  EXPECT_THAT(pids_of_tree(table, leader), IsEmpty());
}

}  // namespace
}  // namespace squall::faults
