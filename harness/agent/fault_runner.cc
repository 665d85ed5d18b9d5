#include "harness/agent/fault_runner.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "faults/core/fault_error.h"
#include "faults/process/pick.h"
#include "faults/process/process_fault.h"
#include "harness/base/log.h"

namespace squall::agent {
namespace {

using State = reports::FaultRecord::State;

const faults::FaultSpec* find(const std::vector<faults::FaultSpec>& specs,
                              const std::string& name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const faults::FaultSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

/// A fault that failed was never in force; residue is, or may be.
void fail(reports::FaultRecord& record, const Error& why) {
  record.error = why.message();
  if (const std::string stutter = record.label + ": "; record.error.starts_with(stutter)) {
    record.error.erase(0, stutter.size());
  }
  if (faults::is_residue(why)) {
    record.state = State::kResidue;
    return;
  }
  record.state = State::kFailed;
  record.from.reset();
  record.to.reset();
}

/// A number of its own for each application of a fault, from the run's seed.
std::uint64_t seed_for(std::uint64_t seed, const std::string& label) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ seed;  // FNV-1a
  for (const char c : label) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace

FaultRunner::FaultRunner(const std::vector<scenarios::PlannedFault>& planned,
                         const std::vector<faults::FaultSpec>& specs, Means means, Tell tell)
    : planned_(planned),
      specs_(specs),
      means_(std::move(means)),
      tell_(std::move(tell)),
      has_rows_(std::any_of(planned.begin(), planned.end(),
                            [](const scenarios::PlannedFault& one) { return one.row > 0; })),
      is_done_(planned.empty()) {}

FaultRunner::~FaultRunner() { stop(); }

void FaultRunner::start(Instant start) {
  start_ = start;
  if (!planned_.empty()) thread_ = std::thread([this] { run(); });
}

void FaultRunner::begin_row(std::size_t row, Duration shift) {
  order({.row = row, .shift = shift});
}

void FaultRunner::end_row() { order({.row = {}, .shift = {}}); }

void FaultRunner::order(RowOrder order) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(order);
    is_done_ = is_done_ && !thread_.joinable();
  }
  wake_.notify_all();
}

void FaultRunner::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool FaultRunner::is_done() const {
  const std::lock_guard lock(mutex_);
  // Once it is done the thread begins no further restart, so that they can be looked at.
  return is_done_ && std::all_of(restarts_.begin(), restarts_.end(), [](const auto& restart) {
           return restart.wait_for(Duration::zero()) == std::future_status::ready;
         });
}

std::vector<scenarios::PlannedFault> FaultRunner::faults_of(std::size_t row, Duration shift) const {
  std::vector<scenarios::PlannedFault> faults;
  for (scenarios::PlannedFault fault : planned_) {
    if (fault.row != row) continue;
    fault.from -= shift;
    if (fault.to) *fault.to -= shift;
    faults.push_back(std::move(fault));
  }
  return faults;
}

bool FaultRunner::await(const FaultTimeline& timeline) {
  std::unique_lock lock(mutex_);
  const auto next = timeline.next();
  const auto is_woken = [this] { return is_stopping_ || !orders_.empty(); };
  is_done_ = !next && in_force_.empty() && orders_.empty();
  if (next) {
    wake_.wait_until(lock, start_ + next->at, is_woken);
  } else if (has_rows_) {
    wake_.wait(lock, is_woken);
  } else {
    return false;
  }
  return !is_stopping_;
}

std::optional<FaultRunner::RowOrder> FaultRunner::take_order() {
  const std::lock_guard lock(mutex_);
  if (orders_.empty()) return std::nullopt;
  const RowOrder order = orders_.front();
  orders_.pop_front();
  return order;
}

void FaultRunner::run() {
  std::vector<scenarios::PlannedFault> current = faults_of(0, {});
  FaultTimeline timeline(current);
  while (await(timeline)) {
    while (const auto order = take_order()) {
      if (!order->row) {
        for (const scenarios::PlannedFault& planned : current) undo(planned);
      }
      current = order->row ? faults_of(*order->row, order->shift)
                           : std::vector<scenarios::PlannedFault>();
      timeline = FaultTimeline(current);
    }
    while (const auto step = timeline.pop(now())) {
      const scenarios::PlannedFault& planned = current[step->fault];
      step->kind == FaultStep::Kind::kApply ? apply(planned) : undo(planned);
    }
  }
  undo_all();
  const std::lock_guard lock(mutex_);
  is_done_ = true;
}

void FaultRunner::apply(const scenarios::PlannedFault& planned) {
  reports::FaultRecord record;
  record.name = planned.name;
  record.label = planned.label;
  record.asked = planned.what;
  record.from = now();
  const faults::FaultSpec* spec = find(specs_, planned.name);
  const auto* fault = spec != nullptr ? std::get_if<faults::ProcessFault>(&spec->what) : nullptr;
  const auto* link = spec != nullptr ? std::get_if<faults::LinkFault>(&spec->what) : nullptr;
  const auto* network = spec != nullptr ? std::get_if<faults::NetworkFault>(&spec->what) : nullptr;
  const auto* pressure =
      spec != nullptr ? std::get_if<faults::PressureFault>(&spec->what) : nullptr;
  if (pressure != nullptr) {
    inject(*spec, *pressure, record);
  } else if (link != nullptr && means_.links != nullptr) {
    inject(*spec, *link, record);
  } else if (network != nullptr && means_.networks != nullptr) {
    inject(*network, record);
  } else if (fault == nullptr) {
    fail(record, error(std::errc::not_supported, planned.label));
  } else if (fault->action == faults::ProcessFault::Action::kRestart) {
    return begin_restart(*fault, std::move(record));
  } else {
    inject(*fault, planned.row > 0, record);
  }
  tell_(record);
}

void FaultRunner::inject(const faults::ProcessFault& fault, bool is_of_row,
                         reports::FaultRecord& record) {
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  scope.seed = seed_for(means_.scope.seed, record.label);
  std::vector<std::string> hit;
  scope.on_pick = [&](const faults::Candidate& picked) {
    if (auto instance = faults::instance_of(picked, scope, means_.processes)) {
      means_.about_to_hit(*instance);
      if (std::find(hit.begin(), hit.end(), *instance) == hit.end()) hit.push_back(*instance);
    }
  };
  auto injected = faults::inject(means_.processes, means_.journal, fault, record.label, scope);
  if (!injected) return fail(record, injected.error());
  record.asked = injected->asked;
  record.seen = injected->seen;
  record.state = State::kInForce;
  if (injected->took) record.effective = now();
  if (!injected->took) {
    record.state = State::kIneffective;
    record.error = injected->seen;
  }
  const bool is_held = injected->active.is_held();
  if (!is_held && !is_of_row) {
    record.to = record.from;
    if (record.state == State::kInForce) record.state = State::kDone;
    return;
  }
  if (is_held) hit.clear();  // What was only stopped is there as soon as it goes on.
  in_force_.insert_or_assign(record.label, InForce{.fault = std::move(injected->active),
                                                   .record = record,
                                                   .look = nullptr,
                                                   .ended = std::move(hit)});
}

void FaultRunner::inject(const faults::FaultSpec& spec, const faults::LinkFault& fault,
                         reports::FaultRecord& record) {
  auto injected = faults::inject(*means_.links, fault, spec.pulse, record.label,
                                 seed_for(means_.scope.seed, record.label));
  if (!injected) return fail(record, injected.error());
  record.seen = injected->seen;
  record.state = State::kInForce;
  record.effective = now();
  in_force_.insert_or_assign(record.label, InForce{.fault = std::move(injected->active),
                                                   .record = record,
                                                   .look = std::move(injected->look),
                                                   .ended = {}});
}

void FaultRunner::inject(const faults::NetworkFault& fault, reports::FaultRecord& record) {
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  const auto site = means_.networks->site_of(fault, scope);
  if (!site) return fail(record, site.error());
  auto injected = faults::inject(*site, means_.journal, fault, record.label);
  if (!injected) return fail(record, injected.error());
  record.seen = injected->seen;
  record.state = State::kInForce;
  const auto look = [look = std::move(injected->look)] {
    const faults::NetworkFinding found = look();
    return faults::LinkFinding{.seen = found.seen, .took = found.took, .why_not = found.why_not};
  };
  in_force_.insert_or_assign(
      record.label,
      InForce{.fault = std::move(injected->active), .record = record, .look = look, .ended = {}});
}

void FaultRunner::inject(const faults::FaultSpec& spec, const faults::PressureFault& fault,
                         reports::FaultRecord& record) {
  auto injected = faults::inject(means_.pressure, means_.processes, means_.journal, fault,
                                 spec.length.value_or(Duration::zero()), record.label);
  if (!injected) return fail(record, injected.error());
  record.seen = injected->finding.seen;
  record.state = State::kInForce;
  if (injected->is_there) record.effective = now();
  if (!injected->finding.took) {
    record.state = State::kIneffective;
    record.error = injected->finding.why_not;
  }
  const auto look = [look = std::move(injected->look)] {
    const faults::PressureFinding found = look();
    return faults::LinkFinding{.seen = found.seen, .took = found.took, .why_not = found.why_not};
  };
  in_force_.insert_or_assign(
      record.label, InForce{.fault = std::move(injected->active), .record = record, .look = look});
}

void FaultRunner::look_back(const InForce& held, reports::FaultRecord& record) {
  if (!held.look) return;
  const faults::LinkFinding finding = held.look();
  record.seen = finding.seen;
  if (finding.took) return;
  record.state = State::kIneffective;
  record.error = finding.why_not;
}

void FaultRunner::begin_return(InForce held) {
  restarts_.push_back(std::async(std::launch::async, [this, held = std::move(held)]() mutable {
    reports::FaultRecord& record = held.record;
    for (const std::string& name : held.ended) {
      // "web.2": the instance is what stands behind the last dot.
      const std::size_t dot = name.rfind('.');
      auto back = means_.services.restart(name.substr(0, dot), std::stoull(name.substr(dot + 1)));
      // Where the run has ended all services are stopped, and none is to return.
      if (back || is_stopping()) continue;
      record.state = State::kResidue;
      record.error = back.error().message();
    }
    record.to = now();
    if (record.state == State::kInForce) record.state = State::kUndone;
    tell_(record);
  }));
}

void FaultRunner::begin_restart(const faults::ProcessFault& fault, reports::FaultRecord record) {
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  auto candidates = faults::find_candidates(means_.processes, fault.match, scope);
  if (!candidates) {
    fail(record, candidates.error());
    return tell_(record);
  }
  std::vector<faults::Candidate> chosen;
  for (const std::size_t index :
       faults::choose(fault.pick, candidates->size(), seed_for(scope.seed, record.label))) {
    chosen.push_back((*candidates)[index]);
    means_.about_to_hit(chosen.back().name);
  }
  restarts_.push_back(std::async(
      std::launch::async, [this, chosen = std::move(chosen), record = std::move(record)]() mutable {
        restart(chosen, record);
        tell_(record);
      }));
}

void FaultRunner::restart(const std::vector<faults::Candidate>& candidates,
                          reports::FaultRecord& record) {
  for (const faults::Candidate& candidate : candidates) {
    // "web.2": the instance is what stands behind the last dot.
    const std::size_t dot = candidate.name.rfind('.');
    const std::string service = candidate.name.substr(0, dot);
    const std::uint64_t instance = std::stoull(candidate.name.substr(dot + 1));
    auto restarted = means_.services.restart(service, instance);
    if (!restarted && is_stopping()) {
      record.seen += (record.seen.empty() ? "" : ", ") + candidate.name + " when the run ended";
      break;
    }
    if (!restarted) return fail(record, restarted.error());
    record.seen += (record.seen.empty() ? "" : ", ") + candidate.name + " restarted and ready";
  }
  record.to = record.from;  // A moment: what it took is told by the service's events.
  record.state = State::kDone;
}

void FaultRunner::undo(const scenarios::PlannedFault& planned) {
  const auto found = in_force_.find(planned.label);
  if (found == in_force_.end()) return;  // It failed, and has been told of.
  if (!found->second.ended.empty()) {
    begin_return(std::move(found->second));
    in_force_.erase(found);
    return;
  }
  auto& [fault, record, look, ended] = found->second;
  auto reverted = fault.revert();
  record.to = now();
  look_back(found->second, record);
  if (!reverted) {
    fail(record, reverted.error());
    tell_(record);
    return;  // Still held: undo_all() and the destructor try again.
  }
  if (record.state == State::kInForce) record.state = State::kUndone;
  tell_(record);
  in_force_.erase(found);
}

void FaultRunner::undo_all() {
  for (auto& [label, held] : in_force_) {
    auto reverted = held.fault.revert();
    // Cut short, it had no time to show all that was asked for: only what it did is told.
    if (!held.record.to && held.look) held.record.seen = held.look().seen;
    if (!held.record.to) held.record.to = now();
    if (!reverted) {
      fail(held.record, reverted.error());
    } else if (held.record.state != State::kIneffective) {
      held.record.state = State::kUndone;
      held.record.error.clear();
    }
    tell_(held.record);
  }
  in_force_.clear();
}

bool FaultRunner::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

Duration FaultRunner::now() const { return std::chrono::steady_clock::now() - start_; }

}  // namespace squall::agent
