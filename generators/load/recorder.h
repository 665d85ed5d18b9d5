#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "generators/load/group_tally.h"
#include "generators/load/in_flight.h"
#include "harness/base/units.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// Counts what happens to one load on one shard, second by second of the timeline.
///
/// The shard counts into cells of its own; once a second it hands them over, and whoever collects
/// gives the emptied cells back. What happens before the start (connections are opened ahead of
/// it) counts in second 0.
///
/// Groups (the requests of one name, those to one address) are counted by small numbers; their
/// names come in when they are collected.
///
/// Lifecycle:  begin_at() and name_requests() before anything is counted.
/// Threads:    collect() from any thread; all the rest on the shard's.
/// Errors:     none.
class Recorder {
 public:
  /// The start of the load's timeline: where second 0 begins.
  void begin_at(Instant start) { start_ = start; }
  /// The names of the load's requests, by index. One alone is no group: it is the load. Before
  /// any other thread knows the recorder.
  void name_requests(std::vector<std::string> names);
  /// The number of an address, "127.0.0.1:8443"; 0 stands for none. The same for the same name.
  std::uint32_t address(std::string_view name);

  void due(Instant due) { ++cell(due).due; }
  void unsent(Instant due) { ++cell(due).unsent; }
  void shed(Instant due) { ++cell(due).shed; }
  void sent(Instant now) { ++cell(now).sent; }
  /// A request is sent once more; it was counted as sent the first time.
  void retried(Instant now) { ++cell(now).retried; }
  /// How late the generator itself was with a request, sent or given up.
  void late(Instant due, Duration lateness);
  /// The end of a sent request; `status` 0 when there was no whole answer.
  void ended(const InFlight& request, reports::ErrorClass error, int status, Instant now);
  /// The end of a request that counts as sent but never had a connection. It has a response time,
  /// up to `now`, but no service time. `request` is its index in the load.
  void failed_unconnected(Instant due, reports::ErrorClass error, Instant now,
                          std::uint32_t request = 0);
  void bytes(Instant now, std::uint64_t received, std::uint64_t sent);
  void datagrams(Instant now, std::uint64_t received, std::uint64_t dropped);
  void quic(Instant now, const reports::QuicCounts& counts) { cell(now).quic.add(counts); }
  void connection_opened(Instant now, std::uint32_t address = 0);
  void tls_resumed(Instant now) { ++cell(now).tls_resumed; }
  void connection_failed(Instant now, std::uint32_t address = 0);
  /// The load ended before it was up.
  void connection_given_up(Instant now) { ++cell(now).connections_given_up; }
  void connection_lost(Instant now, std::uint32_t address = 0);
  /// What becomes of walks through a flow.
  void flow_begun(Instant due) { ++cell(due).flows_begun; }
  void flow_completed(Instant now) { ++cell(now).flows_completed; }
  void flow_abandoned(Instant now) { ++cell(now).flows_abandoned; }
  void measured(Instant now, reports::Metric metric, Duration value);

  /// The longest late() since the last call.
  Duration take_longest_lateness();
  /// Makes what was counted so far available to collect().
  void hand_over();
  /// Adds what was handed over since the last call to `cells`, under the load's name.
  void collect(const std::string& load, std::vector<reports::LoadSecond>& cells);

 private:
  struct Second {
    std::int64_t second = 0;
    std::unique_ptr<TalliedSecond> cell;
  };

  TalliedSecond& cell(Instant when);
  TalliedSecond& find(std::int64_t second);

  Instant start_{};
  std::vector<Second> open_;  // Touched since the last hand-over, in no order.
  std::vector<std::unique_ptr<TalliedSecond>> spare_;
  std::vector<std::string> requests_;  // Names; empty where there is one request only.
  Duration longest_lateness_{};
  // The last two seconds looked up: requests alternate between the second they were due in and now.
  struct Recent {
    Instant begin{};
    TalliedSecond* cell = nullptr;
  };
  Recent recent_;
  Recent before_;

  std::mutex mutex_;
  std::vector<Second> handed_over_;                      // Guarded by mutex_.
  std::vector<std::unique_ptr<TalliedSecond>> emptied_;  // Guarded by mutex_.
  std::vector<std::string> addresses_{""};               // Guarded by mutex_. The first is none.
};

}  // namespace squall::generators
