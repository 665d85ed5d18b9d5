#include "harness/agent/agent.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/agent/part.h"
#include "harness/base/log.h"
#include "harness/base/version.h"
#include "harness/control/agent_link.h"
#include "harness/control/convert.h"
#include "harness/control/lease.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kJoinWithin = 10s;
/// How often the agent looks around while nothing is said to it.
constexpr Duration kTick = 20ms;
/// After the end of a second, so that every shard has handed over what it measured in it.
constexpr Duration kHandOver = 100ms;

/// What ended a preparation. These codes only repeat what the words say.
std::string in_words(const Error& failure) {
  for (const std::errc code : {std::errc::operation_canceled, std::errc::timed_out,
                               std::errc::invalid_argument, std::errc::no_such_process}) {
    if (failure.code == code && !failure.trail.empty()) return failure.trail;
  }
  return failure.message();
}

/// A coordinator that was killed leaves its socket, in a folder that is its own, and cannot clean
/// up any more.
void remove_socket(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (!address.starts_with(kUnix)) return;
  const std::filesystem::path socket = address.substr(kUnix.size());
  std::error_code ignored;
  if (!std::filesystem::is_socket(socket, ignored)) return;
  std::filesystem::remove(socket, ignored);
  std::filesystem::remove(socket.parent_path(), ignored);  // Only when there is nothing else in it.
}

/// An agent's way through one run, from hello to finish.
class Attendance {
 public:
  Attendance(const AgentOptions& options, control::AgentLink& link, const std::atomic<bool>& stop)
      : options_(options), link_(link), stop_(stop) {}

  Result<void> attend() {
    if (auto sent = say_hello(); !sent) return sent;
    auto share = await_share();
    if (!share) return std::move(share).error();
    if (!prepare(*share)) return {};
    while (!is_over_) {
      listen_until(Clock::now() + kTick);
      if (has_started_) hand_over();
      look_around();
    }
    finish();
    if (is_cut_off_) remove_socket(options_.join);
    return {};
  }

 private:
  Result<void> say_hello();
  Result<wire::Share> await_share();
  /// False when it could not, and has said so.
  bool prepare(const wire::Share& share);
  void listen_until(Instant deadline);
  void obey(const control::Heard& heard);
  void hand_over();
  void send_told();
  void send_snapshot();
  void look_around();
  /// Stops without having been told to by the coordinator, which then must not take it for an end.
  void give_up(const std::string& why);
  void stop(Duration drain);
  void finish();
  void say_done(const std::vector<std::string>& errors);
  void await_finish();
  /// What cannot be sent is lost with the coordinator; the stream's end is noticed where it is
  /// read.
  void send(const wire::FromAgent& message) {
    if (auto sent = link_.send(message); !sent) log_debug(sent.error().message());
  }

  const AgentOptions& options_;
  control::AgentLink& link_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<Part> part_;
  std::optional<control::Lease> lease_;
  bool has_started_ = false;
  bool is_over_ = false;
  bool is_stopping_ = false;
  bool is_cut_off_ = false;  // The stream has ended.
  bool may_finish_ = false;
  Instant start_;
  Instant stop_deadline_;
  Instant next_snapshot_;
  std::uint64_t sequence_ = 0;
  std::vector<std::string> given_up_;
  bool said_load_ended_ = false;
};

Result<void> Attendance::say_hello() {
  wire::FromAgent message;
  wire::Hello& hello = *message.mutable_hello();
  hello.set_name(options_.name);
  hello.set_version(std::string(version()));
  for (const auto& [key, value] : options_.labels) (*hello.mutable_labels())[key] = value;
  return link_.send(message);
}

Result<wire::Share> Attendance::await_share() {
  const Instant deadline = Clock::now() + 60s;
  while (Clock::now() < deadline && !stop_) {
    auto heard = link_.hear(Clock::now() + kTick);
    if (!heard) continue;
    if (heard->order.has_share()) return std::move(*heard->order.mutable_share());
    if (heard->order.has_refused()) {
      return error(std::errc::connection_refused, heard->order.refused().why());
    }
    if (heard->ended || heard->order.has_stop()) {
      return error(std::errc::operation_canceled, "wait for work");
    }
    obey(*heard);
  }
  return error(std::errc::timed_out, "wait for work");
}

bool Attendance::prepare(const wire::Share& share) {
  auto part = Part::prepare(share, options_.squall_program);
  wire::FromAgent message;
  message.mutable_prepared();
  if (!part) {
    message.mutable_prepared()->set_error(in_words(part.error()));
    send(message);
    say_done({});
    await_finish();
    return false;
  }
  part_ = *std::move(part);
  lease_.emplace(part_->lease_length(), Clock::now());
  send_told();
  send(message);
  return true;
}

void Attendance::listen_until(Instant deadline) {
  while (auto heard = link_.hear(deadline)) {
    obey(*heard);
    if (Clock::now() >= deadline) break;
  }
}

void Attendance::obey(const control::Heard& heard) {
  if (heard.ended) {
    is_cut_off_ = true;
    return;
  }
  const wire::ToAgent& order = heard.order;
  switch (order.what_case()) {
    case wire::ToAgent::kLease: {
      const Instant now = Clock::now();
      if (lease_) lease_->renew(now);
      wire::FromAgent message;
      message.mutable_lease_seen()->set_coordinator_ns(order.lease().coordinator_ns());
      message.mutable_lease_seen()->set_agent_ns(now.time_since_epoch().count());
      send(message);
      break;
    }
    case wire::ToAgent::kStart:
      if (has_started_ || is_stopping_ || !part_) break;
      start_ = Instant(Duration(order.start().at_ns()));
      part_->start(start_);
      has_started_ = true;
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
    case wire::ToAgent::kBeginRow:
      if (part_ && !is_stopping_) part_->begin_row(order.begin_row());
      break;
    case wire::ToAgent::kEndRow:
      if (part_ && !is_stopping_) part_->end_row();
      break;
    case wire::ToAgent::kFinish:
      may_finish_ = true;
      break;
    default:
      break;
  }
}

void Attendance::look_around() {
  const Instant now = Clock::now();
  if (is_cut_off_ && !is_stopping_) {
    give_up("the coordinator is gone");
  } else if (lease_->has_lapsed(now) && !is_stopping_) {
    give_up("the lease has lapsed");
  } else if (stop_ && !is_stopping_) {
    give_up("a signal told it to end");
  }
  if (is_stopping_) {
    is_over_ = !has_started_ || part_->load_is_done() || now >= stop_deadline_;
  } else {
    is_over_ = has_started_ && part_->is_over();
  }
}

void Attendance::give_up(const std::string& why) {
  log_warning(why + ": load stops, faults are undone");
  given_up_.push_back(options_.name + " ended its part early: " + why);
  stop(Duration::zero());
}

void Attendance::stop(Duration drain) {
  const Instant deadline = Clock::now() + drain + 2s;
  stop_deadline_ = is_stopping_ ? std::min(stop_deadline_, deadline) : deadline;
  is_stopping_ = true;
  if (part_) part_->stop(drain);
}

void Attendance::hand_over() {
  send_told();
  const Instant now = Clock::now();
  if (!said_load_ended_ && part_->load_is_done()) {
    said_load_ended_ = true;
    wire::FromAgent message;
    *message.mutable_event() = control::to_message(reports::Event{.at = now - start_,
                                                                  .agent = {},
                                                                  .kind = "load.ended",
                                                                  .subject = {},
                                                                  .detail = "all load has ended"});
    send(message);
  }
  if (now >= next_snapshot_) {
    send_snapshot();
    while (next_snapshot_ <= now) next_snapshot_ += 1s;
  }
}

void Attendance::send_told() {
  const Part::Told told = part_->take_told();
  for (const reports::Event& event : told.events) {
    wire::FromAgent message;
    *message.mutable_event() = control::to_message(event);
    send(message);
  }
  for (const reports::FaultRecord& fault : told.faults) {
    wire::FromAgent message;
    *message.mutable_fault() = control::to_message(fault);
    send(message);
  }
}

void Attendance::send_snapshot() {
  reports::Snapshot snapshot = part_->collect();
  snapshot.sequence = ++sequence_;
  const auto whole_seconds =
      std::chrono::floor<std::chrono::seconds>(Clock::now() - start_ - kHandOver);
  snapshot.second = whole_seconds.count() - 1;
  wire::FromAgent message;
  *message.mutable_snapshot() = control::to_message(snapshot);
  send(message);
}

void Attendance::finish() {
  // Cut-off or not, the order is the same: faults are undone before services are stopped.
  std::vector<std::string> errors = part_->end();
  errors.insert(errors.end(), given_up_.begin(), given_up_.end());
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
  send(message);
}

void Attendance::await_finish() {
  const Instant deadline = Clock::now() + 5s;
  while (!may_finish_ && !is_cut_off_ && Clock::now() < deadline) {
    listen_until(Clock::now() + kTick);
  }
}

}  // namespace

Result<void> attend(const AgentOptions& options, const std::atomic<bool>& stop) {
  constexpr std::size_t kMostWarnings = 100;
  keep_warnings(kMostWarnings);
  SQUALL_TRY(const auto link, control::AgentLink::dial(options.join, kJoinWithin));
  return Attendance(options, *link, stop).attend();
}

}  // namespace squall::agent
