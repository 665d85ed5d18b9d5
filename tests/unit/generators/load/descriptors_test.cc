#include "generators/load/descriptors.h"

#include <chrono>

#include <gtest/gtest.h>

#include "generators/load/prepared_load.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

std::size_t needed(Protocol protocol, const QuicSpec& quic, std::size_t connections) {
  TargetSpec target;
  target.name = "edge";
  target.protocol = protocol;
  target.connections = connections;
  target.urls.push_back({protocol == Protocol::kH2c ? "http" : "https", "127.0.0.1", 1, "/"});
  target.tls.verify = false;
  target.quic = quic;
  LoadSpec load;
  load.name = "browse";
  load.target = "edge";
  load.schedule = OpenSpec{Arrivals::kConstant, {{Rate{10}, Rate{10}, 1h}}};
  load.requests.emplace_back().path.parts.emplace_back("/");
  auto made = PreparedLoad::make(load, target, 1, "/tmp");
  EXPECT_TRUE(ok(made));
  return made ? descriptors_of(*made, 4) : 0;
}

TEST(DescriptorsOf, AreOneForEachConnection) {
  EXPECT_EQ(needed(Protocol::kH2c, {}, 300), 300U);
  EXPECT_EQ(needed(Protocol::kH3, {}, 300), 300U);
}

TEST(DescriptorsOf, WhereQuicAndTcpAreTriedAreTwo) {
  EXPECT_EQ(needed(Protocol::kAuto, {}, 300), 600U);
}

TEST(DescriptorsOf, WithSharedSocketsAreAsFewForTenThousandConnectionsAsForAHundred) {
  QuicSpec shared;
  shared.shares_socket = true;
  EXPECT_EQ(needed(Protocol::kH3, shared, 10'000), needed(Protocol::kH3, shared, 100));
  EXPECT_LT(needed(Protocol::kH3, shared, 10'000), 100U);
}

TEST(DescriptorsOf, CountFilesOfQlogsUpToTheLast) {
  QuicSpec written;
  written.qlog = "qlog";
  EXPECT_EQ(needed(Protocol::kH3, written, 300), 600U);
  EXPECT_EQ(needed(Protocol::kH3, written, 5000), 5000U + QlogFolder::kMost);
}

}  // namespace
}  // namespace squall::generators
