// The pool by itself: the tests take from it and send, and hear what becomes of it.
#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "generators/load/connection_pool.h"
#include "generators/load/prepared_load.h"
#include "harness/base/log.h"
#include "harness/base/warn_again.h"

#include "tests/support/paired_sites.h"
#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using reports::ErrorClass;
using test::PairedConnection;
using test::PairedSite;
using Clock = std::chrono::steady_clock;

/// A pool to which the test itself is the owner.
class ConnectionPoolAloneTest : public testing::Test, private ConnectionPool::Owner {
 protected:
  ConnectionPoolAloneTest() {
    TargetSpec target;
    target.name = "edge";
    target.protocol = Protocol::kH2c;
    target.urls = {{"http", "127.0.0.1", 1, "/"}};
    LoadSpec spec;
    spec.name = "browse";
    spec.target = "edge";
    spec.schedule = OpenSpec{Arrivals::kConstant, {{Rate{1}, Rate{1}, 1s}}};
    spec.requests.emplace_back().path.parts.emplace_back("/");
    auto prepared = PreparedLoad::make(spec, target, 1, "");
    EXPECT_TRUE(ok(prepared));
    load_.emplace(*std::move(prepared));
    options.urls = target.urls;
    options.protocol = Protocol::kH2c;
    options.streams = 100;
    options.timeout = 10s;
    options.reconnect = {5ms, 20ms};
  }
  void TearDown() override {
    pool->close(Clock::now());
    sites.at.clear();
    loop.poll();
  }

  void open(std::size_t connections) {
    for (std::size_t place = 0; place < connections; ++place) options.places.push_back(place);
    recorder.begin_at(Clock::now());
    pool.emplace(loop, sites, recorder, options, static_cast<ConnectionPool::Owner&>(*this));
    pool->open();
    until([&] { return site().connections.size() == connections; });
  }
  void send(int times) {
    for (int i = 0; i < times; ++i) {
      const Instant now = Clock::now();
      Connection* connection = pool->take(now);
      ASSERT_NE(connection, nullptr);
      pool->send(*connection, Job{}, load_->request(0, 0), RenderContext{}, now);
      pool->flush(now);
    }
  }
  void until(const std::function<bool()>& holds) {
    const auto give_up = Clock::now() + 10s;
    while (!holds() && Clock::now() < give_up) loop.run_one_for(100ms);
    EXPECT_TRUE(holds()) << "hangs";
  }
  PairedSite& site() { return sites.at[1]; }
  reports::SecondCell counted() {
    recorder.hand_over();
    std::vector<reports::LoadSecond> cells;
    recorder.collect("browse", cells);
    EXPECT_FALSE(cells.empty());
    reports::SecondCell sum;
    for (const auto& second : cells) sum.merge(second.cell);
    return sum;
  }

  asio::io_context loop{1};
  test::PairedSites sites{loop};
  Recorder recorder;
  PoolOptions options;
  std::optional<ConnectionPool> pool;
  int ended = 0;
  int unprocessed = 0;

 private:
  bool on_unprocessed(const Connection&, const InFlight&, Instant) override {
    ++unprocessed;
    return true;
  }
  void on_end(const InFlight&, ErrorClass, int, Instant) override { ++ended; }
  void on_no_connection(ErrorClass, Instant) override {}
  void on_progress(Instant now) override { pool->flush(now); }

  std::optional<PreparedLoad> load_;
};

Instant pushed;  // NOLINT: a clock is a function without a state

TEST_F(ConnectionPoolAloneTest, SaysAgainThatThereIsNoConnectionOnceThereWasOne) {
  keep_warnings(100);
  set_warning_clock([] { return pushed; });
  const auto warnings = [] {
    const auto all = take_warnings();
    return std::count(all.begin(), all.end(), "no connection to 127.0.0.1:1: connect: down");
  };
  open(1);
  for (int time = 1; time <= 2; ++time) {
    const auto dials = site().dials.size();
    site().go_down();
    until([&] { return site().dials.size() >= dials + 3; });
    EXPECT_EQ(warnings(), 1) << "time " << time;
    const auto connections = site().connections.size();
    site().up = true;
    until([&] { return site().connections.size() > connections; });
    pushed += 2s;  // Else it would be no news.
  }
  set_warning_clock(Clock::now);
}

TEST_F(ConnectionPoolAloneTest, OneThatWasLeftEarlyDoesNotStopThoseThatHaveAnsweredMore) {
  site().behaviour = [this](PairedConnection& connection, std::int32_t stream) {
    const bool is_first = &connection == site().connections[0].get();
    if (!is_first || stream <= 3) connection.session.answer(stream, 200, 5);
  };
  open(2);
  send(10);  // In turns.
  until([this] { return ended == 2 + 5; });
  site().dial_takes = 1h;
  site().connections[0]->session.go_away(3);
  site().connections[0]->flush();
  until([this] { return unprocessed == 3; });
  until([this] { return site().dials.size() == 3; });
  Connection* other = pool->take(Clock::now());
  ASSERT_NE(other, nullptr) << "it has answered five, not two";
  EXPECT_EQ(other->answers(), 5U);
  EXPECT_EQ(pool->take_again(Clock::now(), nullptr), other);
}

TEST_F(ConnectionPoolAloneTest, AConnectionWithoutNumbersForStreamsIsReplacedAndNotLost) {
  options.first_stream = 0x7ffffffd;
  open(1);
  send(2);  // That is all there are.
  until([this] { return ended == 2 && site().connections.size() == 2; });
  until([this] { return pool->has_free(); });
  send(1);
  until([this] { return ended == 3; });
  EXPECT_EQ(site().connections[0]->served, 2U);
  EXPECT_EQ(site().connections[1]->served, 1U);
  EXPECT_EQ(counted().connections_lost, 0U);
}

TEST_F(ConnectionPoolAloneTest, WhatIsBegunIsOpenedOrFailedOrGivenUpAtTheEnd) {
  open(2);
  site().go_down();
  until([this] { return site().dials.size() >= 7; });
  site().dial_takes = 1h;
  const auto dials = site().dials.size();
  until([&] { return site().dials.size() >= dials + 2; });
  pool->close(Clock::now());
  const reports::SecondCell counts = counted();
  EXPECT_EQ(counts.connections_opened, 2U);
  EXPECT_EQ(counts.connections_given_up, 2U);
  EXPECT_EQ(counts.connections_opened + counts.connections_failed + counts.connections_given_up,
            site().dials.size());
}

}  // namespace
}  // namespace squall::generators
