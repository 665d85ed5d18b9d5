// What loads and targets can do else, over HTTP/3: expectations, flows, sources, relays, renewal.
#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "faults/link/links.h"

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Template;

TEST(Http3Features, AnAnswerThatIsNotAsExpectedIsUnexpected) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  const auto expecting = [](const std::string& name, const std::string& text,
                            const std::string& type) {
    LoadSpec load = open_load(50, 1s);
    load.name = name;
    load.requests[0].expect.body_contains = text;
    load.requests[0].expect.headers = {{"content-type", type}};
    return load;
  };
  const Ran ran = run_loads(h3_target(folder, caddy->port(), 2, 10),
                            {expecting("right", "hell", "html"), expecting("body", "no", "html"),
                             expecting("header", "hell", "json")});
  EXPECT_EQ(ran.total("right").ok, 50U) << errors_of(ran.total("right"));
  for (const std::string wrong : {"body", "header"}) {
    const SecondCell total = ran.total(wrong);
    expect_sums_hold(total);
    EXPECT_EQ(errors(total, ErrorClass::kUnexpected), 50U) << errors_of(total);
    EXPECT_EQ(total.status.at(200), 50U);
  }
}

RequestSpec step(const std::string& path) {
  RequestSpec request;
  request.name = path;
  auto parsed = Template::parse(path);
  EXPECT_TRUE(ok(parsed));
  request.path = *std::move(parsed);
  return request;
}

/// Each user is told a number and a cookie, and says both again at the end.
TEST(Http3Features, AFlowGoesOnWithWhatItTookAndItsCookies) {
  const TemporaryFolder folder;
  auto caddy =
      start_caddy(folder, free_port(), {},
                  "handle /login {\n header X-Next \"/item/{query.u}\"\n"
                  " header Set-Cookie \"sid={query.u}; Path=/\"\n"
                  " respond \"token t-{query.u};\" 200\n}\n"
                  "handle /item/* {\n respond \"cookie {http.request.cookie.sid};\" 200\n}\n");
  ASSERT_TRUE(ok(caddy));
  LoadSpec load;
  load.name = "shop";
  load.target = "edge";
  load.schedule = ClosedSpec{5, 1s, {5ms, generators::ThinkSpec::Distribution::kConstant}};
  load.is_flow = true;
  load.cookies = true;
  RequestSpec login = step("/login?u=${random.int(1,1000000)}");
  login.take = {{"next", "header:x-next"}, {"token", "regex:token (t-[0-9]+);"}};
  RequestSpec item = step("${next}?t=${token}");
  item.take = {{"cookie", "regex:cookie ([0-9]+);"}};
  load.requests = {login, item, step("${next}?c=${cookie}")};
  const Ran ran = run_loads(h3_target(folder, caddy->port(), 2, 10), {load});
  caddy->end(SIGTERM);
  const SecondCell total = ran.total("shop");
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, total.due) << errors_of(total);
  EXPECT_EQ(total.flows_abandoned, 0U);
  EXPECT_GT(total.flows_completed, 50U);
  std::ifstream log(folder.file("access.log"));
  const std::regex said(R"re("uri":"/item/([0-9]+)\?([tc])=(?:t-)?([0-9]+)")re");
  std::size_t items = 0;
  std::size_t lines = 0;
  for (std::string line; std::getline(log, line); ++lines) {
    std::smatch match;
    if (!std::regex_search(line, match, said)) continue;
    ++items;
    EXPECT_EQ(match[1], match[3]) << line;
  }
  EXPECT_EQ(lines, total.sent);
  EXPECT_GE(items, 2 * total.flows_completed);
}

TEST(Http3Features, ConnectionsComeFromTheSourcesInTurn) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  TargetSpec target = h3_target(folder, caddy->port(), 4, 10);
  target.source = {"127.0.0.2", "127.0.0.3"};
  const SecondCell total = run_loads(target, {open_load(100, 1s)}, {}, 20s, 1).total();
  caddy->end(SIGTERM);
  EXPECT_EQ(total.ok, 100U) << errors_of(total);
  const std::string log = folder.file("access.log");
  const std::uint64_t second = lines_of(log, R"("remote_ip":"127.0.0.2")");
  const std::uint64_t third = lines_of(log, R"("remote_ip":"127.0.0.3")");
  EXPECT_EQ(second + third, 100U);
  EXPECT_GT(second, 20U);
  EXPECT_GT(third, 20U);
}

TEST(Http3Features, ConnectionsAreRenewedAtAnAge) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  TargetSpec target = h3_target(folder, caddy->port(), 4, 10);
  target.new_connection_every = generators::RenewSpec{{}, 200ms};
  const SecondCell total = run_loads(target, {open_load(400, 2s)}).total();
  caddy->end(SIGTERM);
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 800U) << errors_of(total);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"proto\":\"HTTP/3.0\""), 800U);
  EXPECT_GT(total.connections_opened, 20U);
  EXPECT_EQ(total.connections_failed, 0U);
  EXPECT_EQ(total.connections_lost, 0U);
}

/// A relay for datagrams before a server, which a load goes through.
class Http3ThroughALink : public testing::Test {
 protected:
  void SetUp() override {
    auto server = start_gtlsserver(folder, free_port());
    ASSERT_TRUE(ok(server));
    server_.emplace(*std::move(server));
    faults::LinkPlace place;
    place.target = "edge";
    place.upstream = {*faults::make_address("127.0.0.1", server_->port())};
    place.relays_tcp = false;
    place.relays_udp = true;
    auto made = faults::Links::make({place});
    ASSERT_TRUE(ok(made));
    links_ = *std::move(made);
    const faults::SocketAddress& relay = links_->addresses().front();
    target = h3_target(folder, server_->port(), 4, 20);
    target.urls[0].relay = generators::Relay{relay.address(), relay.port()};
    fault.target = "edge";
  }

  Deed begins(Duration at) {
    return {at, [this] { EXPECT_TRUE(ok(links_->begin(fault, {}, 7))); }};
  }
  Deed ends(Duration at) {
    return {at, [this] { EXPECT_TRUE(ok(links_->end("edge"))); }};
  }

  const TemporaryFolder folder;
  TargetSpec target;
  faults::LinkFault fault;

 private:
  std::optional<RealServer> server_;
  std::unique_ptr<faults::Links> links_;
};

TEST_F(Http3ThroughALink, WhatStandsBehindItIsNamed) {
  const SecondCell total = run_loads(target, {open_load(100, 500ms)}).total();
  EXPECT_EQ(total.ok, 50U) << errors_of(total);
  ASSERT_EQ(total.addresses.size(), 1U);
  EXPECT_EQ(total.addresses.begin()->first, "127.0.0.1:" + std::to_string(target.urls[0].port));
}

TEST_F(Http3ThroughALink, LossAndReorderingCostTimeAndNoRequest) {
  fault.up.loss = fault.down.loss = {0.05};
  fault.up.delay = fault.down.delay = 5ms;
  fault.up.reorder = fault.down.reorder = {0.05};
  fault.up.duplicate = fault.down.duplicate = {0.05};
  const SecondCell total =
      run_loads(target, {open_load(200, 3s)}, {begins(500ms), ends(2500ms)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 600U) << errors_of(total);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_GT(to_milliseconds(total.of(Metric::kResponse).at_percentile(50)), 9);
}

TEST_F(Http3ThroughALink, ConnectionsSurviveANewSourcePort) {
  fault.rebind_every = 400ms;
  const SecondCell total =
      run_loads(target, {open_load(200, 3s)}, {begins(500ms), ends(2500ms)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 600U) << errors_of(total);
  EXPECT_EQ(total.connections_opened, 4U);
  EXPECT_EQ(total.connections_lost, 0U);
}

TEST_F(Http3ThroughALink, ABlackHoleShowsWhileItLasts) {
  fault.black_hole = true;
  target.timeout = 500ms;
  const Ran ran = run_loads(target, {open_load(100, 4s)}, {begins(1s), ends(2s)});
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(ran.ledger.sum("browse", 0, 1).ok_by_due, 100U);
  EXPECT_GT(errors(total, ErrorClass::kTimeout), 20U) << errors_of(total);
  EXPECT_EQ(total.ok + errors(total, ErrorClass::kTimeout), 400U) << errors_of(total);
  EXPECT_EQ(ran.ledger.sum("browse", 3, 4).ok_by_due, 100U);
  EXPECT_EQ(total.connections_lost, 0U) << "QUIC's idle time-out is longer";
}

}  // namespace
}  // namespace squall::test
