#include "generators/load/shard_load.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "generators/transport/tcp.h"
#include "reports/measure/ledger.h"

#include "tests/support/h2_server_session.h"
#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using reports::ErrorClass;
using reports::SecondCell;

/// What goes wrong: the outside call of that number (a read, a write, or a dial).
struct Plot {
  int calls = 0;
  int fails_at = -1;

  bool next_fails() { return calls++ == fails_at; }
};

/// A stream that breaks when the plot says so.
class FailingStream final : public ByteStream {
 public:
  FailingStream(UniqueFd socket, Plot& plot) : inner_(std::move(socket)), plot_(plot) {}

  int descriptor() const override { return inner_.descriptor(); }
  IoStep handshake() override { return {IoStep::Kind::kDone, 0}; }
  IoStep read(std::span<char> into) override {
    if (plot_.next_fails()) return {IoStep::Kind::kFailed, 0};
    // Small pieces, so that there are many reads to fail.
    return inner_.read(into.first(std::min<std::size_t>(into.size(), 64)));
  }
  IoStep write(std::string_view bytes) override {
    if (plot_.next_fails()) return {IoStep::Kind::kFailed, 0};
    return inner_.write(bytes.substr(0, 100));
  }
  std::string_view protocol() const override { return {}; }
  std::uint64_t received() const override { return inner_.received(); }
  std::uint64_t sent() const override { return inner_.sent(); }
  std::string error_text() const override { return "as plotted"; }

 private:
  TcpStream inner_;
  Plot& plot_;
};

/// A server at the other end of a socket pair, on the same loop.
class PairedServer : public std::enable_shared_from_this<PairedServer> {
 public:
  PairedServer(asio::io_context& loop, UniqueFd socket, bool is_http1)
      : stream_(std::move(socket)), waiter_(loop, stream_.descriptor()), is_http1_(is_http1) {}
  ~PairedServer() { waiter_.release(); }
  PairedServer(const PairedServer&) = delete;
  PairedServer& operator=(const PairedServer&) = delete;

  void serve() {
    stream_.write(is_http1_ ? std::exchange(answers_, {}) : session_.take_output());
    waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& aborted) {
                         if (!aborted && self->read()) self->serve();
                       });
  }
  void close() { waiter_.cancel(); }

 private:
  bool read() {
    std::array<char, 4096> buffer{};
    const IoStep step = stream_.read(buffer);
    if (step.kind == IoStep::Kind::kWantRead) return true;
    if (step.kind != IoStep::Kind::kDone) return false;
    if (!is_http1_) return session_.receive({buffer.data(), step.bytes});
    heard_.append(buffer.data(), step.bytes);
    for (std::size_t end = 0; (end = heard_.find("\r\n\r\n")) != std::string::npos;) {
      heard_.erase(0, end + 4);
      answers_ += "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    }
    return true;
  }

  TcpStream stream_;
  asio::posix::stream_descriptor waiter_;
  bool is_http1_;
  std::string heard_;
  std::string answers_;
  test::H2ServerSession session_;
};

/// Connects to servers in this process; dialling fails when the plot says so.
class PairDialer final : public Dialer {
 public:
  PairDialer(asio::io_context& loop, Plot& plot, bool is_http1)
      : loop_(loop), plot_(plot), is_http1_(is_http1) {}
  ~PairDialer() override {
    for (const auto& server : servers_) server->close();
  }
  PairDialer(const PairDialer&) = delete;
  PairDialer& operator=(const PairDialer&) = delete;

  std::unique_ptr<Attempt> dial(const Url& /*url*/, Done done) override {
    auto pending = std::make_shared<Done>(std::move(done));
    asio::post(loop_, [this, pending] {
      if (!*pending) return;
      const Done call = std::exchange(*pending, nullptr);
      call(connect());
    });
    return std::make_unique<Pending>(pending);
  }

 private:
  struct Pending final : Attempt {
    explicit Pending(std::shared_ptr<Done> call) : done(std::move(call)) {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending() override { *done = nullptr; }
    std::shared_ptr<Done> done;
  };

  Dialled connect() {
    Dialled dialled;
    if (plot_.next_fails()) {
      dialled.error = ErrorClass::kConnect;
      return dialled;
    }
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    servers_.push_back(std::make_shared<PairedServer>(loop_, UniqueFd(ends[1]), is_http1_));
    servers_.back()->serve();
    dialled.stream = std::make_unique<FailingStream>(UniqueFd(ends[0]), plot_);
    dialled.connect = 1us;
    return dialled;
  }

  asio::io_context& loop_;
  Plot& plot_;
  bool is_http1_;
  std::vector<std::shared_ptr<PairedServer>> servers_;
};

TargetSpec target(Protocol protocol) {
  TargetSpec spec;
  spec.name = "edge";
  spec.protocol = protocol;
  spec.urls.push_back({"http", "127.0.0.1", 1, "/"});
  spec.streams = 4;
  spec.timeout = 500ms;
  spec.reconnect = {1ms, 1ms};
  return spec;
}

LoadSpec load(decltype(LoadSpec::schedule) schedule) {
  LoadSpec spec;
  spec.name = "browse";
  spec.target = "edge";
  spec.schedule = std::move(schedule);
  RequestSpec request;
  request.path.parts.emplace_back("/");
  spec.requests.push_back(request);
  return spec;
}

struct Ran {
  SecondCell total;
  bool done = false;
  bool lapsed = false;
  int calls = 0;
};

/// Keeps the loop busy with something else: from `at` after the load's start, for `length`.
struct HoldUp {
  Duration at;
  Duration length;
};

/// Runs a load on one shard with two connections, the outside call `fails_at` failing.
Ran run(const LoadSpec& spec, int fails_at, Protocol protocol = Protocol::kH2c, HoldUp hold_up = {},
        std::optional<Duration> allowed = {}, std::uint64_t more_users = 0) {
  Ran ran;
  Plot plot{0, fails_at};
  asio::io_context loop(1);
  auto prepared = PreparedLoad::make(spec, target(protocol), 1, "");
  EXPECT_TRUE(ok(prepared));
  Recorder recorder;
  {
    PairDialer dialer(loop, plot, protocol == Protocol::kH1);
    ShardLoad offered(loop, std::make_shared<const PreparedLoad>(*std::move(prepared)),
                      LoadPart{{}, {0, 1}}, dialer, recorder, [&ran] { ran.done = true; });
    const Instant start = std::chrono::steady_clock::now() + 1ms;
    asio::steady_timer busy(loop, start + hold_up.at);
    if (hold_up.length > 0ms) {
      busy.async_wait([end = start + hold_up.at + hold_up.length](const auto& /*aborted*/) {
        while (std::chrono::steady_clock::now() < end) {
        }
      });
    }
    offered.on_lapse([&ran] { ran.lapsed = true; });
    offered.open(start);
    if (allowed) offered.allow_until(start + *allowed);
    if (more_users > 0) offered.more_users(5ms, more_users);
    const auto give_up = std::chrono::steady_clock::now() + 3s;
    while (!ran.done && std::chrono::steady_clock::now() < give_up) loop.run_one_for(100ms);
    EXPECT_EQ(offered.backlog(), 0U);
    EXPECT_EQ(offered.in_flight(), 0U);
    offered.close();
    loop.poll();
  }
  loop.poll();
  recorder.hand_over();
  reports::Ledger ledger;
  reports::Snapshot snapshot;
  snapshot.sequence = 1;
  recorder.collect("browse", snapshot.cells);
  ledger.add("agent", snapshot);
  ran.total = ledger.total("browse");
  ran.calls = plot.calls;
  return ran;
}

void expect_sums_hold(const SecondCell& cell) {
  EXPECT_EQ(cell.due, cell.sent + cell.unsent + cell.shed);
  EXPECT_EQ(cell.sent, cell.completed);
  EXPECT_EQ(cell.completed, cell.ok + cell.all_errors());
  EXPECT_EQ(cell.ok, cell.ok_by_due);
  EXPECT_EQ(cell.all_errors(), cell.errors_by_due);
}

const OpenSpec kTwentyAtOnce{Arrivals::kConstant, {{Rate{4000}, Rate{4000}, 5ms}}};

TEST(ShardLoad, SendsAllThatIsDueAndEnds) {
  const Ran ran = run(load(kTwentyAtOnce), -1);
  EXPECT_TRUE(ran.done);
  expect_sums_hold(ran.total);
  EXPECT_EQ(ran.total.due, 20U);
  EXPECT_EQ(ran.total.ok, 20U);
  EXPECT_EQ(ran.total.connections_opened, 2U);
  EXPECT_EQ(ran.total.connections_lost, 0U);
}

TEST(ShardLoad, UsersOfAClosedLoadGoRoundUntilTheEnd) {
  const Ran ran = run(load(ClosedSpec{3, 500ms, {50ms, ThinkSpec::Distribution::kConstant}}), -1);
  EXPECT_TRUE(ran.done);
  expect_sums_hold(ran.total);
  EXPECT_GE(ran.total.ok, 6U);
  EXPECT_LE(ran.total.ok, 30U);
}

TEST(ShardLoad, UsersThatComeLaterGoRoundToo) {
  const LoadSpec alone = load(ClosedSpec{1, 20ms, {1s, ThinkSpec::Distribution::kConstant}});
  EXPECT_EQ(run(alone, -1).total.sent, 1U);
  const Ran ran = run(alone, -1, Protocol::kH2c, {}, {}, 100);
  EXPECT_TRUE(ran.done);
  expect_sums_hold(ran.total);
  EXPECT_EQ(ran.total.sent, 101U);
}

TEST(ShardLoad, OwnsUpToAllThatWaitedWhileItsLoopWasHeldUp) {
  // For 100 ms a hundred requests fall due, and there are 8 streams; all that waited for the loop
  // are late, not only those 8.
  const Ran ran = run(load(OpenSpec{Arrivals::kConstant, {{Rate{1000}, Rate{1000}, 200ms}}}), -1,
                      Protocol::kH2c, {50ms, 100ms});
  EXPECT_TRUE(ran.done);
  expect_sums_hold(ran.total);
  EXPECT_EQ(ran.total.ok, 200U);
  const auto& lateness = ran.total.of(reports::Metric::kLateness);
  EXPECT_GE(lateness.count() - lateness.count_at_or_below(10ms), 80U);
  EXPECT_GE(lateness.max(), 95ms);
}

const OpenSpec kAThousandASecond{Arrivals::kConstant, {{Rate{1000}, Rate{1000}, 400ms}}};

TEST(ShardLoad, OffersNothingFromWhenItMayNotGoOn) {
  const Ran ran = run(load(kAThousandASecond), -1, Protocol::kH2c, {}, 100ms);
  EXPECT_TRUE(ran.done);
  EXPECT_TRUE(ran.lapsed);
  expect_sums_hold(ran.total);
  EXPECT_EQ(ran.total.due, 100U);
  const Ran users = run(load(ClosedSpec{3, 2s, {1ms, ThinkSpec::Distribution::kConstant}}), -1,
                        Protocol::kH2c, {}, 50ms);
  EXPECT_TRUE(users.done);
  expect_sums_hold(users.total);
  EXPECT_LE(users.total.sent, 3U * 50U);
}

TEST(ShardLoad, SendsNothingOfWhatItFindsDueWhenItWakesUpTooLate) {
  // As when its process is stopped: from 50 ms to 150 ms it cannot see that time is up at 100 ms.
  const Ran ran = run(load(kAThousandASecond), -1, Protocol::kH2c, {50ms, 100ms}, 100ms);
  EXPECT_TRUE(ran.done);
  EXPECT_TRUE(ran.lapsed);
  expect_sums_hold(ran.total);
  EXPECT_EQ(ran.total.due, 100U);
  EXPECT_LE(ran.total.sent, 51U);
}

TEST(ShardLoad, GoesOnWhenItIsAllowedToForLonger) {
  const Ran ran = run(load(kTwentyAtOnce), -1, Protocol::kH2c, {}, 10s);
  EXPECT_TRUE(ran.done);
  EXPECT_FALSE(ran.lapsed);
  EXPECT_EQ(ran.total.ok, 20U);
}

/// A load under way that is fast enough for its shard to rest for it, by a rule that takes less for
/// much than the program's: what the slowest build on the busiest machine keeps up with.
class FastLoad : public testing::Test {
 protected:
  FastLoad() {
    TargetSpec wide = target(Protocol::kH2c);
    wide.streams = 1000;
    const OpenSpec fast{Arrivals::kConstant, {{Rate{1500}, Rate{1500}, 60s}}};
    auto prepared = PreparedLoad::make(load(fast), wide, 1, "");
    EXPECT_TRUE(ok(prepared));
    offered_.emplace(
        loop_, std::make_shared<const PreparedLoad>(*std::move(prepared)), LoadPart{{}, {0, 1}},
        dialer_, recorder_, [] {}, RestRule(750));
    offered_->open(std::chrono::steady_clock::now() + 1ms);
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (offered_->rest() == 0ns && std::chrono::steady_clock::now() < give_up) loop_.run_one();
    EXPECT_GT(offered_->rest(), 0ns) << "never gets so far";
  }
  void TearDown() override {
    offered_->close();
    loop_.poll();
  }
  /// True when its timer goes off by the time that the next is due, in 667 µs or less.
  bool looks_soon() const {
    return offered_->next_tick() <= std::chrono::steady_clock::now() + 700us;
  }

  Plot plot_;
  asio::io_context loop_{1};
  Recorder recorder_;
  PairDialer dialer_{loop_, plot_, false};
  std::optional<ShardLoad> offered_;
};

TEST_F(FastLoad, LooksForArrivalsByItselfWhereAnotherLoadKeepsTheShardAwake) {
  for (int i = 0; i < 300; ++i) {
    loop_.run_one();
    EXPECT_TRUE(looks_soon()) << i;
  }
}

TEST_F(FastLoad, LetsTheTimerSleepWhileTheShardRestsAndLooksByItselfAgainWhenItIsAwake) {
  bool slept = false;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (!slept && std::chrono::steady_clock::now() < give_up) {
    const Instant before = std::chrono::steady_clock::now();
    EXPECT_TRUE(offered_->on_rested()) << "there is more to come";
    loop_.poll();
    slept = offered_->next_tick() >= before + 1ms;
  }
  EXPECT_TRUE(slept);
  offered_->on_awake();
  EXPECT_TRUE(looks_soon());
}

TEST_F(FastLoad, IsSlowerFromNowOnWhenItIsToldTooLate) {
  // By the numbers that are out already, the next would be due in seconds.
  offered_->pace(1ms, {{Rate{5}, Rate{5}, 60s}});
  loop_.run_for(20ms);
  EXPECT_LE(offered_->next_tick(), std::chrono::steady_clock::now() + 250ms);
}

TEST_F(FastLoad, HasNothingMoreToOfferWhenItIsToldToRestTooLate) {
  offered_->pace(1ms, {{Rate{0}, Rate{0}, 60s}});
  loop_.run_for(20ms);
  EXPECT_FALSE(looks_soon());
  offered_->pace(2ms, {{Rate{1500}, Rate{1500}, 60s}});
  EXPECT_TRUE(looks_soon()) << "and goes on when that is over";
}

TEST(ShardLoad, AccountsForEveryRequestWhicheverOutsideCallFails) {
  const int calls = run(load(kTwentyAtOnce), -1).calls;
  ASSERT_GT(calls, 20);
  std::uint64_t errors = 0;
  for (int fails_at = 0; fails_at < calls; ++fails_at) {
    SCOPED_TRACE(fails_at);
    const Ran ran = run(load(kTwentyAtOnce), fails_at);
    ASSERT_TRUE(ran.done) << "hangs";
    expect_sums_hold(ran.total);
    EXPECT_EQ(ran.total.due, 20U);
    EXPECT_LE(ran.total.connections_lost + ran.total.connections_failed, 1U);
    errors += ran.total.all_errors();
  }
  EXPECT_GT(errors, 0U);
}

TEST(ShardLoad, AccountsForEveryRequestOfHttp1WhicheverOutsideCallFails) {
  const Ran whole = run(load(kTwentyAtOnce), -1, Protocol::kH1);
  EXPECT_EQ(whole.total.ok, 20U);
  EXPECT_EQ(whole.total.connections_opened, 2U);
  EXPECT_EQ(whole.total.connections_lost, 0U);
  ASSERT_GT(whole.calls, 40);
  std::uint64_t errors = 0;
  for (int fails_at = 0; fails_at < whole.calls; ++fails_at) {
    SCOPED_TRACE(fails_at);
    const Ran ran = run(load(kTwentyAtOnce), fails_at, Protocol::kH1);
    ASSERT_TRUE(ran.done) << "hangs";
    expect_sums_hold(ran.total);
    EXPECT_LE(ran.total.connections_lost + ran.total.connections_failed, 1U);
    EXPECT_LE(ran.total.all_errors(), 1U) << "one request at a time on each connection";
    errors += ran.total.all_errors();
  }
  EXPECT_GT(errors, 0U);
}

TEST(ShardLoad, AccountsForEveryRequestOfAClosedLoadToo) {
  const LoadSpec closed = load(ClosedSpec{3, 5ms, {1ms, ThinkSpec::Distribution::kConstant}});
  const int calls = run(closed, -1).calls;
  for (int fails_at = 0; fails_at < calls; ++fails_at) {
    SCOPED_TRACE(fails_at);
    const Ran ran = run(closed, fails_at);
    ASSERT_TRUE(ran.done) << "hangs";
    expect_sums_hold(ran.total);
  }
}

}  // namespace
}  // namespace squall::generators
