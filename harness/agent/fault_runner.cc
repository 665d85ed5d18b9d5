#include "harness/agent/fault_runner.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "faults/process/pick.h"
#include "harness/agent/fault_record.h"
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

/// What may take longer to come or to go than a moment, and neither orders nor waits for the
/// signals and limits that another fault put on the same processes.
bool takes_its_time(const faults::FaultSpec& spec, const scenarios::PlannedFault& planned) {
  if (const auto* pressure = std::get_if<faults::PressureFault>(&spec.what)) {
    const auto* descriptors = std::get_if<faults::DescriptorsPressure>(&pressure->what);
    return descriptors == nullptr || !descriptors->of;
  }
  // Those of a row return on threads of their own.
  const auto* process = std::get_if<faults::ProcessFault>(&spec.what);
  if (process == nullptr) return std::holds_alternative<faults::NetworkFault>(spec.what);
  return process->action == faults::ProcessFault::Action::kSignal && process->signal != SIGSTOP &&
         planned.row == 0;
}

/// Those with whom it comes and goes one at a time, in the order in which they are due: of two that
/// change the same process or the same link the order counts. Empty: it waits for nobody.
std::string turn_of(const faults::FaultSpec& spec, const scenarios::PlannedFault& planned) {
  if (planned.row != 0) return {};
  if (std::holds_alternative<faults::LinkFault>(spec.what)) return "links";
  if (const auto* pressure = std::get_if<faults::PressureFault>(&spec.what)) {
    const auto* descriptors = std::get_if<faults::DescriptorsPressure>(&pressure->what);
    return descriptors != nullptr && descriptors->of ? "processes" : "";
  }
  const auto* process = std::get_if<faults::ProcessFault>(&spec.what);
  const bool changes =
      process != nullptr &&
      (process->action == faults::ProcessFault::Action::kHang || process->signal == SIGSTOP);
  return changes ? "processes" : "";
}

/// Where others may be that have to leave before this comes: its interface, or what it presses
/// on. Empty where others do not matter.
std::string place_of(const faults::FaultSpec& spec) {
  if (const auto* pressure = std::get_if<faults::PressureFault>(&spec.what)) {
    return "pressure " + std::to_string(pressure->what.index());
  }
  const auto* network = std::get_if<faults::NetworkFault>(&spec.what);
  if (network == nullptr) return {};
  // Which namespace a process is in is not known yet: those of all processes are one place.
  const std::string space =
      network->namespace_of ? "of a process" : network->namespace_name.value_or("");
  return "network " + space + " " + network->interface;
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

void FaultRunner::stop_fault(const std::string& name) {
  order({.row = {}, .shift = {}, .stopped = name});
}

void FaultRunner::order(Order order) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
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
  return is_done_ && apart_.is_idle() &&
         std::all_of(restarts_.begin(), restarts_.end(), [](const auto& restart) {
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
  is_done_ = !next && in_force_.empty() && apart_.is_empty() && orders_.empty();
  if (next) {
    wake_.wait_until(lock, start_ + next->at, is_woken);
  } else if (has_rows_) {
    wake_.wait(lock, is_woken);
  } else {
    return false;
  }
  return !is_stopping_;
}

std::optional<FaultRunner::Order> FaultRunner::take_order() {
  const std::lock_guard lock(mutex_);
  if (orders_.empty()) return std::nullopt;
  Order order = std::move(orders_.front());
  orders_.pop_front();
  return order;
}

void FaultRunner::run() {
  std::vector<scenarios::PlannedFault> current = faults_of(0, {});
  FaultTimeline timeline(current);
  while (await(timeline)) {
    while (const auto order = take_order()) obey(*order, current, timeline);
    while (const auto step = timeline.pop(now())) {
      const scenarios::PlannedFault& planned = current[step->fault];
      step->kind == FaultStep::Kind::kApply ? apply(planned) : undo(planned);
    }
  }
  undo_all();
  const std::lock_guard lock(mutex_);
  is_done_ = true;
}

void FaultRunner::obey(const Order& order, std::vector<scenarios::PlannedFault>& current,
                       FaultTimeline& timeline) {
  if (!order.stopped.empty()) {
    for (std::size_t i = 0; i < current.size(); ++i) {
      if (current[i].name != order.stopped) continue;
      timeline.drop(i);
      undo(current[i], WhyUndone::kOperator);
    }
    return;
  }
  if (!order.row) {
    for (const scenarios::PlannedFault& planned : current) undo(planned);
    apart_.wait();
  }
  current = order.row ? faults_of(*order.row, order.shift) : std::vector<scenarios::PlannedFault>();
  timeline = FaultTimeline(current);
}

reports::FaultRecord FaultRunner::begun(const scenarios::PlannedFault& planned) const {
  reports::FaultRecord record;
  record.name = planned.name;
  record.label = planned.label;
  record.asked = planned.what;
  record.from = now();
  return record;
}

void FaultRunner::apply(const scenarios::PlannedFault& planned) {
  const faults::FaultSpec* spec = find(specs_, planned.name);
  const auto* fault = spec != nullptr ? std::get_if<faults::ProcessFault>(&spec->what) : nullptr;
  if (auto guarded = check_guard(spec); !guarded) {
    reports::FaultRecord record = begun(planned);
    fail(record, guarded.error());
    return tell_(record);
  }
  if (fault != nullptr && fault->action == faults::ProcessFault::Action::kRestart) {
    return begin_restart(planned, *fault);
  }
  if (spec != nullptr && (takes_its_time(*spec, planned) || !turn_of(*spec, planned).empty())) {
    return apply_apart(planned, *spec);
  }
  if (auto held = bring(planned, spec)) {
    in_force_.insert_or_assign(planned.label, *std::move(held));
  }
}

Result<void> FaultRunner::check_guard(const faults::FaultSpec* spec) const {
  if (!means_.check_guard || spec == nullptr) return {};
  // These change only what is this process's own, and ends with it.
  if (std::holds_alternative<faults::LinkFault>(spec->what)) return {};
  if (std::holds_alternative<faults::QuicFault>(spec->what)) return {};
  return means_.check_guard();
}

void FaultRunner::apply_apart(const scenarios::PlannedFault& planned,
                              const faults::FaultSpec& spec) {
  const auto held = std::make_shared<std::optional<InForce>>();
  const bool is_moment = !planned.to && planned.row == 0;
  // The network's meet no more packets from then on; to take them back takes its time.
  FaultThreads::Apply leave;
  if (std::holds_alternative<faults::NetworkFault>(spec.what)) {
    leave = [this, held] {
      if (*held) let_go(**held);
    };
  }
  const std::string turn = turn_of(spec, planned);
  apart_.begin(planned.label, turn.empty() ? place_of(spec) : "",
               {.apply = [this, planned, &spec, held] { *held = bring(planned, &spec); },
                .undo =
                    [this, held](WhyUndone why) {
                      if (!*held || finish(**held, why)) return;
                      const std::lock_guard lock(mutex_);
                      left_.push_back(*std::move(*held));
                    },
                .miss = [this, planned](WhyUndone why) { miss(planned, why); },
                .leave = leave,
                .is_moment = is_moment,
                .turn = turn});
  if (is_moment) apart_.end(planned.label, WhyUndone::kItsEnd);
}

void FaultRunner::miss(const scenarios::PlannedFault& planned, WhyUndone why) {
  if (why != WhyUndone::kItsEnd) return;  // Who ended it knows that it was still to come.
  reports::FaultRecord record = begun(planned);
  note_never(record);
  tell_(record);
}

bool FaultRunner::is_past(const scenarios::PlannedFault& planned) const {
  return planned.to && planned.row == 0 && now() >= *planned.to;
}

std::optional<FaultRunner::InForce> FaultRunner::bring(const scenarios::PlannedFault& planned,
                                                       const faults::FaultSpec* spec) {
  reports::FaultRecord record = begun(planned);
  auto held = [&]() -> std::optional<InForce> {
    const auto* fault = spec != nullptr ? std::get_if<faults::ProcessFault>(&spec->what) : nullptr;
    const auto* link = spec != nullptr ? std::get_if<faults::LinkFault>(&spec->what) : nullptr;
    const auto* network =
        spec != nullptr ? std::get_if<faults::NetworkFault>(&spec->what) : nullptr;
    const auto* pressure =
        spec != nullptr ? std::get_if<faults::PressureFault>(&spec->what) : nullptr;
    const auto* quic = spec != nullptr ? std::get_if<faults::QuicFault>(&spec->what) : nullptr;
    if (pressure != nullptr) return inject(*spec, *pressure, record);
    if (quic != nullptr && means_.loads) return inject(planned, *quic, record);
    if (link != nullptr && means_.links != nullptr) return inject(*spec, *link, record);
    if (network != nullptr && means_.networks != nullptr)
      return inject(planned, *spec, *network, record);
    if (fault != nullptr) return inject(*fault, planned.row > 0, record);
    fail(record, error(std::errc::not_supported, planned.label));
    return std::nullopt;
  }();
  if (held) {
    held->record = record;
    // What takes its time to come is there only now; the rest was, before it was read back.
    const bool is_slow = spec != nullptr && takes_its_time(*spec, planned);
    held->since = is_slow ? now() : *record.from;
    // A row ends when it has its answer.
    if (planned.to && planned.row == 0) held->asked_length = *planned.to - planned.from;
  }
  tell_(record);
  return held;
}

void FaultRunner::look_back(const InForce& held, reports::FaultRecord& record) {
  if (!held.look) return;
  const faults::LinkFinding finding = held.look();
  record.seen = finding.seen;
  if (held.survival) record.survival = held.survival();
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

void FaultRunner::begin_restart(const scenarios::PlannedFault& planned,
                                const faults::ProcessFault& fault) {
  reports::FaultRecord record = begun(planned);
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  auto candidates = faults::find_candidates(means_.processes, fault.match, scope);
  if (!candidates) {
    fail(record, candidates.error());
    return tell_(record);
  }
  std::vector<faults::Candidate> chosen;
  for (const std::size_t index :
       faults::choose(fault.pick, candidates->size(), seed_of(record.label))) {
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

void FaultRunner::undo(const scenarios::PlannedFault& planned, WhyUndone why) {
  if (apart_.end(planned.label, why)) return;
  const auto found = in_force_.find(planned.label);
  if (found == in_force_.end()) return;  // It failed, and has been told of.
  if (!found->second.ended.empty()) {
    begin_return(std::move(found->second));
    in_force_.erase(found);
    return;
  }
  // What is still held undo_all() and the destructor try again.
  if (finish(found->second, why)) in_force_.erase(found);
}

void FaultRunner::let_go(InForce& held) const {
  if (const auto end_it = std::exchange(held.let_go, nullptr)) {
    end_it();
    held.let_go_at = now();
  }
}

bool FaultRunner::finish(InForce& held, WhyUndone why) {
  auto& record = held.record;
  const bool is_first = !record.to;
  let_go(held);
  if (is_first) record.to = held.let_go_at;
  auto reverted = held.fault.revert();
  // What could not be undone at its end was in force until now.
  if (!record.to || (reverted && record.state == State::kResidue)) record.to = now();
  record.is_stopped = record.is_stopped || why == WhyUndone::kOperator;
  if (why == WhyUndone::kItsEnd) {
    look_back(held, record);
    note_late(record, held.late);
    if (held.asked_length) note_length(record, *held.asked_length, *record.to - held.since);
  } else if (is_first) {
    // Cut short, it had no time to show all that was asked for: only what it did is told.
    if (held.look) record.seen = held.look().seen;
    if (held.survival) record.survival = held.survival();
  }
  if (!reverted) {
    fail(record, reverted.error());
  } else if (record.state != State::kIneffective) {
    record.state = State::kUndone;
    record.error.clear();
  }
  tell_(record);
  return static_cast<bool>(reverted);
}

void FaultRunner::undo_all() {
  apart_.end_all(WhyUndone::kRunIsOver);
  for (auto& [label, held] : in_force_) finish(held, WhyUndone::kRunIsOver);
  in_force_.clear();
  apart_.wait();
  std::vector<InForce> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(left_);
  }
  for (InForce& held : left) finish(held, WhyUndone::kRunIsOver);
}

bool FaultRunner::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

std::uint64_t FaultRunner::seed_of(const std::string& label) const {
  std::uint64_t hash = 0xcbf29ce484222325U ^ means_.scope.seed;  // FNV-1a
  for (const char c : label) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

Duration FaultRunner::now() const { return std::chrono::steady_clock::now() - start_; }

}  // namespace squall::agent
