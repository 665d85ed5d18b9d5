#include "faults/spec/protected_peer.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using Who = ProtectedPeer::Who;

const std::vector<ProtectedPeer> kPeers{{{"10.0.0.9", 7400}, Who::kCoordinator},
                                        {{"10.0.0.53", 53}, Who::kNameServer},
                                        {{"10.0.0.1", 0}, Who::kGateway},
                                        metadata_service()};

/// Of whom the refusal of a fault towards `to` tells; empty: it may be.
std::string refused(TrafficFilter to, const std::string& interface = "eth0") {
  NetworkFault fault;
  fault.interface = interface;
  fault.to = std::move(to);
  const auto why = why_protected(fault, kPeers);
  fault.from.swap(fault.to);
  EXPECT_EQ(why_protected(fault, kPeers), why) << "both sides are alike";
  return why ? why->substr(0, why->find(' ')) : "";
}

TEST(ProtectedPeer, IsNamedByItsAddressAlone) {
  EXPECT_EQ(refused({{"10.0.0.1"}, {}, {}}), "10.0.0.1");
  EXPECT_EQ(refused({{"10.0.0.1/32"}, {8080}, "tcp"}), "10.0.0.1");
  EXPECT_EQ(refused({{"169.254.169.254"}, {80}, {}}), "169.254.169.254");
  EXPECT_EQ(refused({{"10.0.0.53"}, {}, "udp"}), "10.0.0.53:53");
  EXPECT_EQ(refused({{"10.0.0.9"}, {}, {}}), "10.0.0.9:7400");
}

TEST(ProtectedPeer, IsNamedByItsPort) {
  EXPECT_EQ(refused({{}, {53}, {}}), "10.0.0.53:53");
  EXPECT_EQ(refused({{"10.0.0.0/8"}, {80, 53}, "udp"}), "10.0.0.53:53");
  EXPECT_EQ(refused({{}, {7400}, {}}), "10.0.0.9:7400");
  EXPECT_EQ(refused({{}, {22}, {}}), "port");
}

TEST(ProtectedPeer, IsNotNamedByWhatIsWiderOrAnothers) {
  EXPECT_EQ(refused({}), "");
  EXPECT_EQ(refused({{"10.0.0.0/8"}, {}, {}}), "");
  EXPECT_EQ(refused({{"10.0.0.0/8"}, {443}, {}}), "");
  EXPECT_EQ(refused({{"10.0.0.9"}, {7401}, {}}), "");
  EXPECT_EQ(refused({{"10.0.0.9"}, {7400}, "udp"}), "");
  EXPECT_EQ(refused({{"10.0.0.54"}, {53}, {}}), "");
  EXPECT_EQ(refused({{}, {22}, "udp"}), "");
}

TEST(ProtectedPeer, OfNamesIsAnotherWhereItIsNot) {
  EXPECT_EQ(refused({{}, {53}, {}}, "lo"), "") << "the name server is not on this machine";
  EXPECT_EQ(refused({{"10.0.0.53"}, {53}, {}}, "lo"), "10.0.0.53:53");
}

}  // namespace
}  // namespace squall::faults
