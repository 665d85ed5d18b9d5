#include "harness/coordinator/conductor.h"

#include <chrono>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "faults/spec/signals.h"
#include "harness/base/log.h"
#include "harness/base/peer_words.h"
#include "harness/control/clock_exchange.h"
#include "harness/control/convert.h"
#include "harness/control/protocol.h"
#include "harness/coordinator/placement.h"
#include "harness/coordinator/this_machine.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// From the order to start to the start of the load: connections are opened meanwhile.
constexpr Duration kHeadStart = 700ms;
constexpr Duration kJoinWithin = 15s;
/// What an agent is granted on top of the scenario's own limits before it counts as hung.
constexpr Duration kGrace = 15s;
/// How often the coordinator looks at requests to stop while nothing arrives.
constexpr Duration kTick = 50ms;
/// What arrives meanwhile is taken together: to be woken for each message costs more than most.
constexpr Duration kGather = 2ms;

/// Bytes of what an agent says of itself.
constexpr std::size_t kLongestWords = 300;

Duration longest_timeout(const scenarios::Scenario& scenario) {
  Duration longest{};
  for (const auto& target : scenario.targets) longest = std::max(longest, target.timeout);
  return longest;
}

Duration slowest_ready(const scenarios::Scenario& scenario) {
  Duration slowest{};
  for (const auto& service : scenario.services) {
    if (service.ready) slowest = std::max(slowest, service.ready->within);
  }
  return slowest;
}

Duration slowest_stop(const scenarios::Scenario& scenario) {
  Duration slowest{};
  for (const auto& service : scenario.services) slowest = std::max(slowest, service.stop_within);
  return slowest;
}

}  // namespace

Conductor::Conductor(const scenarios::ParsedScenario& parsed, scenarios::Plan plan,
                     const RunOptions& options, const StopRequest& stop, const RunObserver& observe,
                     control::CoordinatorLink& link)
    : parsed_(parsed), options_(options), stop_(stop), observe_(observe), link_(link) {
  record_.id = options.run_id;
  record_.scenario = parsed.scenario;
  record_.plan = std::move(plan);
  record_.machine = this_machine();
  record_.started = std::chrono::system_clock::now();
  for (const scenarios::PlannedFault& fault : record_.plan.faults) {
    reports::FaultRecord& planned = record_.faults.emplace_back();
    planned.name = fault.name;
    planned.label = fault.label;
    planned.asked = fault.what;
  }
  if (options.lock != nullptr) orders_.emplace(options.run_directory);
  if (options.fleet) {
    roll_.emplace(options.fleet->expected);
    door_ = Door::kOpen;
    return;
  }
  seats_.resize(options.agents);
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    seats_[i].name = fmt::format("agent-{}", i + 1);
  }
}

reports::RunRecord Conductor::run(const std::string& address) && {
  if (gather(address) && share_out()) {
    start();
    conduct();
  }
  finish();
  return std::move(record_);
}

bool Conductor::gather(const std::string& address) {
  if (roll_) return gather_fleet(address);
  for (Seat& seat : seats_) {
    std::vector<std::string> command = {
        options_.squall_program, "agent", "--join", address, "--name", seat.name};
    command.insert(command.end(), options_.agent_flags.begin(), options_.agent_flags.end());
    auto child = ChildProcess::start(command);
    if (!child) {
      lose(seat, child.error().message());
      return false;
    }
    seat.child.emplace(*std::move(child));
  }
  return await(Seat::State::kJoined, kJoinWithin, "to join");
}

bool Conductor::share_out() {
  std::vector<Labels> labels;
  labels.reserve(seats_.size());
  for (const Seat& seat : seats_) labels.push_back(seat.labels);
  const auto placed = place(record_.scenario, labels, roll_.has_value());
  if (!placed) {
    record_.errors.push_back(placed.error().trail);
    end_early(reports::EarlyEnd::Cause::kError, placed.error().trail);
    turn_all_away(placed.error().trail);
    return false;
  }
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    wire::ToAgent order;
    wire::Share& share = *order.mutable_share();
    share.set_run_id(record_.id);
    share.set_scenario_text(parsed_.text);
    share.set_scenario_file(options_.scenario_file);
    share.set_agent_index(static_cast<std::uint32_t>(i));
    share.set_agent_count(static_cast<std::uint32_t>(seats_.size()));
    share.set_shards(static_cast<std::uint32_t>(options_.shards));
    share.set_run_directory(options_.run_directory.string());
    share.set_keeps_services(i == 0 && !roll_);
    seats_[i].placed = (*placed)[i];
    for (const LoadPart& part : seats_[i].placed.loads) {
      wire::LoadPart& own = *share.add_loads();
      own.set_load(part.load);
      own.mutable_turns()->Add(part.turns.begin(), part.turns.end());
      own.set_count(part.count);
    }
    for (const std::string& fault : seats_[i].placed.faults) share.add_faults(fault);
    share.set_lease_ns(record_.scenario.safety.lease.count());
    tell(seats_[i], order);
  }
  return await(Seat::State::kPrepared, slowest_ready(record_.scenario) + kGrace, "to get ready");
}

void Conductor::start() {
  if (roll_) compare_clocks();
  events_.date_from(Clock::now() + kHeadStart);
  record_.started =
      std::chrono::system_clock::now() + std::chrono::duration_cast<WallTime::duration>(kHeadStart);
  for (Seat& seat : seats_) {
    wire::ToAgent order;
    const Duration offset = seat.offset.is_known() ? seat.offset.offset() : Duration::zero();
    order.mutable_start()->set_at_ns((events_.start()->time_since_epoch() + offset).count());
    // Local agents have our clock.
    if (roll_) seat.offset_at_start = seat.offset;
    tell(seat, order);
    if (!seat.is_over()) seat.state = Seat::State::kRunning;
    seat.heard = seat.granted = Clock::now();
  }
  guards_.emplace(record_.scenario, record_.plan, options_.fetch);
  merges_.emplace();
  paces_.emplace(record_.scenario);
  if (record_.scenario.capacity) capacity_.emplace(record_.scenario, record_.plan);
}

void Conductor::conduct() {
  stage_ = "running";
  const scenarios::Scenario& scenario = record_.scenario;
  const Duration planned_end = record_.plan.length;
  // A load drains for one timeout, and what was sent last may take another.
  const Duration last_end =
      planned_end + 2 * longest_timeout(scenario) + slowest_stop(scenario) + kGrace;
  while (!all_over()) {
    listen_until(Clock::now() + kTick);
    if (elapsed() > planned_end && stage_ == "running") stage_ = "draining";
    if (elapsed() > scenario.safety.longest && !record_.early_end) {
      end_early(reports::EarlyEnd::Cause::kGuard,
                fmt::format("the run took longer than safety.longest ({:.0f} s)",
                            to_seconds(scenario.safety.longest)));
      order_stop(true);
      return;
    }
    if (heeded_stops_ > 0 || heed_guards() || heed_capacity()) return;
    if (elapsed() > last_end) {
      record_.errors.emplace_back("the agents did not end in time");
      order_stop(true);
      return;
    }
  }
}

void Conductor::finish() {
  const scenarios::Scenario& scenario = record_.scenario;
  const bool has_started = events_.start().has_value();
  if (!all_over()) {
    stage_ = "stopping";
    // A second Ctrl-C is heeded while waiting, and shortens what the agents still do.
    if (heeded_stops_ == 0) order_stop(!has_started);
    const Duration patience = has_started ? longest_timeout(scenario) : slowest_ready(scenario);
    await_all_over(Clock::now() + patience + slowest_stop(scenario) + kGrace, stage_);
  }
  guards_.reset();
  if (merges_) record_.merge_lateness = merges_->lateness(seats_.size());
  watch_take_ups();
  keep_missing();
  keep_capacity();
  keep_paces();
  events_.close(Clock::now());
  record_.duration = std::max(load_ended_.value_or(elapsed()), Duration::zero());
  dismiss_agents();
  std::vector<reports::Event> own = events_.take();
  std::move(own.begin(), own.end(), std::back_inserter(record_.events));
}

void Conductor::dismiss_agents() {
  await_departures();
  for (Seat& seat : seats_) {
    if (!seat.child) {
      if (roll_) record_.agents.push_back(seat.record());
      if (roll_ && seat.state == Seat::State::kLost) recover_faults_of(seat);
      continue;
    }
    const bool goes = seat.state == Seat::State::kDone || seat.has_left;
    const Duration patience = goes ? Duration(5s) : Duration::zero();
    if (!seat.child->wait_until(Clock::now() + patience) && !seat.is_over()) {
      lose(seat, "it did not end when told to");
    }
    record_.agents.push_back(seat.record());
    seat.child.reset();
    if (seat.state == Seat::State::kLost) recover_faults_of(seat);
  }
}

bool Conductor::await(Seat::State state, Duration patience, std::string_view doing) {
  const Instant deadline = Clock::now() + patience;
  const auto has_arrived = [state](const Seat& seat) { return seat.state >= state; };
  while (!std::all_of(seats_.begin(), seats_.end(), has_arrived)) {
    if (stop_is_asked()) {
      heed_stop_request();
      return false;
    }
    if (Clock::now() > deadline) {
      for (Seat& seat : seats_) {
        if (!has_arrived(seat)) lose(seat, fmt::format("it took too long {}", doing));
      }
      return false;
    }
    for (Seat& seat : seats_) {
      if (seat.state != Seat::State::kAwaited || !seat.child) continue;
      if (auto ended = seat.child->wait_until(Clock::now())) lose(seat, *ended);
    }
    listen_until(Clock::now() + kTick);
  }
  return std::none_of(seats_.begin(), seats_.end(), [](const Seat& s) { return s.is_over(); });
}

void Conductor::await_all_over(Instant deadline, std::string_view stage) {
  stage_ = stage;
  while (!all_over() && Clock::now() < deadline) {
    listen_until(Clock::now() + kTick);
    // Twice asked: an agent gets a moment to undo, then its reaper does.
    if (heeded_stops_ > 1) deadline = std::min<Instant>(deadline, Clock::now() + 5s);
  }
}

void Conductor::listen_until(Instant deadline) {
  heed_stop_request();
  heed_orders();
  renew_leases();
  watch_placed();
  lose_dead_agents();
  lose_silent_agents();
  watch_take_ups();
  while (auto told = hear_gathered(deadline)) {
    take(*told);
    renew_leases();
    if (Clock::now() >= deadline) break;
  }
  tell_observer(stage_);
}

std::optional<control::Told> Conductor::hear_gathered(Instant deadline) {
  const Instant now = Clock::now();
  if (auto told = link_.hear(now)) return told;
  std::this_thread::sleep_until(std::min<Instant>(deadline, now + kGather));
  return link_.hear(deadline);
}

void Conductor::take(const control::Told& told) {
  if (told.message.has_hello()) return take_hello(told);
  for (Seat& seat : seats_) {
    if (seat.stream == told.stream && told.stream != 0) return take_from(seat, told);
  }
}

void Conductor::take_hello(const control::Told& told) {
  if (roll_) return take_hello_of_fleet(told);
  const wire::Hello& hello = told.message.hello();
  for (Seat& seat : seats_) {
    if (seat.name != hello.name() || seat.state != Seat::State::kAwaited) continue;
    if (hello.process_ended()) break;
    if (const auto understood = control::understands(hello, seat.name); !understood) {
      refuse(told.stream, understood.error().trail, true);
      return lose(seat, understood.error().trail);
    }
    seat.stream = told.stream;
    seat.version = hello.version();
    seat.labels = {hello.labels().begin(), hello.labels().end()};
    seat.state = Seat::State::kJoined;
    put_event("agent.joined", seat.name, "version " + seat.version);
    return;
  }
  refuse(told.stream, "nobody awaits an agent named " + hello.name(), true);
}

void Conductor::take_from(Seat& seat, const control::Told& told) {
  seat.heard = told.at;
  if (told.ended) {
    seat.stream = 0;
    if (door_ != Door::kShut) return leave_early(seat);
    // One of a fleet may come back by another stream until it must count as lost.
    if (roll_ && !seat.is_over()) return put_event("agent.cut", seat.name, "its connection ended");
    if (!seat.is_over()) lose(seat, "its connection ended");
    return;
  }
  const wire::FromAgent& message = told.message;
  if (message.has_taken()) return seat.orders.taken(message.taken().sequence());
  if (message.sequence() > 0) {
    const bool is_new = seat.told.take(message.sequence());
    // A snapshot each second is acknowledged by the next lease; else each would cost a message.
    if (!message.has_snapshot()) {
      wire::ToAgent answer;
      answer.mutable_taken()->set_sequence(seat.told.last());
      tell(seat, answer);
    }
    if (!is_new) return;
  }
  switch (message.what_case()) {
    case wire::FromAgent::kPrepared:
      if (message.prepared().error().empty()) {
        if (seat.state == Seat::State::kJoined) seat.state = Seat::State::kPrepared;
      } else if (!stop_is_asked()) {  // Told to stop, it has every right not to get ready.
        // It cleans up and says Done; await() sees that it will not be prepared.
        record_.errors.push_back(message.prepared().error());
        end_early(reports::EarlyEnd::Cause::kError, message.prepared().error());
      }
      break;
    case wire::FromAgent::kSnapshot:
      take_snapshot(seat, message.snapshot());
      break;
    case wire::FromAgent::kEvent:
      take_event(seat, message.event());
      break;
    case wire::FromAgent::kFault:
      take_fault(seat, message.fault());
      break;
    case wire::FromAgent::kLeaseSeen:
      control::take(message.lease_seen(), told.at, control::Clocks::here(), seat.offset,
                    seat.wall_offset);
      break;
    case wire::FromAgent::kLeaving:
      take_leave(seat, in_peers_words(message.leaving().why(), kLongestWords));
      break;
    case wire::FromAgent::kDone:
      take_done(seat, message.done());
      break;
    default:
      log_debug(seat.name + " sent a message that this coordinator does not know");
  }
}

void Conductor::take_snapshot(Seat& seat, const wire::Snapshot& message) {
  auto snapshot = control::from_message(message);
  if (!snapshot) {
    record_.errors.push_back(seat.name + ": " + snapshot.error().message());
    return;
  }
  if (!record_.ledger.add(seat.name, *snapshot)) return;
  losses_.take(seat.name, *snapshot);
  if (guards_) guards_->take(seat.name, *snapshot);
  if (merges_) merges_->take(seat.name, snapshot->second, elapsed());
}

void Conductor::take_event(Seat& seat, const wire::EventSeen& message) {
  reports::Event event = control::from_message(message, seat.name);
  if (event.kind == "load.ended") {
    load_ended_ = std::max(load_ended_.value_or(event.at), event.at);
  }
  record_.events.push_back(std::move(event));
}

void Conductor::take_done(Seat& seat, const wire::Done& message) {
  for (const std::string& failed : message.errors()) record_.errors.push_back(failed);
  seat.state = seat.has_left ? Seat::State::kLost : Seat::State::kDone;
  const auto ended = std::find_if(record_.events.rbegin(), record_.events.rend(),
                                  [&seat](const reports::Event& event) {
                                    return event.kind == "load.ended" && event.agent == seat.name;
                                  });
  if (ended != record_.events.rend()) losses_.told_all(seat.name, ended->at);
  wire::ToAgent order;
  order.mutable_finish();
  tell(seat, order);
}

void Conductor::heed_stop_request() {
  const int asked = stops_asked();
  if (asked <= heeded_stops_) return;
  heeded_stops_ = asked;
  const bool is_signal = stop_.times() > 0;
  end_early(reports::EarlyEnd::Cause::kSignal,
            is_signal ? fmt::format("stopped by {}{}", faults::describe_signal(stop_.signal()),
                                    asked > 1 ? ", twice" : "")
                      : fmt::format("stopped by squall stop{}", asked > 1 ? " --now" : ""));
  order_stop(asked > 1);
}

int Conductor::stops_asked() const {
  const StopWish wish = options_.lock == nullptr ? StopWish::kNone : options_.lock->wish();
  return std::max(stop_.times(), static_cast<int>(wish));
}

bool Conductor::heed_guards() {
  if (!guards_) return false;
  std::vector<std::string> running;
  for (const Seat& seat : seats_) {
    if (!seat.is_over()) running.push_back(seat.name);
  }
  const GuardPost::Heard heard = guards_->hear(*events_.start(), elapsed(), running);
  for (const reports::ProbeAnswer& answer : heard.answers) record_.probe_answers.push_back(answer);
  for (const GuardPost::Change& change : heard.changes) {
    put_event(change.is_good ? "probe.ok" : "probe.failed", change.probe, change.seen);
  }
  for (const reports::GuardTrip& trip : heard.trips) {
    record_.guard_trips.push_back(trip);
    put_event("guard.tripped", trip.guard, trip.sentence);
    end_early(reports::EarlyEnd::Cause::kGuard,
              fmt::format("guard {} tripped: {}", trip.guard, trip.sentence));
  }
  return !heard.trips.empty();
}

void Conductor::order_stop(bool at_once) {
  if (!stopped_at_ && events_.start()) stopped_at_ = std::max<Duration>(elapsed(), 1s);
  wire::ToAgent order;
  order.mutable_stop()->set_at_once(at_once);
  for (Seat& seat : seats_) {
    if (!seat.is_over()) tell(seat, order);
  }
}

void Conductor::tell(Seat& seat, const wire::ToAgent& order) {
  const wire::ToAgent& message = control::is_numbered(order) ? seat.orders.put(order) : order;
  if (seat.stream == 0) return;
  // A stream that is gone is noticed where it is read.
  if (auto sent = link_.tell(seat.stream, message); !sent) log_debug(sent.error().message());
}

void Conductor::tell_all(const wire::ToAgent& order) {
  for (Seat& seat : seats_) {
    if (!seat.is_over()) tell(seat, order);
  }
}

void Conductor::end_early(reports::EarlyEnd::Cause cause, const std::string& why) {
  if (record_.early_end) return;
  record_.early_end = {.cause = cause, .why = why, .at = std::max(elapsed(), Duration::zero())};
  put_event("run.stop", record_.id, why);
}

void Conductor::put_event(std::string kind, std::string subject, std::string detail) {
  events_.put(Clock::now(), std::move(kind), std::move(subject), std::move(detail));
}

void Conductor::tell_observer(std::string_view stage) {
  const Instant now = Clock::now();
  if (!observe_ || door_ != Door::kShut || now < next_view_) return;
  next_view_ = now + 200ms;
  RunView view{.record = record_, .elapsed = elapsed(), .stage = std::string(stage)};
  if (guards_) view.objectives = guards_->objectives();
  if (capacity_) view.search = capacity_->doing();
  observe_(view);
}

Duration Conductor::elapsed() const {
  return events_.start() ? Clock::now() - *events_.start() : Duration(-1);
}

}  // namespace squall::coordinator
