// What a conductor does when somebody changes a run while it goes on.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "harness/coordinator/conductor.h"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// From an order to when it holds: by then all agents have it.
constexpr Duration kAllHaveHeard = 500ms;

Error no_open_load() {
  return error(std::errc::invalid_argument, "there is no open load: users of closed ones go on");
}

}  // namespace

void Conductor::heed_orders() {
  if (!orders_) return;
  for (const LiveOrders::Asked& asked : orders_->take()) {
    if (const auto obeyed = obey(asked.text); !obeyed) {
      orders_->answer(asked, obeyed.error().trail);
      continue;
    }
    const auto order = parse_live_order(asked.text);
    GivenOrder& one = given_.emplace_back(asked, Clock::now() + kAllHaveHeard);
    for (const Seat& seat : seats_) {
      if (!seat.is_over()) {
        one.tell(seat.name, seat.orders.last());
      } else if (roll_ && order && seat.has_in_force(order->fault)) {
        one.lose(seat.name);  // Before it was asked.
      }
    }
  }
  watch_orders(false);
}

void Conductor::watch_orders(bool is_end) {
  const Instant now = Clock::now();
  std::erase_if(given_, [&](GivenOrder& one) {
    for (const Seat& seat : seats_) {
      const auto number = one.number_of(seat.name);
      if (!number) continue;
      if (seat.orders.is_taken(*number)) {
        if (const Duration late = one.take(seat.name, now); late > Duration::zero()) {
          put_event(
              "order.late", seat.name,
              fmt::format("{}: taken {:.1f} s after it was to hold", one.text(), to_seconds(late)));
        }
        // Who ends by itself has nothing left that an order could change.
      } else if (seat.has_left || seat.state == Seat::State::kDone) {
        one.forget(seat.name);
      } else if (seat.state == Seat::State::kLost || is_end) {
        one.lose(seat.name);
        put_event("order.missed", seat.name,
                  one.text() +
                      (is_end ? ": not taken before the load ended" : ": lost before it took it"));
      }
    }
    if (one.may_be_answered(now)) orders_->answer(one.asked(), one.answer());
    return one.is_over();
  });
}

Result<void> Conductor::obey(const std::string& text) {
  SQUALL_TRY(const LiveOrder order, parse_live_order(text));
  if (!events_.start()) return error(std::errc::invalid_argument, "its load has not begun");
  if (order.kind == LiveOrder::Kind::kStopFault) return stop_fault(order.fault, text);
  if (capacity_) return error(std::errc::invalid_argument, "the rate is the search's to change");
  if (!paces_ || stage_ != "running") {
    return error(std::errc::invalid_argument, "its load is over");
  }
  const Duration at = elapsed() + kAllHaveHeard;
  std::vector<PaceBook::Change> changes;
  switch (order.kind) {
    case LiveOrder::Kind::kRate: {
      SQUALL_TRY(PaceBook::Change change, paces_->set_rate(order.load, at, order.rate));
      changes.push_back(std::move(change));
      break;
    }
    case LiveOrder::Kind::kPause:
      if (paces_->is_empty()) return no_open_load();
      if (paces_->is_paused()) return error(std::errc::invalid_argument, "it is paused already");
      changes = paces_->pause(at);
      break;
    case LiveOrder::Kind::kResume:
      if (paces_->is_empty()) return no_open_load();
      if (!paces_->is_paused()) return error(std::errc::invalid_argument, "it is not paused");
      changes = paces_->resume(at);
      break;
    case LiveOrder::Kind::kStopFault:  // Is no change of a rate.
      break;
  }
  for (const PaceBook::Change& change : changes) tell_change(change);
  put_event("run.changed", order.load.empty() ? record_.id : order.load,
            fmt::format("{}, from {:.1f} s on", text, to_seconds(at)));
  return {};
}

void Conductor::tell_change(const PaceBook::Change& change) {
  wire::ToAgent message;
  wire::Pace& pace = *message.mutable_pace();
  pace.set_load(change.load);
  pace.set_at_ns(change.at.count());
  for (const generators::Stage& stage : change.stages) {
    wire::Pace::Stage& left = *pace.add_stages();
    left.set_from_per_s(stage.from.per_second);
    left.set_to_per_s(stage.to.per_second);
    left.set_length_ns(stage.length.count());
  }
  tell_all(message);
}

void Conductor::keep_paces() {
  if (!paces_) return;
  // The plan is what was offered in the end.
  for (const auto& [name, stages] : paces_->offered()) {
    for (auto& load : record_.scenario.loads) {
      if (load.name == name) std::get<generators::OpenSpec>(load.schedule).stages = stages;
    }
  }
  paces_.reset();
  if (orders_) watch_orders(true);
  orders_.reset();
}

}  // namespace squall::coordinator
