#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "faults/core/journal.h"
#include "faults/network/network_fault.h"

#include "tests/support/fake_networks.h"
#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {

/// Both ways, with everything that there is to be made and taken away.
inline NetworkFault everything() {
  NetworkFault fault;
  fault.interface = "va";
  fault.direction = NetworkFault::Direction::kBoth;
  fault.delay = std::chrono::milliseconds(40);
  fault.loss = Share{0.1};
  return fault;
}

/// What several faults do at once on one interface, each to a port of its own.
inline NetworkFault to_port(std::uint16_t port) {
  NetworkFault fault = everything();
  fault.to = TrafficFilter{{}, {port}, {}};
  return fault;
}

/// Faults in a namespace of a kernel that behaves.
class NetworkFaultTest : public testing::Test {
 protected:
  void SetUp() override {
    auto boot = boot_id();
    ASSERT_TRUE(ok(boot));
    auto journal = Journal::open(folder_.path(), {{77, 5000}, *boot});
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  Result<InjectedNetworkFault> inject_it(const NetworkFault& fault) { return inject_it(fault, 1); }
  Result<InjectedNetworkFault> inject_it(const NetworkFault& fault, int number,
                                         const std::optional<Pulse>& pulse = {}) {
    const std::string name = "77_5000_" + std::to_string(number);
    return inject({networks_, Capabilities::all(), FakeNetworks::kSpace, name, held_.get()},
                  *journal_, fault, "f" + std::to_string(number), pulse);
  }

  TemporaryFolder folder_;
  FakeNetworks networks_;
  std::unique_ptr<HeldFaults> held_ = std::make_unique<HeldFaults>();
  FakeProcessTable processes_;
  std::unique_ptr<Journal> journal_;
};

/// Both ways, as far as that goes for a cgroup.
inline NetworkFault of_cgroup() {
  NetworkFault fault;
  fault.interface = "va";
  fault.direction = NetworkFault::Direction::kBoth;
  fault.loss = Share{0.5};
  fault.of = TrafficOwner{.cgroup = "web.slice", .service = {}};
  return fault;
}

}  // namespace squall::faults
