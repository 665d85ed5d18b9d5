// Pressure of every kind with each of its calls to the kernel refused in turn: in the agent, in the
// child that is about to press, and in the one that presses. Nothing is left behind.

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/integration/faults/pressure_fixture.h"
#include "tests/integration/faults/refused_calls.h"
#include "tests/integration/faults/refusing_table.h"

namespace squall::faults {
namespace {

class RefusedPressure : public Pressure {
 protected:
  /// From its beginning to its end, whatever becomes of it. False when it did not press.
  bool press_and_end(const PressureFault& fault) {
    auto injected = inject(site(), refusing_, *journal_, fault, std::chrono::seconds(20), "press");
    if (!injected) return false;
    EXPECT_FALSE(injected->finding.seen.empty());
    // What fails is tried again when the handle goes away.
    [[maybe_unused]] const auto first_try = injected->active.revert();
    return injected->look().took;
  }

  void expect_nothing_is_left() {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "here"));
    expect_nothing_to_recover();
  }

  static std::vector<PressureFault> all_kinds() {
    constexpr Bytes kSize{2 * kMiB};
    return {{MemoryPressure{.size = kSize, .share = {}, .cgroup = {}}},
            {DiskFillPressure{.path = "here", .size = kSize, .share = {}}},
            {DescriptorsPressure{.count = 20, .share = {}}},
            {IoPressure{.path = "here", .workers = 1, .size = kSize, .cgroup = {}}},
            {CpuPressure{.share = Share{0.05}, .workers = 1, .cgroup = {}}}};
  }

  RefusingTable refusing_;
};

TEST_F(RefusedPressure, LeavesNothingBehindWhicheverCallOfTheAgentIsRefused) {
  const PressureFault fault = all_kinds().front();  // To the agent all kinds are one.
  int refused = 0;
  int calls = 0;
  do {
    ++refused;
    SCOPED_TRACE("call " + std::to_string(refused));
    refused_calls::arm(refused);
    press_and_end(fault);
    calls = refused_calls::disarm();
    expect_nothing_is_left();
  } while (calls >= refused && !HasFailure());
  std::cout << refused - 1 << " calls refused\n";
  EXPECT_GT(refused, 20);
}

TEST_F(RefusedPressure, LeavesNothingBehindWhicheverCallOfItsChildIsRefused) {
  // From the fork to the program: descriptors, its gate, its folder, the program.
  int failed = 0;
  for (int refused = 1; refused <= 10; ++refused) {
    SCOPED_TRACE("call " + std::to_string(refused));
    refused_calls::arm(refused, refused_calls::Of::kChildren);
    failed += press_and_end(all_kinds().front()) ? 0 : 1;
    refused_calls::disarm();
    expect_nothing_is_left();
  }
  EXPECT_GE(failed, 9);  // Without one of its descriptors, or its program, it cannot press.
}

TEST_F(RefusedPressure, LeavesNothingBehindWhicheverCallOfItsOwnIsRefused) {
  for (const PressureFault& fault : all_kinds()) {
    int failed = 0;
    const int most = fault.resource() == "cpu" ? 5 : 12;  // It takes a while to be there.
    for (int refused = 1; refused <= most && !HasFailure(); ++refused) {
      SCOPED_TRACE(std::string(fault.resource()) + ", call " + std::to_string(refused));
      ASSERT_EQ(::setenv("SQUALL_REFUSED_CALL", std::to_string(refused).c_str(), 1), 0);
      failed += press_and_end(fault) ? 0 : 1;
      ::unsetenv("SQUALL_REFUSED_CALL");
      expect_nothing_is_left();
    }
    std::cout << fault.resource() << ": " << failed << " of " << most << " in vain\n";
    // What presses on the processor needs no call but the clock; the others cannot do without.
    EXPECT_TRUE(failed > 0 || fault.resource() == "cpu") << fault.resource();
  }
}

}  // namespace
}  // namespace squall::faults
