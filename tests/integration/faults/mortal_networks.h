#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults/network/kernel_networks.h"

#include "tests/integration/faults/mortal_table.h"

namespace squall::faults {

/// One network of this machine, until death.
class MortalNetwork : public Network {
 public:
  MortalNetwork(Mortality& mortality, std::unique_ptr<Network> real)
      : mortality_(mortality), real_(std::move(real)) {}

  Result<std::vector<Link>> links() override { return counted().links(); }
  Result<std::vector<Qdisc>> qdiscs() override { return counted().qdiscs(); }
  Result<std::vector<TrafficClass>> classes(int interface) override {
    return counted().classes(interface);
  }
  Result<std::vector<TreePart>> tree(int interface) override { return counted().tree(interface); }
  Result<std::unique_ptr<ProbePath>> probe_path(int interface, std::uint32_t class_id) override {
    return counted().probe_path(interface, class_id);
  }
  Result<void> change(std::string_view message) override { return counted().change(message); }
  Result<std::string> nft(const std::string& commands) override { return counted().nft(commands); }

 private:
  Network& counted() {
    mortality_.count();
    return *real_;
  }
  Mortality& mortality_;
  std::unique_ptr<Network> real_;
};

/// The networks of this machine, until death.
class MortalNetworks : public KernelNetworks {
 public:
  explicit MortalNetworks(Mortality& mortality) : mortality_(mortality) {}

  Result<std::unique_ptr<Network>> open(std::uint64_t inode) override {
    mortality_.count();
    auto real = KernelNetworks::open(inode);
    if (!real) return real;
    return std::unique_ptr<Network>(std::make_unique<MortalNetwork>(mortality_, *std::move(real)));
  }

 private:
  Mortality& mortality_;
};

}  // namespace squall::faults
