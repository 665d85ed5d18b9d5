#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/histogram.h"
#include "reports/measure/outcome.h"

namespace squall::reports {

/// How a QUIC connection or a stream on it came to a bad end.
struct QuicError {
  std::string name;                   ///< As its RFC has it: "FLOW_CONTROL_ERROR"; or in words.
  std::optional<std::uint64_t> code;  ///< None where QUIC has none, as for an idle time-out.
  bool by_server = false;             ///< Who found it.
  bool is_of_stream = false;          ///< The connection goes on.
  bool in_handshake = false;          ///< The connection was never up.

  auto operator<=>(const QuicError&) const = default;
};

/// What only HTTP/3 has to count, and a way to it, in one second. Sums, so that seconds add up.
struct QuicCounts {
  static constexpr std::size_t kMostErrors = 64;  ///< Kinds: a server may make up any number.

  std::uint64_t early_sent = 0;        ///< Requests sent ahead of the handshake's end (0-RTT),
  std::uint64_t early_accepted = 0;    ///< those which it took (of a handshake that ended well),
  std::uint64_t early_rejected = 0;    ///< those which the server did not take so: sent again,
  std::uint64_t early_refused = 0;     ///< and those answered with 425 Too Early: sent again, too.
  std::uint64_t early_answers = 0;     ///< Connections whose first answer was to an early request:
  std::uint64_t early_answers_us = 0;  ///< from sending it to its first byte, in all.
  std::uint64_t full_answers = 0;      ///< Connections whose whole handshake came first:
  std::uint64_t full_answers_us = 0;   ///< that, and from sending to the first byte, in all.
  std::uint64_t resumed_answers = 0;   ///< The same of those that resumed a session, and sent
  std::uint64_t resumed_answers_us = 0;  ///< nothing early.
  /// Looks at a connection, about one a second for each that is in use:
  std::uint64_t path_samples = 0;
  std::uint64_t path_rtt_us = 0;   ///< its smoothed round trip time, in all,
  std::uint64_t path_window = 0;   ///< and its congestion window in bytes, in all.
  std::uint64_t packets_sent = 0;  ///< Once the handshake was done,
  std::uint64_t packets_lost = 0;  ///< and of these.
  /// With `auto`, of connections to an origin that has said that it speaks HTTP/3 (RFC 7838, 9460):
  std::uint64_t alternatives = 0;            ///< opened over QUIC as it says,
  std::uint64_t alternatives_by_record = 0;  ///< those of them of which the DNS had told;
  std::uint64_t fell_back = 0;               ///< over TCP, because QUIC was not up in time,
  std::uint64_t fell_back_us = 0;            ///< begun so much later for that, in all;
  std::uint64_t avoided = 0;    ///< and at once over TCP, because it had lately been so.
  std::uint64_t silent = 0;     ///< Those over QUIC that were given up, nothing being heard,
  std::uint64_t silent_us = 0;  ///< after so long, in all.
  /// Datagrams that came with a mark of ECN's (RFC 3168 §5).
  std::uint64_t ecn_ect0 = 0;
  std::uint64_t ecn_ect1 = 0;
  std::uint64_t ecn_ce = 0;
  std::map<QuicError, std::uint64_t> errors;

  /// Beyond so many kinds, others count as one: QuicError{}.
  void count(const QuicError& error, std::uint64_t times = 1);
  void add(const QuicCounts& other);
  bool operator==(const QuicCounts&) const = default;
};

/// What early data saved of the way to a connection's first answer.
struct TimeSaved {
  double milliseconds = 0;   ///< On the mean; less than 0 where it was slower.
  std::string_view against;  ///< "resumed" handshakes, or "full" ones for want of those.
};

/// None where fewer than ten connections of either kind answered.
std::optional<TimeSaved> time_saved(const QuicCounts& counts);

/// What was counted of one load in one second of the timeline; see SecondCell.
struct SecondCounts {
  std::uint64_t due = 0;
  std::uint64_t unsent = 0;         ///< Never started, because the load ended first.
  std::uint64_t shed = 0;           ///< Not started, because older than the target's `deadline`.
  std::uint64_t ok_by_due = 0;      ///< Of those due in this second, ended ok.
  std::uint64_t errors_by_due = 0;  ///< Of those due in this second, ended as an error.
  /// Started: written to a connection, or failed for want of one (resolve, connect, tls).
  std::uint64_t sent = 0;
  std::uint64_t completed = 0;  ///< Ended, well or not.
  std::uint64_t ok = 0;
  std::array<std::uint64_t, kErrorClasses> errors{};  ///< By ErrorClass; [kNone] stays 0.
  std::map<int, std::uint64_t> status;                ///< Of whole answers.
  std::map<int, std::uint64_t> status_by_due;
  std::uint64_t bytes_received = 0;  ///< On the wire above TCP or UDP, TLS included.
  std::uint64_t bytes_sent = 0;
  std::uint64_t datagrams_received = 0;  ///< Over UDP only.
  std::uint64_t datagrams_dropped = 0;   ///< By the kernel, whose buffer for them was full.
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_failed = 0;
  std::uint64_t connections_lost = 0;
  /// Begun, and not up when the load ended. Each that was begun is opened, failed or this.
  std::uint64_t connections_given_up = 0;
  std::uint64_t tls_resumed = 0;  ///< Of those opened, with a TLS session of an earlier one.
  /// Sent a second time, because the server had not processed them (RFC 9113 §8.7). Each counts
  /// once in `sent`, and ends once.
  std::uint64_t retried = 0;
  QuicCounts quic;
  std::uint64_t flows_begun = 0;      ///< A user began with the first step,
  std::uint64_t flows_completed = 0;  ///< came to the end of the last,
  std::uint64_t flows_abandoned = 0;  ///< or gave up, because a step was not ok.

  /// All errors, of whatever class.
  std::uint64_t all_errors() const;

  void add(const SecondCounts& other);
  bool operator==(const SecondCounts&) const = default;
};

/// What a group of a load's requests came to in one second: those of one name, or those that went
/// to one address. Requests by the second in which they were due, connections by that in which it
/// happened.
struct GroupCounts {
  std::uint64_t ok = 0;
  std::array<std::uint64_t, kErrorClasses> errors{};  ///< By ErrorClass; [kNone] stays 0.
  std::map<int, std::uint64_t> status;
  std::uint64_t connections_opened = 0;  ///< Of an address; so are the next two.
  std::uint64_t connections_failed = 0;
  std::uint64_t connections_lost = 0;

  void add(const GroupCounts& other);
  bool operator==(const GroupCounts&) const = default;
};

/// A group's counts, and the latencies behind them.
struct GroupCell : GroupCounts {
  Histogram response;     ///< Of all that ended.
  Histogram ok_response;  ///< Of ok answers only.

  void merge(const GroupCell& other);
  bool operator==(const GroupCell&) const = default;
};

/// Groups by their names.
using GroupCells = std::map<std::string, GroupCell>;

/// What was measured of one load in one second of the timeline. Cells add up: the cell of a load's
/// second is the sum of all cells for it, from any shard, agent and moment.
///
/// Every request that falls due is counted once in `due` and ends as exactly one of unsent, shed
/// or sent; every sent one ends as ok or as one error. `due`, `unsent`, `shed`, `ok_by_due`,
/// `errors_by_due`, `status_by_due` and the request histograms belong to the second in which the
/// request was due; `sent`, `completed`, `ok`, `errors`, `status`, bytes and connections to the
/// second in which it happened.
struct SecondCell : SecondCounts {
  std::array<Histogram, kMetrics> latency;  ///< By Metric.
  /// `response` of ok answers only, for objectives with `within`. By due second.
  Histogram ok_response;
  GroupCells requests;   ///< By the request's name. Empty where a load has one request only.
  GroupCells addresses;  ///< By "ADDRESS:PORT", as dialled.

  Histogram& of(Metric metric) { return latency.at(static_cast<std::size_t>(metric)); }
  const Histogram& of(Metric metric) const { return latency.at(static_cast<std::size_t>(metric)); }

  void merge(const SecondCell& other);
  /// Empties it; the histograms keep their memory.
  void clear();
  bool empty() const;
  bool operator==(const SecondCell&) const = default;
};

/// The generator's own health in one second. What the system does not tell has no figure.
struct Health {
  double cpu = 0;                      ///< Busiest shard's share of a core, 0 to 1.
  std::uint64_t backlog = 0;           ///< Due requests that wait for a free stream, all loads.
  std::uint64_t in_flight = 0;         ///< Sent, not ended.
  std::uint64_t descriptors = 0;       ///< Open in the process,
  std::uint64_t descriptor_limit = 0;  ///< of so many; 0: no limit is known.
  Duration lateness_max{};             ///< The longest of Metric::kLateness.
  /// The longest that a shard was ready to run in this second, and was not let.
  std::optional<Duration> descheduled_max{};
  std::optional<Duration> throttled{};  ///< For how long the process' CPU quota held it back.
  Duration clock_jump{};                ///< By how much the wall clock was set, either way.
  /// Share of the local ports in use that connect one local address with one remote address and
  /// port, of the busiest such pair, 0 to 1.
  std::optional<double> ports{};

  /// Of two figures for one second, the worse.
  void worsen(const Health& other);
};

/// A load's cell of one second, as it travels.
struct LoadSecond {
  std::string load;
  std::int64_t second = 0;  ///< From the start of the load; [second, second + 1).
  SecondCell cell;          ///< What is new since the last snapshot: a delta, to be added.
};

/// What one agent measured since its last snapshot.
struct Snapshot {
  std::uint64_t sequence = 0;  ///< From 1, no gaps; a repeated one is dropped by the ledger.
  std::int64_t second = 0;     ///< The second of the timeline that has just ended.
  std::vector<LoadSecond> cells;
  Health health;
};

}  // namespace squall::reports
