#include <csignal>
#include <map>
#include <sstream>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::DataSpec;
using generators::Protocol;
using generators::Template;

/// nginx with a session that is begun at /login and asked for at /item, and a log of what it saw:
/// the request, the cookie "sid", the header x-row, and the status.
Result<RealServer> start_shop(const TemporaryFolder& folder, std::uint16_t port) {
  folder.write("index.html", "hello\n");
  folder.write(
      "nginx.conf",
      "daemon off;\nworker_processes 1;\npid " + folder.file("nginx.pid") + ";\nerror_log " +
          folder.file("error.log") +
          ";\nevents { worker_connections 1024; }\nhttp {\n"
          "  log_format shop '$request_uri|$cookie_sid|$http_x_row|$status';\n"
          "  access_log " +
          folder.file("access.log") + " shop;\n  client_body_temp_path " + folder.file("body") +
          ";\n  proxy_temp_path " + folder.file("proxy") + ";\n  fastcgi_temp_path " +
          folder.file("fastcgi") + ";\n  uwsgi_temp_path " + folder.file("uwsgi") +
          ";\n  scgi_temp_path " + folder.file("scgi") +
          ";\n  keepalive_requests 1000000;\n  gzip on;\n  gzip_min_length 1;\n"
          "  gzip_types text/plain application/json;\n  server {\n    listen 127.0.0.1:" +
          std::to_string(port) + " http2;\n    root " + folder.path().string() +
          ";\n    default_type application/json;\n"
          "    location /login {\n"
          "      add_header Set-Cookie \"sid=$arg_u; Path=/\";\n"
          "      add_header X-Next \"/item/$arg_u\";\n"
          "      return 200 '{\"user\": {\"name\": \"$arg_u\", \"tokens\": [\"t-$arg_u\"]}}';\n"
          "    }\n"
          "    location /item/ { return 200 'token=$arg_t;'; }\n"
          "    location /gone { return 404; }\n"
          "  }\n}\n");
  return RealServer::start({"nginx", "-c", folder.file("nginx.conf"), "-p", folder.path().string(),
                            "-e", folder.file("error.log")},
                           port, folder.file("nginx.out"));
}

struct Seen {
  std::string path, cookie, row, status;
};

std::vector<Seen> log_of(const TemporaryFolder& folder) {
  std::vector<Seen> all;
  std::ifstream text(folder.file("access.log"));
  for (std::string line; std::getline(text, line);) {
    std::istringstream parts(line);
    Seen seen;
    std::getline(parts, seen.path, '|');
    std::getline(parts, seen.cookie, '|');
    std::getline(parts, seen.row, '|');
    std::getline(parts, seen.status);
    all.push_back(seen);
  }
  return all;
}

RequestSpec step(const std::string& path) {
  RequestSpec request;
  request.name = "GET " + path;
  auto parsed = Template::parse(path);
  EXPECT_TRUE(ok(parsed));
  request.path = *std::move(parsed);
  return request;
}

/// Log in with a number, go where the answer says with the token that it gave, and come out.
LoadSpec shop_load(decltype(LoadSpec::schedule) schedule) {
  LoadSpec load;
  load.name = "shop";
  load.target = "edge";
  load.schedule = std::move(schedule);
  load.is_flow = true;
  load.cookies = true;
  RequestSpec login = step("/login?u=${random.int(1,1000000)}");
  login.take = {{"next", "header:x-next"}, {"token", "json:/user/tokens/0"}};
  RequestSpec item = step("${next}?t=${token}");
  item.headers.emplace_back("accept-encoding", Template{{std::string("gzip")}});
  item.take = {{"again", "regex:token=(t-[0-9]+);"}};
  item.expect.body_contains = "token=t-";
  load.requests = {login, item, step("/item/last?t=${again}")};
  return load;
}

void expect_walks(const std::vector<Seen>& log) {
  std::size_t items = 0;
  for (const Seen& seen : log) {
    EXPECT_EQ(seen.status, "200");
    if (!seen.path.starts_with("/item/")) continue;
    ++items;
    EXPECT_TRUE(seen.path == "/item/" + seen.cookie + "?t=t-" + seen.cookie ||
                seen.path == "/item/last?t=t-" + seen.cookie)
        << seen.path << " with " << seen.cookie;
  }
  EXPECT_GT(items, 20U);
}

TEST(Flow, UsersWalkStepByStepWithWhatTheyTookAndTheirCookies) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  ClosedSpec users{7, 1500ms, {5ms, generators::ThinkSpec::Distribution::kConstant}};
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 2, 10), {shop_load(users)});
  nginx->end(SIGQUIT);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total("shop");
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, total.due);
  EXPECT_EQ(total.flows_abandoned, 0U);
  EXPECT_GT(total.flows_completed, 100U);
  EXPECT_GE(total.ok, 3 * total.flows_completed);
  EXPECT_LE(total.flows_begun - total.flows_completed, 7U) << "cut off by the end";
  const auto log = log_of(folder);
  EXPECT_EQ(log.size(), total.sent);
  expect_walks(log);
}

TEST(Flow, EachArrivalOfAnOpenLoadBeginsAWalk) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  const OpenSpec hundred{generators::Arrivals::kConstant, {{Rate{100}, Rate{100}, 1s}}};
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 2, 10), {shop_load(hundred)});
  nginx->end(SIGQUIT);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total("shop");
  expect_sums_hold(total);
  EXPECT_EQ(total.flows_begun, 100U);
  EXPECT_EQ(total.flows_abandoned, 0U);
  EXPECT_GE(total.flows_completed, 95U);
  EXPECT_EQ(total.ok, total.due);
  expect_walks(log_of(folder));
}

TEST(Flow, ATakeThatFindsNothingIsUnexpectedAndAbandonsTheWalk) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  ClosedSpec users{2, 500ms, {20ms, generators::ThinkSpec::Distribution::kConstant}};
  LoadSpec load = shop_load(users);
  load.requests[0].take["token"] = "json:/user/tokens/7";
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 2, 10), {load});
  nginx->end(SIGQUIT);
  const SecondCell total = ran.total("shop");
  expect_sums_hold(total);
  EXPECT_GT(total.flows_begun, 10U);
  EXPECT_EQ(total.flows_begun, total.flows_abandoned);
  EXPECT_EQ(errors(total, ErrorClass::kUnexpected), total.due);
  EXPECT_EQ(total.status.at(200), total.due);
  for (const Seen& seen : log_of(folder)) EXPECT_TRUE(seen.path.starts_with("/login"));
}

TEST(Flow, AStepThatIsNotOkAbandonsTheWalk) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  ClosedSpec users{2, 500ms, {20ms, generators::ThinkSpec::Distribution::kConstant}};
  LoadSpec load = shop_load(users);
  load.requests.insert(load.requests.begin() + 1, step("/gone"));
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 2, 10), {load});
  nginx->end(SIGQUIT);
  const SecondCell total = ran.total("shop");
  expect_sums_hold(total);
  EXPECT_EQ(total.flows_completed, 0U);
  EXPECT_EQ(total.flows_abandoned, total.status.at(404));
  EXPECT_GT(total.flows_abandoned, 4U);
  EXPECT_LE(total.flows_begun - total.flows_abandoned, 2U);
}

/// Runs a load on two shards with a table `t` of `rows` rows, to the end of the rows.
Ran run_with_rows(const TemporaryFolder& folder, std::uint16_t port, LoadSpec load, int rows) {
  std::string text = "n\n";
  for (int i = 0; i < rows; ++i) text += "r" + std::to_string(i) + "\n";
  folder.write("t.csv", text);
  for (RequestSpec& request : load.requests) {
    request.headers.emplace_back("x-row", Template{{generators::DataColumn{"t", "n"}}});
  }
  return run_loads(target_at(port, Protocol::kH2c, 2, 10), {std::move(load)}, {}, 20s, 2, 200ms,
                   {{"t", DataSpec{"t.csv", DataSpec::Order::kOnce}}}, folder.path());
}

void expect_each_row_once(const std::vector<Seen>& log, std::size_t rows) {
  std::map<std::string, int> seen;
  for (const Seen& request : log) ++seen[request.row];
  EXPECT_EQ(seen.size(), rows);
  for (const auto& [row, times] : seen) EXPECT_EQ(times, 1) << row;
}

TEST(Data, EachRowIsUsedOnceByAnOpenLoadWhichThenEnds) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_with_rows(folder, nginx->port(), open_load(1000, 10s), 501);
  nginx->end(SIGQUIT);
  EXPECT_LT(ran.took, 3s);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 501U);
  EXPECT_EQ(total.ok, 501U);
  expect_each_row_once(log_of(folder), 501);
}

TEST(Data, EachRowIsUsedOnceByTheUsersOfAClosedLoadWhichThenEnds) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_with_rows(folder, nginx->port(), closed_load(9, 15s), 700);
  nginx->end(SIGQUIT);
  EXPECT_LT(ran.took, 5s);
  const SecondCell total = ran.total("players");
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 700U);
  expect_each_row_once(log_of(folder), 700);
}

TEST(Data, AWalkUsesOneRowInAllItsSteps) {
  const TemporaryFolder folder;
  auto nginx = start_shop(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_with_rows(folder, nginx->port(), shop_load(ClosedSpec{4, 15s, {}}), 50);
  nginx->end(SIGQUIT);
  EXPECT_LT(ran.took, 5s);
  EXPECT_EQ(ran.total("shop").flows_completed, 50U);
  std::map<std::string, int> times;
  for (const Seen& seen : log_of(folder)) ++times[seen.row];
  EXPECT_EQ(times.size(), 50U);
  for (const auto& [row, count] : times) EXPECT_EQ(count, 3) << row;
}

}  // namespace
}  // namespace squall::test
