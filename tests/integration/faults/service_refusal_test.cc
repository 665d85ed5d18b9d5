// A service that is started, restarted and stopped, with each of its calls to the kernel refused in
// turn, in the agent and in the child that is about to be it. Nothing is left behind.

#include <cerrno>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "harness/services/services.h"

#include "tests/integration/faults/journal_fixture.h"
#include "tests/integration/faults/refused_calls.h"
#include "tests/integration/faults/refusing_table.h"
#include "tests/support/child_process.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

class RefusedService : public Journalled {
 protected:
  /// From its start by way of a restart to its end. False when any of it failed.
  bool live() {
    scenarios::ServiceSpec spec;
    spec.name = "sleepers";
    spec.command = {"sh", "-c", "sleep 1000 & sleep 1000 & wait"};
    spec.environment = {{"SQUALL_TEST_MARK", folder_.path().string()}};
    spec.restart = scenarios::ServiceSpec::Restart::kAlways;
    spec.stop_within = 1s;
    auto services = services::Services::make({spec}, {folder_.path(), folder_.path()}, *journal_,
                                             refusing_, nullptr, nullptr);
    if (!services) return false;
    const bool started = static_cast<bool>((*services)->start_all());
    const bool restarted = started && (*services)->restart("sleepers", 1);
    return static_cast<bool>((*services)->stop_all()) && restarted;
  }

  /// Of what the agent could not end, which it has said, recovery ends the rest.
  void expect_nothing_is_left(bool lived) {
    expect_nothing_to_recover(!lived);
    EXPECT_TRUE(eventually(2s, [] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return errno == ECHILD;
    })) << "a child is left";
  }

  RefusingTable refusing_;
};

TEST_F(RefusedService, LeavesNothingBehindWhicheverCallOfTheAgentIsRefused) {
  int refused = 0;
  int calls = 0;
  int failed = 0;
  do {
    ++refused;
    SCOPED_TRACE("call " + std::to_string(refused));
    refused_calls::arm(refused);
    const bool lived = live();
    calls = refused_calls::disarm();
    failed += lived ? 0 : 1;
    expect_nothing_is_left(lived);
  } while (calls >= refused && !HasFailure());
  std::cout << refused - 1 << " calls refused, " << failed << " in vain\n";
  EXPECT_GT(refused, 20);
  EXPECT_GT(failed, 10);
}

TEST_F(RefusedService, LeavesNothingBehindWhicheverCallOfItsChildIsRefused) {
  int failed = 0;
  for (int refused = 1; refused <= 10; ++refused) {
    SCOPED_TRACE("call " + std::to_string(refused));
    refused_calls::arm(refused, refused_calls::Of::kChildren);
    const bool lived = live();
    refused_calls::disarm();
    failed += lived ? 0 : 1;
    expect_nothing_is_left(lived);
  }
  EXPECT_GT(failed, 5);  // Without its program, its folder or its output it cannot be.
}

}  // namespace
}  // namespace squall::faults
