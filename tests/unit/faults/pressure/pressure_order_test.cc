#include "faults/pressure/pressure_order.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

void expect_whole(const PressureFault& fault) {
  const PressureOrder order{.fault = fault, .length = 5s};
  const auto read = read_order(words_of(order));
  ASSERT_TRUE(ok(read));
  EXPECT_EQ(*read, order);
}

TEST(PressureOrder, IsReadAsItWasWritten) {
  expect_whole({CpuPressure{.share = Share{0.8}, .workers = 2, .cgroup = "web"}});
  expect_whole({CpuPressure{.share = Share{1.0 / 3}, .workers = {}, .cgroup = {}}});
  expect_whole({MemoryPressure{.size = Bytes{1U << 30U}, .share = {}, .cgroup = {}}});
  expect_whole({MemoryPressure{.size = {}, .share = Share{0.9}, .cgroup = "a b=c"}});
  expect_whole({IoPressure{.path = "/a b", .workers = 3, .size = Bytes{1U << 20U}, .cgroup = {}}});
  expect_whole({DiskFillPressure{.path = "/tmp", .size = {}, .share = Share{1}}});
  expect_whole({DescriptorsPressure{.count = 1000, .share = {}}});
}

TEST(PressureOrder, SaysWhichWordIsWrong) {
  const auto trouble = [](const std::vector<std::string>& words) {
    const auto read = read_order(words);
    return read ? "none" : read.error().trail;
  };
  EXPECT_EQ(trouble({}), "pressure: ''");
  EXPECT_EQ(trouble({"tea", "length_ns=1"}), "pressure: 'tea'");
  EXPECT_EQ(trouble({"cpu", "share=0.5"}), "pressure: 'length_ns'");
  EXPECT_EQ(trouble({"cpu", "length_ns=1", "share=2"}), "pressure: 'share'");
  EXPECT_EQ(trouble({"cpu", "length_ns=1", "share=nan"}), "pressure: 'share'");
  EXPECT_EQ(trouble({"cpu", "length_ns=1", "share=0.5", "size=1"}), "pressure: 'size'");
  EXPECT_EQ(trouble({"io", "length_ns=1", "workers=-1"}), "pressure: 'workers'");
  EXPECT_EQ(trouble({"io", "length_ns=1", "fast"}), "pressure: 'fast'");
}

}  // namespace
}  // namespace squall::faults
