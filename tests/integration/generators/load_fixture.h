#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "generators/load/load_engine.h"
#include "reports/measure/ledger.h"

#include "tests/support/real_server.h"
#include "tests/support/result_matchers.h"

namespace squall::test {

using namespace std::chrono_literals;
using generators::ClosedSpec;
using generators::LoadSpec;
using generators::OpenSpec;
using generators::RequestSpec;
using generators::TargetSpec;
using reports::ErrorClass;
using reports::Metric;
using reports::SecondCell;

inline TargetSpec target_at(std::uint16_t port, generators::Protocol protocol,
                            std::size_t connections, std::size_t streams) {
  TargetSpec target;
  target.name = "edge";
  target.protocol = protocol;
  const bool tls = protocol == generators::Protocol::kH2 || protocol == generators::Protocol::kH3;
  target.urls.push_back({tls ? "https" : "http", "127.0.0.1", port, "/"});
  target.connections = connections;
  target.streams = streams;
  target.timeout = 5s;
  return target;
}

inline RequestSpec get(const std::string& path) {
  RequestSpec request;
  request.name = "GET " + path;
  request.path.parts.emplace_back(path);
  return request;
}

inline LoadSpec open_load(double rate, Duration length) {
  LoadSpec load;
  load.name = "browse";
  load.target = "edge";
  load.schedule = OpenSpec{generators::Arrivals::kConstant, {{Rate{rate}, Rate{rate}, length}}};
  load.requests.push_back(get("/index.html"));
  return load;
}

inline LoadSpec closed_load(std::uint64_t users, Duration length) {
  LoadSpec load;
  load.name = "players";
  load.target = "edge";
  load.schedule = ClosedSpec{users, length, {}};
  load.requests.push_back(get("/index.html"));
  return load;
}

/// What a run measured, and how long it took.
struct Ran {
  reports::Ledger ledger;
  Duration took{};
  Duration lateness_max{};
  double cpu = 0;
  bool timed_out = false;

  SecondCell total(const std::string& load = "browse") const { return ledger.total(load); }
};

/// Something that a test does at a moment of the load.
struct Deed {
  Duration at;
  std::function<void()> act;
  std::function<void(generators::LoadEngine&)> to_engine = nullptr;  ///< Instead.
};

/// Runs loads to their end, at most `patience` long, with deeds on the way.
inline Ran run_loads(TargetSpec target, std::vector<LoadSpec> loads, std::vector<Deed> deeds = {},
                     Duration patience = 60s, std::size_t shards = 2, Duration ahead = 200ms,
                     std::vector<std::pair<std::string, generators::DataSpec>> data = {},
                     const std::filesystem::path& directory = {}) {
  Ran ran;
  generators::EngineOptions options;
  options.shards = shards;
  options.data = std::move(data);
  options.directory = directory;
  auto engine = generators::LoadEngine::make({std::move(target)}, std::move(loads), options);
  EXPECT_TRUE(ok(engine));
  if (!engine) return ran;
  const Instant start = std::chrono::steady_clock::now() + ahead;
  (*engine)->start(start);
  std::uint64_t sequence = 0;
  Instant next_collect = start;
  std::size_t done = 0;
  const auto collect = [&] {
    auto snapshot = (*engine)->collect();
    snapshot.sequence = ++sequence;
    ran.lateness_max = std::max(ran.lateness_max, snapshot.health.lateness_max);
    ran.cpu = std::max(ran.cpu, snapshot.health.cpu);
    EXPECT_TRUE(ran.ledger.add("agent", snapshot));
  };
  while (!(*engine)->is_done()) {
    const Instant now = std::chrono::steady_clock::now();
    if (now - start > patience) {
      ran.timed_out = true;
      break;
    }
    if (done < deeds.size() && start + deeds[done].at <= now) {
      const Deed& deed = deeds[done++];
      deed.to_engine ? deed.to_engine(**engine) : deed.act();
    }
    if (now >= next_collect) {
      collect();
      next_collect += 500ms;
    }
    std::this_thread::sleep_for(1ms);
  }
  ran.took = std::chrono::steady_clock::now() - start;
  collect();
  return ran;
}

/// Every request that was due is accounted for, exactly.
inline void expect_sums_hold(const SecondCell& cell) {
  EXPECT_EQ(cell.due, cell.sent + cell.unsent + cell.shed);
  EXPECT_EQ(cell.sent, cell.completed);
  EXPECT_EQ(cell.completed, cell.ok + cell.all_errors());
  EXPECT_EQ(cell.ok, cell.ok_by_due);
  EXPECT_EQ(cell.all_errors(), cell.errors_by_due);
  EXPECT_EQ(cell.of(Metric::kResponse).count(), cell.completed);
  EXPECT_EQ(cell.ok_response.count(), cell.ok);
  EXPECT_EQ(cell.status, cell.status_by_due);
}

inline std::uint64_t errors(const SecondCell& cell, ErrorClass error) {
  return cell.errors.at(static_cast<std::size_t>(error));
}

}  // namespace squall::test
