#include "faults/network/own_peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(OwnPeers, AreTheNameServersOfResolvConf) {
  EXPECT_THAT(name_servers_in("# nameserver 9.9.9.9\nsearch x.example\nnameserver 10.0.0.53 # one\n"
                              "  nameserver\tfe80::1%eth0\nnameserver nobody\nnameserver\n"
                              "options edns0\nnameserver 127.0.0.53"),
              ElementsAre("10.0.0.53", "fe80::1", "127.0.0.53"));
  EXPECT_THAT(name_servers_in(""), IsEmpty());
}

TEST(OwnPeers, AreTheGatewaysOfDefaultRoutes) {
  EXPECT_THAT(
      gateways_in("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\n"
                  "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                  "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                  "eth1\t0000000A\t0100000A\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n"
                  "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
                  "torn\t00000000\t01"),
      ElementsAre("192.0.2.1"))
      << "one for all addresses, by way of somebody";
}

TEST(OwnPeers, AreTheGatewaysOfIPv6) {
  const std::string none(32, '0');
  const std::string rest = " 00000400 00000001 00000000 ";
  EXPECT_THAT(
      gateways_in_v6(none + " 00 " + none + " 00 fe800000000000000000000000000001" + rest +
                     "00000003 eth0\n" + "fd000000000000000000000000000000 08 " + none +
                     " 00 fe800000000000000000000000000002" + rest + "00000003 eth0\n" + none +
                     " 00 " + none + " 00 " + none + rest + "00200200 lo\n" + none + " 00 torn"),
      ElementsAre("fe80::1"));
}

TEST(OwnPeers, HaveTheMetadataServiceAmongThemAlways) {
  EXPECT_THAT(own_peers(), Contains(metadata_service()));
}

}  // namespace
}  // namespace squall::faults
