#include "harness/agent/attendance.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/agent/state_directory.h"
#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/control/clock_exchange.h"
#include "harness/control/convert.h"
#include "harness/control/protocol.h"
#include "scenarios/plan/autonomy.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often the agent looks around while nothing is said to it.
constexpr Duration kTick = 20ms;
/// After the end of a second, so that every shard has handed over what it measured in it.
constexpr Duration kHandOver = 100ms;
/// A coordinator that takes agents renews leases each second.
constexpr Duration kSilence = 15s;
/// So long it waits to be told that all was taken; and so long when a signal told it to end.
constexpr Duration kFinishWithin = 5s;
constexpr Duration kLeaveWithin = 1500ms;
/// What is in flight is ended, and shards hand over what they measured.
constexpr Duration kHurry = 2s;
constexpr const char* kSignalled = "a signal told it to end";

/// What ended a preparation. These codes only repeat what the words say.
std::string why_not_prepared(const Error& failure) {
  for (const std::errc code : {std::errc::operation_canceled, std::errc::timed_out,
                               std::errc::invalid_argument, std::errc::no_such_process}) {
    if (failure.code == code && !failure.trail.empty()) return failure.trail;
  }
  return in_words(failure);
}

constexpr std::string_view kUnix = "unix:";

bool is_behind_a_socket(const std::string& address) { return address.starts_with(kUnix); }

/// A coordinator that was killed leaves its socket, in a folder that is its own, and cannot clean
/// up any more.
void remove_socket(const std::string& address) {
  if (!is_behind_a_socket(address)) return;
  const std::filesystem::path socket = address.substr(kUnix.size());
  std::error_code ignored;
  if (!std::filesystem::is_socket(socket, ignored)) return;
  std::filesystem::remove(socket, ignored);
  std::filesystem::remove(socket.parent_path(), ignored);  // Only when there is nothing else in it.
}

}  // namespace

wire::FromAgent Attendance::hello_of(const AgentOptions& options) {
  wire::FromAgent message;
  wire::Hello& hello = *message.mutable_hello();
  hello.set_name(options.name);
  control::sign(hello);
  for (const auto& [key, value] : options.labels) (*hello.mutable_labels())[key] = value;
  return message;
}

Result<void> Attendance::trust(const AgentOptions& options, const control::AgentLink& link) {
  if (!options.credentials) return {};
  SQUALL_TRY(const trust::Identity who, link.coordinator());
  const auto& names = options.policy.value_or(Policy()).coordinators;
  const bool is_named = who.role == trust::Identity::Role::kCoordinator &&
                        std::find(names.begin(), names.end(), who.name) != names.end();
  if (is_named) return {};
  return reason(std::errc::permission_denied,
                "take orders from coordinator " + who.name + ", whom the policy does not name");
}

Result<bool> Attendance::attend() {
  auto share = await_share();
  if (!share) return std::move(share).error();
  if (!*share) return false;
  // Half of the lease is left for another stream.
  line_.resume_as((*share)->run_id(), Duration((*share)->lease_ns()) / 2);
  call_witness(**share);
  auto attended = take_part(**share);
  if (witness_) witness_->end();
  return attended;
}

void Attendance::call_witness(const wire::Share& share) {
  // The coordinator sees by itself how a child ends, and an agent that was started by ssh.
  if (is_behind_a_socket(options_.join)) return;
  wire::Testimony testimony;
  testimony.set_join(options_.join);
  *testimony.mutable_hello() = hello_of(options_).hello();
  testimony.mutable_hello()->set_run_id(share.run_id());
  testimony.mutable_hello()->set_process_ended(true);
  testimony.set_patience_ns(share.lease_ns());
  if (options_.credentials) {
    testimony.set_authority(options_.credentials->authority);
    testimony.set_certificate(options_.credentials->own.certificate);
    testimony.set_key(options_.credentials->own.key);
  }
  auto witness = Witness::start(options_.squall_program, testimony);
  if (witness) {
    witness_.emplace(*std::move(witness));
  } else {
    log_warning(in_words(witness.error()) +
                ": should this agent die, the coordinator knows when its lease has lapsed");
  }
}

Result<bool> Attendance::take_part(const wire::Share& share) {
  if (!prepare(share)) return true;
  while (!is_over_) {
    listen_until(Clock::now() + kTick);
    if (has_started_) hand_over();
    look_around();
  }
  finish();
  if (line_.has_ended()) remove_socket(options_.join);
  // Who was told to end may have to go before it is told that all was taken.
  const bool is_taken = is_dismissed_ || (stop_ && line_.is_settled());
  if (has_started_ && !is_taken) return keep_what_was_measured();
  return true;
}

Result<std::optional<wire::Share>> Attendance::await_share() {
  // While others are waited for, leases tell that the coordinator is there.
  Instant heard_last = Clock::now();
  while (Clock::now() - heard_last < kSilence && !stop_) {
    auto order = line_.hear(Clock::now() + kTick);
    if (line_.distrust()) return *line_.distrust();
    if (line_.has_ended()) {
      turned_away_because_ = words_for_the_end();
      return std::optional<wire::Share>();
    }
    if (!order) continue;
    heard_last = Clock::now();
    if (order->has_share()) return std::optional(std::move(*order->mutable_share()));
    if (order->has_refused()) {
      const wire::Refused& refused = order->refused();
      if (refused.for_good()) return reason(std::errc::connection_refused, refused.why());
      turned_away_because_ = "the coordinator does not take it: " + refused.why();
      return std::optional<wire::Share>();
    }
    if (order->has_stop()) return std::optional<wire::Share>();
    obey(*order);
  }
  if (stop_ && !line_.has_ended()) {
    // It may count on this agent already.
    say_leaving(kSignalled);
    const Instant deadline = Clock::now() + kLeaveWithin;
    while (!line_.is_settled() && !line_.has_ended() && Clock::now() < deadline) {
      line_.hear(Clock::now() + kTick);
    }
  }
  return std::optional<wire::Share>();
}

std::string Attendance::words_for_the_end() const {
  if (line_.was_heard()) return "the coordinator has gone";
  const std::string& why = line_.ended_because();
  return "the coordinator at " + options_.join +
         " does not take this agent: " + (why.empty() ? "it ends the connection" : why);
}

bool Attendance::prepare(const wire::Share& share) {
  auto part = Part::prepare(share, {.squall_program = options_.squall_program,
                                    .coordinator = line_.endpoint(),
                                    .policy = options_.policy,
                                    .witness = witness_ ? witness_->pid() : 0});
  wire::FromAgent message;
  message.mutable_prepared();
  if (!part) {
    message.mutable_prepared()->set_error(why_not_prepared(part.error()));
    line_.send(std::move(message));
    say_done({});
    await_finish();
    return false;
  }
  part_ = *std::move(part);
  keepsake_.emplace(options_.name, share, part_->scenario(), part_->plan());
  has_load_ = share.loads_size() > 0;
  lease_.emplace(part_->lease_length(), Clock::now());
  send_told();
  line_.send(std::move(message));
  return true;
}

void Attendance::listen_until(Instant deadline) {
  while (const auto order = line_.hear(deadline)) {
    obey(*order);
    if (Clock::now() >= deadline) break;
  }
}

void Attendance::obey(const wire::ToAgent& order) {
  switch (order.what_case()) {
    case wire::ToAgent::kLease:
      answer_lease(order.lease());
      break;
    case wire::ToAgent::kRefused:
      if (!is_stopping_) give_up("the coordinator does not take it back: " + order.refused().why());
      may_finish_ = true;
      break;
    case wire::ToAgent::kStart:
      if (has_started_ || is_stopping_ || !part_) break;
      start_ = Instant(Duration(order.start().at_ns()));
      part_->start(start_);
      has_started_ = true;
      part_->allow_until(lease_lapses_at());
      next_snapshot_ = start_ + 1s + kHandOver;
      break;
    case wire::ToAgent::kStop:
      if (order.stop().at_once()) {
        stop(Duration::zero());
      } else if (part_) {
        stop(part_->longest_timeout());
      }
      break;
    case wire::ToAgent::kPace:
      if (part_ && !is_stopping_) part_->pace(order.pace());
      break;
    case wire::ToAgent::kMoreUsers:
      if (part_ && !is_stopping_) part_->add_users(order.more_users());
      break;
    case wire::ToAgent::kBeginRow:
      if (part_ && !is_stopping_) part_->begin_row(order.begin_row());
      break;
    case wire::ToAgent::kEndRow:
      if (part_ && !is_stopping_) part_->end_row();
      break;
    case wire::ToAgent::kStopFault:
      if (part_ && !is_stopping_) part_->stop_fault(order.stop_fault());
      break;
    case wire::ToAgent::kFinish:
      is_dismissed_ = may_finish_ = true;
      break;
    default:
      break;
  }
}

void Attendance::answer_lease(const wire::Lease& lease) {
  const Instant now = Clock::now();
  if (lease_) {
    const Instant granted(Duration(lease.agent_ns()));
    lease_->renew(lease.agent_ns() == 0 ? now : std::min(granted, now));
    if (has_started_ && !is_stopping_) part_->allow_until(lease_lapses_at());
  }
  wire::FromAgent message;
  *message.mutable_lease_seen() = control::answer(lease, control::Clocks::here());
  line_.send(std::move(message));
}

void Attendance::look_around() {
  const Instant now = Clock::now();
  if (line_.has_ended() && !is_stopping_) {
    give_up("the coordinator is gone");
  } else if ((now >= lease_lapses_at() || (part_ && part_->has_lapsed())) && !is_stopping_) {
    give_up("the lease has lapsed");
  } else if (stop_ && !is_stopping_) {
    give_up(kSignalled);
  } else if (stop_ && stop_deadline_ > now + kHurry) {
    stop(Duration::zero());  // It drains, by the coordinator's word: for no longer than it must.
  }
  if (is_stopping_) {
    is_over_ = !has_started_ || part_->load_is_done() || now >= stop_deadline_;
  } else {
    is_over_ = has_started_ && part_->is_over() && !part_->has_lapsed();
  }
}

Instant Attendance::lease_lapses_at() const {
  if (!has_started_) return lease_->lapses_at();
  return start_ + scenarios::may_be_silent_until(part_->plan(), lease_->renewed_at() - start_,
                                                 lease_->length());
}

void Attendance::give_up(const std::string& why) {
  log_warning(why + ": load stops, faults are undone");
  say_leaving(why);
  stop(Duration::zero());
}

void Attendance::say_leaving(const std::string& why) {
  wire::FromAgent message;
  message.mutable_leaving()->set_why(why);
  left_because_ = why;
  line_.send(std::move(message));
}

void Attendance::stop(Duration drain) {
  const Instant deadline = Clock::now() + drain + kHurry;
  stop_deadline_ = is_stopping_ ? std::min(stop_deadline_, deadline) : deadline;
  is_stopping_ = true;
  if (part_) part_->stop(drain);
}

void Attendance::hand_over() {
  send_told();
  const Instant now = Clock::now();
  if (!said_load_ended_ && part_->load_is_done()) {
    said_load_ended_ = true;
    if (has_load_) load_ended_ = now;
    wire::FromAgent message;
    *message.mutable_event() = control::to_message(reports::Event{.at = now - start_,
                                                                  .agent = {},
                                                                  .kind = "load.ended",
                                                                  .subject = {},
                                                                  .detail = "all load has ended"});
    line_.send(std::move(message));
  }
  if (now >= next_snapshot_) {
    send_snapshot();
    while (next_snapshot_ <= now) next_snapshot_ += 1s;
  }
}

void Attendance::send_told() {
  const Part::Told told = part_->take_told();
  for (const reports::Event& event : told.events) {
    keepsake_->take(event);
    wire::FromAgent message;
    *message.mutable_event() = control::to_message(event);
    line_.send(std::move(message));
  }
  for (const reports::FaultRecord& fault : told.faults) {
    keepsake_->take(fault);
    wire::FromAgent message;
    *message.mutable_fault() = control::to_message(fault);
    line_.send(std::move(message));
  }
}

void Attendance::send_snapshot() {
  reports::Snapshot snapshot = part_->collect();
  snapshot.sequence = ++sequence_;
  const auto whole_seconds =
      std::chrono::floor<std::chrono::seconds>(Clock::now() - start_ - kHandOver);
  snapshot.second = whole_seconds.count() - 1;
  keepsake_->take(snapshot);
  wire::FromAgent message;
  *message.mutable_snapshot() = control::to_message(snapshot);
  line_.send(std::move(message));
}

void Attendance::finish() {
  // What is done from here on is no part of what it measured, nor is the wait to be let go.
  if (!load_ended_) load_ended_ = Clock::now();
  // Cut-off or not, the order is the same: faults are undone before services are stopped.
  const std::vector<std::string> errors = part_->end();
  if (has_started_) {
    hand_over();
    send_snapshot();
  }
  send_told();
  say_done(errors);
  await_finish();
}

void Attendance::say_done(const std::vector<std::string>& errors) {
  wire::FromAgent message;
  message.mutable_done();
  for (const std::string& failed : errors) message.mutable_done()->add_errors(failed);
  line_.send(std::move(message));
}

void Attendance::await_finish() {
  const Instant begun = Clock::now();
  // What was measured must arrive, also when the line is cut just now.
  const Duration until_back = lease_ ? lease_->length() : Duration::zero();
  while (!may_finish_ && !line_.has_ended()) {
    const Duration patience = stop_                ? kLeaveWithin
                              : line_.is_settled() ? kFinishWithin
                                                   : kFinishWithin + until_back;
    if (Clock::now() - begun >= patience) break;
    listen_until(Clock::now() + kTick);
  }
}

Error Attendance::keep_what_was_measured() {
  const std::string why = left_because_.empty()
                              ? "the coordinator did not take all that it measured"
                              : options_.name + " ended its part early: " + left_because_;
  const Instant ended = load_ended_.value_or(Clock::now());
  const Duration since = Clock::now() - ended;
  keepsake_->end(ended - start_,
                 std::chrono::system_clock::now() -
                     std::chrono::duration_cast<std::chrono::system_clock::duration>(since),
                 why);
  const auto write = [this]() -> Result<std::filesystem::path> {
    SQUALL_TRY(const auto state, state_directory());
    return keepsake_->write(state);
  };
  const auto kept = write();
  return reason(std::errc::connection_aborted,
                why + (kept ? "; what it measured is in " + kept->string()
                            : "; what it measured is lost: " + in_words(kept.error())));
}

}  // namespace squall::agent
