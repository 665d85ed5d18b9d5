// What a conductor does so that no agent goes on without it, and what when one is lost.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "harness/base/log.h"
#include "harness/control/clock_exchange.h"
#include "harness/coordinator/conductor.h"
#include "harness/coordinator/whose_end.h"
#include "scenarios/plan/autonomy.h"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// An agent that has no lease yet must say something in as long as one would last, and this.
constexpr Duration kPastTheLease = 1s;
/// Clocks run apart between two comparisons; by so much after its lease's end an agent has stopped.
constexpr Duration kHasStopped = 100ms;
/// So long after its death what an agent said before may still come.
constexpr Duration kLastWords = 200ms;
/// How soon it is asked again whether an agent has answered its last lease.
constexpr Duration kLookAgain = 50ms;

}  // namespace

void Conductor::renew_leases() {
  const Instant now = Clock::now();
  if (now < next_renewal_) return;
  next_renewal_ = now + std::min<Duration>(1s, record_.scenario.safety.lease / 5);
  for (Seat& seat : seats_) {
    if (seat.is_over()) continue;
    // What is granted must be waited for: who has not answered the last lease gets no other one.
    if (seat.state == Seat::State::kRunning && seat.heard < seat.granted) {
      next_renewal_ = std::min<Instant>(next_renewal_, now + kLookAgain);
      continue;
    }
    wire::ToAgent order;
    *order.mutable_lease() = control::grant(now, seat.offset);
    order.mutable_lease()->set_taken(seat.told.last());
    if (seat.stream != 0) seat.granted = now;
    tell(seat, order);
  }
}

Instant Conductor::may_be_silent_until(const Seat& seat) const {
  const Duration lease = record_.scenario.safety.lease;
  if (!events_.start()) return seat.heard + lease + kPastTheLease;
  // As the agent reckons, on its own clock.
  return *events_.start() + kHasStopped + seat.offset.error() +
         scenarios::may_be_silent_until(record_.plan, seat.granted - *events_.start(), lease);
}

void Conductor::lose_silent_agents() {
  // We may have been stopped ourselves: only what is still silent after we listened counts.
  const Instant now = Clock::now();
  const bool was_away = now - std::exchange(looked_, now) > record_.scenario.safety.lease / 2;
  for (Seat& seat : seats_) {
    // Who is silent while others are waited for is not there: it may join again.
    if (door_ == Door::kOpen && !was_away && now > may_be_silent_until(seat)) {
      link_.hang_up(seat.stream);
      continue;
    }
    const bool is_cut = roll_ && door_ == Door::kShut && seat.stream == 0 && !seat.is_over();
    if ((seat.state != Seat::State::kRunning && !is_cut) || was_away) continue;
    if (now <= may_be_silent_until(seat)) continue;
    lose(seat, fmt::format("it has not answered for {:.1f} s", to_seconds(now - seat.heard)));
  }
}

void Conductor::take_witness(const Applicant& who, const control::Told& told) {
  const auto dead = whose_end(seats_, record_.id, who.name, told.message.hello());
  if (!dead || door_ != Door::kShut) {
    return refuse(told.stream, dead ? "the run has not begun" : dead.error().trail, true);
  }
  wire::ToAgent answer;
  answer.mutable_taken();
  if (auto sent = link_.tell(told.stream, answer); !sent) log_debug(sent.error().message());
  link_.show_out(told.stream);
  Seat& seat = **dead;
  if (!seat.death) {
    seat.death = {told.at, "its process has ended, a witness on its machine says"};
  }
}

void Conductor::lose_dead_agents() {
  const Instant now = Clock::now();
  for (Seat& seat : seats_) {
    if (!seat.death || seat.is_over()) continue;
    // What it had said may still be on its way; its end comes behind that.
    if (seat.stream != 0 && now < seat.death->heard + kLastWords) continue;
    lose(seat, seat.death->known_by);
  }
}

void Conductor::lose(Seat& seat, const std::string& why) {
  seat.state = Seat::State::kLost;
  if (roll_ && seat.stream != 0) link_.hang_up(std::exchange(seat.stream, 0));
  // A local agent sends nothing from now on, whatever ended its stream, and its reaper undoes what
  // it had in force, now and not when it wakes up; one that has left does so itself.
  if (seat.child && !seat.has_left) seat.child->kill();
  if (!seat.has_left) miss(seat, why, fmt::format("{} was lost: {}", seat.name, why));
}

void Conductor::take_leave(Seat& seat, const std::string& why) {
  // While agents are gathered its place is another's at once; when they are turned away, it goes
  // with the end of its stream.
  if (door_ == Door::kOpen) {
    seat.left_because = why;
    return leave_early(seat);
  }
  if (door_ != Door::kShut || seat.is_over() || std::exchange(seat.has_left, true)) return;
  const std::string sentence = fmt::format("{} ended its part early: {}", seat.name, why);
  miss(seat, why, sentence);
  // Its share has not come to it: there is nothing that it could still tell.
  if (seat.state == Seat::State::kJoined) lose(seat, why);
}

void Conductor::miss(const Seat& seat, const std::string& why, const std::string& sentence) {
  put_event("agent.lost", seat.name, why);
  if (guards_) guards_->lose(seat.name);
  if (goes_on_without(seat)) return take_up_share_of(seat);
  record_.errors.push_back(sentence);
  end_early(reports::EarlyEnd::Cause::kError, sentence);
  order_stop(false);
}

}  // namespace squall::coordinator
