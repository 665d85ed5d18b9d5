#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "faults/pressure/pressure_fault.h"

#include "tests/integration/faults/journal_fixture.h"

namespace squall::faults {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

/// What a file holds.
inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Presses by the agent's stand-in, with a journal, and a folder to press on.
class Pressure : public Journalled {
 protected:
  void SetUp() override {
    Journalled::SetUp();
    std::filesystem::create_directory(folder_ / "here");
  }
  void TearDown() override { EXPECT_EQ(pressing(), 0) << "a process was left"; }

  Result<InjectedPressure> press(const PressureFault& fault,
                                 Duration length = std::chrono::seconds(20)) {
    return inject(site(), table_, *journal_, fault, length, "press");
  }
  PressureSite site() const { return {SQUALL_AGENT_STAND_IN, folder_.path()}; }

  /// The process that presses for this test; 0: there is none.
  pid_t pressing() {
    const auto all = table_.list();
    if (!all) return -1;
    const auto found = std::find_if((*all).begin(), (*all).end(), [](const ProcessInfo& one) {
      return one.is_alive() && one.parent == ::getpid() &&
             one.command_line.find(" pressure ") != std::string::npos;
    });
    return found == (*all).end() ? 0 : found->id.pid;
  }

  std::filesystem::path proc(pid_t pid, const std::string& file) const {
    return std::filesystem::path("/proc") / std::to_string(pid) / file;
  }

  /// Takes it away: it took, nothing of it is left, and nothing is to be undone.
  PressureFinding expect_gone(InjectedPressure& injected) {
    EXPECT_TRUE(ok(injected.active.revert()));
    EXPECT_EQ(pressing(), 0);
    EXPECT_EQ(journal_->open_changes(), 0U);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "here"));
    return injected.look();
  }
};

}  // namespace squall::faults
