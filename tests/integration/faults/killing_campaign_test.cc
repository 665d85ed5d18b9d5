// Faults of every kind that needs neither netem nor control groups of version 2, and somebody who
// dies of them at a random moment: nothing is left.

#include "tests/integration/faults/killing_campaign.h"

#include <cstdint>
#include <future>
#include <vector>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

constexpr int kSeeds = 8;  // Side by side: they wait most of the time.

std::vector<FaultKind> kinds() {
  return {
      {"killed", {"process: {signal: KILL, match: {service: sleepers}}"}, true},
      {"restarted", {"process: {action: restart, match: {service: sleepers}}"}, true},
      {"hung", {"process: {action: hang, match: {pid_file: victim.pid}}"}},
      {"stopped", {"process: {signal: STOP, match: {pid_file: victim.pid}}"}},
      {"limited", {"descriptors: {share: 90%, of: {pid_file: victim.pid}}"}},
      {"pressed",
       {"memory: {size: 4MiB}", "io: {path: ., size: 4MiB}", "descriptors: {count: 50}",
        "disk_fill: {path: ., size: 4MiB}", "disk_fill: {path: ., size: 8MiB}",
        "cpu: {share: 5%, workers: 1}"}},
      {"linked",
       {"link: {target: edge, delay: 20ms, loss: 2%}", "link: {target: edge, black_hole: true}",
        "link: {target: edge, rate: 1mbit}, pulse: {on: 20ms, off: 20ms}"}},
      {"netted",
       {"network: {interface: lo, namespace: SPACE, direction: both, rate: 1mbit}",
        "network: {interface: lo, namespace: SPACE, partition: true}",
        "network: {interface: lo, namespace: SPACE, direction: in, reject: reset}",
        "network: {interface: lo, namespace: SPACE, direction: both, loss: 10%}",
        "network: {interface: lo, namespace: SPACE, loss_every: 3}"}},
      {"filtered",
       {"network: {interface: va, namespace: SPACE, to: {port: [443, 8443]}, rate: 1mbit}",
        "network: {interface: va, namespace: SPACE, direction: both,"
        " to: {cidr: [10.0.0.0/8, 'fd00::/8'], port: 443, transport: udp}, loss: 5%}"}},
      {"pulsed",
       {"network: {interface: va, namespace: SPACE, to: {port: 9001}, partition: true},"
        " pulse: {on: 30ms, off: 30ms}"}},
      {"of-process",
       {"network: {interface: vb, namespace_of: {pid_file: victim.pid}, to: {port: 9002},"
        " rate: 1mbit}",
        "network: {interface: vb, namespace_of: {pid_file: victim.pid}, to: {port: 9002}, loss: "
        "20%}"}},
      {"autonomous",
       {"autonomous: true, network: {interface: vb, namespace: SPACE, direction: both,"
        " to: {port: 7400}, partition: true}"}},
  };
}

TEST(KillingCampaign, NothingIsLeftWhoeverDiesAndWhenever) {
  const int deaths = killings_or(176) / kSeeds;
  std::vector<std::future<InForceCounts>> campaigns;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    campaigns.push_back(std::async(std::launch::async, [seed, deaths] {
      return KillingCampaign(seed).conduct(deaths, kinds());
    }));
  }
  InForceCounts all;
  for (auto& campaign : campaigns) {
    for (const auto& [kind, times] : campaign.get()) all[kind] += times;
  }
  EXPECT_GT(tell(all, kSeeds * deaths), 0);
}

}  // namespace
}  // namespace squall::faults
