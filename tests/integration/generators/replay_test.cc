#include <csignal>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;
using generators::ReplaySpec;

TEST(Replay, SendsWhatWasRecordedWhenItWasDividedBySpeed) {
  const TemporaryFolder folder;
  auto nginx = start_nginx(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  std::string log;  // Seconds 0, 2 and 4, with ten requests each.
  for (int i = 0; i < 30; ++i) {
    log += "::1 - - [21/Nov/2026:10:00:0" + std::to_string(i / 10 * 2) +
           " +0000] \"GET /index.html?n=" + std::to_string(i) + "&s=a\\x20b HTTP/1.1\" 200 6\n";
  }
  folder.write("old.log", log + "nothing\n");
  LoadSpec load;
  load.name = "again";
  load.target = "edge";
  ReplaySpec replay;
  replay.file = "old.log";
  replay.speed = 2;
  replay.requests = 30;
  replay.length = 2001ms;
  load.schedule = replay;
  load.requests.push_back(get("/"));
  load.requests[0].expect.status = {{200, 200}};
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 2, 10), {load}, {}, 20s, 2,
                            200ms, {}, folder.path());
  nginx->end(SIGQUIT);
  EXPECT_FALSE(ran.timed_out);
  expect_sums_hold(ran.total("again"));
  EXPECT_EQ(ran.total("again").ok, 30U);
  for (std::int64_t second = 0; second < 3; ++second) {
    EXPECT_EQ(ran.ledger.sum("again", second, second + 1).due, 10U) << second;
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(lines_of(folder.file("access.log"), "?n=" + std::to_string(i) + "&s=a%20b HTTP/2"),
              1U);
  }
}

}  // namespace
}  // namespace squall::test
