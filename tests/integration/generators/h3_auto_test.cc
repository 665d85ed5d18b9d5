// `auto` against caddy, which says with Alt-Svc that it speaks HTTP/3: with UDP let through or not.
#include <memory>
#include <string>
#include <vector>

#include "faults/link/links.h"

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

/// caddy behind a relay, and a target that goes there.
class Http3AutoTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = start_caddy(folder, free_port());
    ASSERT_TRUE(ok(started));
    caddy.emplace(*std::move(started));
    auto upstream = faults::make_address("127.0.0.1", caddy->port());
    ASSERT_TRUE(ok(upstream));
    faults::LinkPlace place;
    place.target = "edge";
    place.upstream = {*upstream};
    place.relays_udp = true;
    auto made = faults::Links::make({place});
    ASSERT_TRUE(ok(made));
    links = *std::move(made);
    target = h3_target(folder, caddy->port(), 4, 20);
    target.protocol = generators::Protocol::kAuto;
    target.urls[0].relay = generators::Relay{"127.0.0.1", links->addresses()[0].port()};
    target.timeout = 2s;
  }
  void block_udp() {
    faults::LinkFault fault;
    fault.target = "edge";
    fault.black_hole = fault.spares_streams = true;
    ASSERT_TRUE(ok(links->begin(fault, {}, 1)));
  }
  std::uint64_t logged(const std::string& protocol) {
    return lines_of(folder.file("access.log"), "\"proto\":\"" + protocol + "\"");
  }

  TemporaryFolder folder;
  std::optional<RealServer> caddy;
  std::unique_ptr<faults::Links> links;
  TargetSpec target;
};

TEST_F(Http3AutoTest, LaterConnectionsGoOverHttp3) {
  target.new_connection_every = generators::RenewSpec{50, {}};
  const SecondCell total = run_loads(target, {open_load(500, 2s)}).total();
  caddy->end(SIGTERM);
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 1000U) << errors_of(total);
  EXPECT_EQ(total.quic.fell_back + total.quic.avoided + total.quic.silent, 0U);
  EXPECT_EQ(total.connections_opened, total.quic.alternatives + 4) << "the first over TCP";
  EXPECT_GT(logged("HTTP/3.0"), 700U);
  EXPECT_GT(logged("HTTP/2.0"), 3U);
  EXPECT_EQ(logged("HTTP/3.0") + logged("HTTP/2.0"), 1000U);
}

TEST_F(Http3AutoTest, WhereUdpIsBlockedFromTheStartTheyFallBackAndNothingFails) {
  block_udp();
  target.new_connection_every = generators::RenewSpec{50, {}};
  const SecondCell total = run_loads(target, {open_load(200, 2s)}).total();
  caddy->end(SIGTERM);
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 400U) << errors_of(total);
  EXPECT_EQ(logged("HTTP/2.0"), 400U);
  EXPECT_EQ(total.quic.alternatives + total.quic.silent, 0U);
  ASSERT_GT(total.quic.fell_back, 0U);
  const double late_ms = static_cast<double>(total.quic.fell_back_us) / 1000 /
                         static_cast<double>(total.quic.fell_back);
  EXPECT_GE(late_ms, 500);
  EXPECT_LT(late_ms, 700);
}

TEST_F(Http3AutoTest, ABlockInTheMiddleSilencesThemAndTheLoadGoesOnOverTcp) {
  target.new_connection_every = generators::RenewSpec{50, {}};
  const Ran ran = run_loads(target, {open_load(200, 5s)}, {{2s, [this] { block_udp(); }}});
  const SecondCell total = ran.total();
  caddy->end(SIGTERM);
  expect_sums_hold(total);
  EXPECT_FALSE(ran.timed_out);
  EXPECT_GT(total.quic.alternatives, 4U);
  // One may just be under way to be renewed, or two for one place.
  EXPECT_GE(total.quic.silent, 2U);
  EXPECT_LE(total.quic.silent, 8U);
  const double silent_ms =
      static_cast<double>(total.quic.silent_us) / 1000 / static_cast<double>(total.quic.silent);
  EXPECT_GE(silent_ms, 1000);
  EXPECT_LT(silent_ms, 2500);
  EXPECT_GE(total.quic.avoided + total.quic.fell_back, 4U) << total.quic.silent;
  EXPECT_GT(errors(total, ErrorClass::kClosed), 0U) << errors_of(total);
  EXPECT_EQ(ran.ledger.sum("browse", 4, 5).ok_by_due, 200U) << errors_of(total);
}

}  // namespace
}  // namespace squall::test
