#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/agent/agent.h"
#include "harness/agent/keepsake.h"
#include "harness/agent/line.h"
#include "harness/agent/part.h"
#include "harness/agent/witness.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/control/lease.h"

namespace squall::agent {

/// An agent's way through one run, from hello to finish.
///
/// Lifecycle:  made with a line to the coordinator → attend, once.
/// Threads:    one; `stop` may be set by any.
/// Errors:     what goes wrong once it was taken is told to the coordinator.
class Attendance {
 public:
  /// All must outlive it.
  Attendance(const AgentOptions& options, Line& line, const std::atomic<bool>& stop)
      : options_(options), line_(line), stop_(stop) {}

  /// What it says first on each stream.
  static wire::FromAgent hello_of(const AgentOptions& options);
  /// Whether the policy names this coordinator.
  static Result<void> trust(const AgentOptions& options, const control::AgentLink& link);
  /// False when the coordinator has no work for it now: it may be asked again. An Error also when
  /// the coordinator did not take its part to the end: it says where what was measured is kept.
  Result<bool> attend();
  /// Why it had no work; empty where that needs no words.
  const std::string& turned_away_because() const { return turned_away_because_; }

 private:
  /// Nothing when there will be none.
  Result<std::optional<wire::Share>> await_share();
  /// Goes through with its part of the run.
  Result<bool> take_part(const wire::Share& share);
  /// Has a witness tell the coordinator, should this process end before its part is over.
  void call_witness(const wire::Share& share);
  /// False when it could not, and has said so.
  bool prepare(const wire::Share& share);
  void listen_until(Instant deadline);
  void obey(const wire::ToAgent& order);
  void answer_lease(const wire::Lease& lease);
  void hand_over();
  void send_told();
  void send_snapshot();
  void look_around();
  /// While an autonomous fault is in force the lease waits for its end.
  Instant lease_lapses_at() const;
  /// Stops without having been told to by the coordinator, which then must not take it for an end.
  void give_up(const std::string& why);
  void stop(Duration drain);
  void finish();
  void say_done(const std::vector<std::string>& errors);
  void await_finish();
  /// Tells the coordinator, once, that its part ends before its time.
  void say_leaving(const std::string& why);
  /// The line has ended before there was work: why, as far as it can be told.
  std::string words_for_the_end() const;
  /// Writes down what nobody took; gives the Error that says so.
  Error keep_what_was_measured();
  const AgentOptions& options_;
  Line& line_;
  const std::atomic<bool>& stop_;
  std::optional<Witness> witness_;  // Of a fleet's agent, since it has a share.
  std::unique_ptr<Part> part_;
  std::optional<Keepsake> keepsake_;  // Since it has a part.
  std::optional<control::Lease> lease_;
  bool has_started_ = false;
  bool is_over_ = false;
  bool is_stopping_ = false;
  bool may_finish_ = false;
  bool is_dismissed_ = false;  // The coordinator has all that was measured.
  Instant start_;
  Instant stop_deadline_;
  Instant next_snapshot_;
  std::uint64_t sequence_ = 0;
  bool said_load_ended_ = false;
  bool has_load_ = false;
  std::optional<Instant> load_ended_;  // Or all of its part, where there was no load to end.
  std::string turned_away_because_;
  std::string left_because_;  // Empty: it did not leave before its time.
};

}  // namespace squall::agent
