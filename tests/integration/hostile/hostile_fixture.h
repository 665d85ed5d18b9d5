#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/integration/generators/load_fixture.h"
#include "tests/support/h2_frames.h"
#include "tests/support/scripted_server.h"

namespace squall::test {

using generators::Protocol;

/// What every case offers: 100 requests in half a second, on one connection unless it says more.
inline constexpr std::uint64_t kRequests = 100;
/// A request's time where none is to time out: enough for a busy machine under sanitizers.
inline constexpr Duration kAmple = 4s;
/// And where some are.
inline constexpr Duration kBrief = 300ms;
/// How much longer than it must take at the most a case may take.
inline constexpr Duration kGrace = 3s;

inline TargetSpec hostile_target(std::uint16_t port, Protocol protocol = Protocol::kH2c) {
  TargetSpec target = target_at(port, protocol, 1, 100);
  target.tls.verify = false;
  target.timeout = kAmple;
  target.reconnect = {10ms, 50ms};
  return target;
}

inline LoadSpec hostile_load() { return open_load(200, 500ms); }

/// A load that uploads more than any window that was not raised.
inline LoadSpec upload_load(std::size_t size) {
  LoadSpec load = hostile_load();
  load.requests[0].method = "POST";
  load.requests[0].body.emplace();
  load.requests[0].body->parts.emplace_back(std::string(size, 'u'));
  return load;
}

/// Offers a load to a server, and holds it to its time and its sums. What came of it is returned.
inline SecondCell suffer(const TargetSpec& target, const LoadSpec& load = hostile_load()) {
  // What waits may still be sent for one timeout, and then has its own.
  const Duration longest = load.length() + 2 * target.timeout + kGrace;
  const Ran ran = run_loads(target, {load}, {}, longest, 1, 100ms);
  EXPECT_FALSE(ran.timed_out);
  SecondCell total = ran.total();
  EXPECT_EQ(total.due, kRequests);
  expect_sums_hold(total);
  return total;
}

inline SecondCell suffer(const ScriptedServer& server, const LoadSpec& load = hostile_load()) {
  return suffer(hostile_target(server.port()), load);
}

inline SecondCell suffer_briefly(TargetSpec target, const LoadSpec& load = hostile_load()) {
  target.timeout = kBrief;
  return suffer(target, load);
}

inline SecondCell suffer_briefly(const ScriptedServer& server,
                                 const LoadSpec& load = hostile_load()) {
  return suffer_briefly(hostile_target(server.port()), load);
}

/// Errors of these classes, and those that were never sent, are all that became of the load.
inline void expect_nothing_but(const SecondCell& total, std::initializer_list<ErrorClass> classes) {
  std::uint64_t explained = total.unsent;
  for (const ErrorClass error : classes) explained += errors(total, error);
  EXPECT_EQ(explained, total.due);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_GT(total.all_errors(), 0U);
}

/// Each request ended as this error.
inline void expect_all(const SecondCell& total, ErrorClass error) {
  EXPECT_EQ(errors(total, error), total.due) << reports::to_string(error);
}

/// Each request was answered, with this status.
inline void expect_all_ok(const SecondCell& total, int status = 200) {
  EXPECT_EQ(total.ok, total.due);
  EXPECT_EQ(total.status, (std::map<int, std::uint64_t>{{status, total.due}}));
}

}  // namespace squall::test
