#include "faults/spec/traffic.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using Direction = NetworkFault::Direction;

NetworkFault going(Direction direction, std::optional<TrafficFilter> to,
                   std::optional<TrafficFilter> from = {}) {
  NetworkFault fault;
  fault.interface = "eth0";
  fault.direction = direction;
  fault.to = std::move(to);
  fault.from = std::move(from);
  return fault;
}

bool meet(const NetworkFault& one, const NetworkFault& other) {
  EXPECT_EQ(may_meet_the_same(one, other), may_meet_the_same(other, one));
  return may_meet_the_same(one, other);
}

bool out_meet(const TrafficFilter& one, const TrafficFilter& other) {
  return meet(going(Direction::kOut, one), going(Direction::kOut, other));
}

TEST(Traffic, IsTheSameWhereNothingTellsItApart) {
  EXPECT_TRUE(out_meet({}, {}));
  EXPECT_TRUE(out_meet({}, {{}, {443}, {}}));
  EXPECT_TRUE(out_meet({{"10.0.0.0/8"}, {}, {}}, {{}, {443}, {}}));
}

TEST(Traffic, IsNamedAsFarAsBothMeetIt) {
  const auto out = [](TrafficFilter one, TrafficFilter other) {
    return what_both_meet(going(Direction::kOut, std::move(one)),
                          going(Direction::kOut, std::move(other)));
  };
  EXPECT_EQ(out({}, {}), "those that go out");
  EXPECT_EQ(out({{"10.0.0.0/8"}, {}, {}}, {{"10.1.0.0/16"}, {80, 443}, {}}),
            "those that go out to 10.1.0.0/16 port 80, 443");
  EXPECT_EQ(out({{"10.1.0.0/16", "192.0.2.1"}, {443, 22}, {}}, {{"10.0.0.0/8"}, {443, 80}, "udp"}),
            "those that go out to 10.1.0.0/16 port 443, by udp");
  NetworkFault both = going(Direction::kBoth, TrafficFilter{{}, {80}, {}});
  NetworkFault in = going(Direction::kIn, {}, TrafficFilter{{"192.0.2.1"}, {}, "tcp"});
  EXPECT_EQ(what_both_meet(both, in), "those that come in from 192.0.2.1 port 80, by tcp");
  in.of = TrafficOwner{"web.slice", {}};
  EXPECT_EQ(what_both_meet(both, in),
            "those that come in from 192.0.2.1 port 80, by tcp, of cgroup web.slice");
}

TEST(Traffic, IsToldApartByWhoseItIs) {
  const auto of = [](std::optional<std::string> cgroup, std::optional<std::string> service) {
    NetworkFault fault = going(Direction::kOut, {});
    fault.of = TrafficOwner{std::move(cgroup), std::move(service)};
    return fault;
  };
  EXPECT_FALSE(meet(of("a.slice", {}), of("/b.slice/", {})));
  EXPECT_FALSE(meet(of("a.slice/b", {}), of("a.slice/bc", {})));
  EXPECT_TRUE(meet(of("a.slice/", {}), of("/a.slice/b", {})));
  EXPECT_TRUE(meet(of("a.slice", {}), going(Direction::kOut, {})));
  EXPECT_TRUE(meet(of("a.slice", {}), of({}, "web")));
  EXPECT_FALSE(meet(of({}, "web"), of({}, "webs")));
  EXPECT_FALSE(meet(of({}, "web.1"), of({}, "web.2")));
  EXPECT_TRUE(meet(of({}, "web"), of({}, "web.2")));
}

TEST(Traffic, IsToldApartByPortAndTransport) {
  EXPECT_FALSE(out_meet({{}, {80}, {}}, {{}, {443}, {}}));
  EXPECT_TRUE(out_meet({{}, {80, 443}, {}}, {{}, {443}, {}}));
  EXPECT_FALSE(out_meet({{}, {443}, "tcp"}, {{}, {443}, "udp"}));
  EXPECT_TRUE(out_meet({{}, {443}, {}}, {{}, {443}, "udp"}));
  EXPECT_FALSE(out_meet({{}, {}, "icmp"}, {{}, {443}, {}}));  // Which has no ports.
}

TEST(Traffic, IsToldApartByAddress) {
  EXPECT_FALSE(out_meet({{"10.0.0.0/8"}, {}, {}}, {{"11.0.0.0/8"}, {}, {}}));
  EXPECT_TRUE(out_meet({{"10.0.0.0/8"}, {}, {}}, {{"10.9.0.2"}, {}, {}}));
  EXPECT_TRUE(out_meet({{"10.0.0.0/9", "::1"}, {}, {}}, {{"10.64.0.0/10"}, {}, {}}));
  EXPECT_FALSE(out_meet({{"10.0.0.0/9"}, {}, {}}, {{"10.128.0.0/9"}, {}, {}}));
  EXPECT_FALSE(out_meet({{"0.0.0.0/0"}, {}, {}}, {{"fd00::/8"}, {}, {}}));
  EXPECT_FALSE(out_meet({{"fd00::1"}, {}, {}}, {{"fd00::2"}, {}, {}}));
}

TEST(Traffic, IsNotTheSameWhereOneSideIsIPv4AndTheOtherIPv6) {
  const NetworkFault four = going(Direction::kOut, TrafficFilter{{"10.0.0.1"}, {}, {}});
  const NetworkFault six = going(Direction::kOut, {}, TrafficFilter{{"fd00::1"}, {}, {}});
  EXPECT_FALSE(meet(four, six));
}

TEST(Traffic, IsToldApartByDirection) {
  const TrafficFilter web{{}, {443}, "tcp"};
  EXPECT_FALSE(meet(going(Direction::kOut, web), going(Direction::kIn, web)));
  EXPECT_TRUE(meet(going(Direction::kOut, web), going(Direction::kBoth, web)));
  // What comes in of one that goes both ways is an answer: it comes from there.
  EXPECT_FALSE(meet(going(Direction::kIn, web, TrafficFilter{{}, {1024}, "tcp"}),
                    going(Direction::kBoth, web)));
  EXPECT_TRUE(meet(going(Direction::kIn, {}, web), going(Direction::kBoth, web)));
}

TEST(Netem, ClashesWhereOneDuplicatesBesideAnotherBelowOneRoot) {
  const auto with = [](auto member, auto value, Direction direction = Direction::kOut) {
    NetworkFault fault = going(direction, {});
    fault.*member = value;
    return fault;
  };
  const NetworkFault slow = with(&NetworkFault::delay, Duration(1));
  const NetworkFault twice = with(&NetworkFault::duplicate, Share{0.1});
  EXPECT_TRUE(clash_in_netem(slow, twice));
  EXPECT_TRUE(clash_in_netem(twice, slow));
  EXPECT_TRUE(clash_in_netem(twice, twice));
  EXPECT_FALSE(clash_in_netem(slow, slow));
  EXPECT_FALSE(clash_in_netem(with(&NetworkFault::loss, Share{0.1}), twice));
  EXPECT_FALSE(clash_in_netem(with(&NetworkFault::rate_bits_per_second, 1e6), twice));
  EXPECT_FALSE(clash_in_netem(slow, with(&NetworkFault::duplicate, Share{0.1}, Direction::kIn)));
  EXPECT_TRUE(clash_in_netem(slow, with(&NetworkFault::duplicate, Share{0.1}, Direction::kBoth)));
}

}  // namespace
}  // namespace squall::faults
