#include "generators/load/ring_queue.h"

#include <deque>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

TEST(RingQueue, IsFirstInFirstOutWhileItGrowsAndWraps) {
  RingQueue<int> queue;
  std::deque<int> model;
  for (int i = 0; i < 5000; ++i) {
    queue.push(i);
    model.push_back(i);
    if (i % 3 != 0) continue;
    for (int j = 0; j < 2; ++j) {
      ASSERT_EQ(queue.front(), model.front());
      queue.pop();
      model.pop_front();
      if (model.empty()) break;
    }
    ASSERT_EQ(queue.size(), model.size());
  }
  for (; !queue.empty(); queue.pop(), model.pop_front()) ASSERT_EQ(queue.front(), model.front());
  EXPECT_TRUE(model.empty());
}

}  // namespace
}  // namespace squall::generators
