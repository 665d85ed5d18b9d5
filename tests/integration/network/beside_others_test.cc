// Faults of one namespace that come, and go, at nearly the same time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "harness/base/units.h"

#include "tests/integration/network/lab.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class NetworkFaultsBesideOthers : public Lab {
 protected:
  using Coming = std::future<Result<InjectedNetworkFault>>;

  /// Has them come, each so long after the one before, and go, all at once.
  void come_and_go(const std::vector<NetworkFault>& faults, Duration gap) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<Coming> coming;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      std::this_thread::sleep_until(begin + i * gap);
      coming.push_back(std::async(std::launch::async, [&, i] { return inject_it(faults[i]); }));
    }
    std::vector<InjectedNetworkFault> in_force;
    std::string late;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      auto injected = coming[i].get();
      ASSERT_TRUE(ok(injected));
      late += " " + std::to_string(to_milliseconds((*injected).begun - begin - i * gap));
      in_force.push_back(*std::move(injected));
    }
    RecordProperty(gap > Duration::zero() ? "late_ms" : "late_ms_at_once", late);
    for (std::size_t i = 0; i < faults.size(); ++i) {
      EXPECT_THAT(in_force[i].seen, HasSubstr("read back: table squall_"));
    }
    std::vector<std::future<Result<void>>> going;
    for (auto& one : in_force) {
      going.push_back(std::async(std::launch::async, [&one] { return one.active.revert(); }));
    }
    for (auto& one : going) EXPECT_TRUE(ok(one.get()));
  }

  /// What there is to be made and taken away both ways, for datagrams to this port.
  NetworkFault slow(const std::string& interface, std::uint16_t port) const {
    NetworkFault fault;
    fault.interface = interface;
    fault.direction = NetworkFault::Direction::kBoth;
    fault.rate_bits_per_second = 1e6;
    if (capabilities_.netem) fault.delay = 20ms;
    fault.to = TrafficFilter{{}, {port}, "udp"};
    return fault;
  }
};

TEST_F(NetworkFaultsBesideOthers, LeaveAllAsItWasOnOneInterface) {
  probes_ = true;
  const auto before = state();
  come_and_go({slow("va", 1), slow("va", 2)}, 50ms);
  EXPECT_EQ(state(), before);
  come_and_go({slow("va", 1), slow("va", 2), slow("va", 3), slow("va", 4), slow("va", 5)}, 0ms);
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultsBesideOthers, LeaveAllAsItWasOnTwoInterfaces) {
  probes_ = true;
  const auto before = state();
  come_and_go({slow("va", 1), slow("lo", 2)}, 50ms);
  EXPECT_EQ(state(), before);
  come_and_go({slow("va", 1), slow("lo", 1), slow("va", 2), slow("lo", 2)}, 0ms);
  EXPECT_EQ(state(), before);
}

}  // namespace
}  // namespace squall::faults
