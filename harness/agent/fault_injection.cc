#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "faults/link/link_fault.h"
#include "faults/network/network_fault.h"
#include "faults/pressure/limit_fault.h"
#include "faults/process/process_fault.h"
#include "harness/agent/fault_record.h"
#include "harness/agent/fault_runner.h"
#include "harness/agent/quic_fault.h"

namespace squall::agent {

using State = reports::FaultRecord::State;

namespace {

/// Notes that it is in force, or why not: then false.
template <typename Injected>
bool note_begin(const Result<Injected>& injected, Duration now, reports::FaultRecord& record) {
  if (!injected) {
    fail(record, injected.error());
    return false;
  }
  record.seen = (*injected).seen;
  record.state = State::kInForce;
  record.effective = now;
  return true;
}

}  // namespace

std::optional<FaultRunner::InForce> FaultRunner::inject(const faults::ProcessFault& fault,
                                                        bool is_of_row,
                                                        reports::FaultRecord& record) {
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  scope.seed = seed_of(record.label);
  std::vector<std::string> hit;
  scope.on_pick = [&](const faults::Candidate& picked) {
    if (auto instance = faults::instance_of(picked, scope, means_.processes)) {
      means_.about_to_hit(*instance);
      if (std::find(hit.begin(), hit.end(), *instance) == hit.end()) hit.push_back(*instance);
    }
  };
  auto injected = faults::inject(means_.processes, means_.journal, fault, record.label, scope);
  if (!injected) {
    fail(record, injected.error());
    return std::nullopt;
  }
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
    return std::nullopt;
  }
  if (is_held) hit.clear();  // What was only stopped is there as soon as it goes on.
  return InForce{.fault = std::move(injected->active), .record = {}, .ended = std::move(hit)};
}

std::optional<FaultRunner::InForce> FaultRunner::inject(const faults::FaultSpec& spec,
                                                        const faults::LinkFault& fault,
                                                        reports::FaultRecord& record) {
  auto injected =
      faults::inject(*means_.links, fault, spec.pulse, record.label, seed_of(record.label));
  if (!note_begin(injected, now(), record)) return std::nullopt;
  return InForce{
      .fault = std::move(injected->active), .record = {}, .look = std::move(injected->look)};
}

std::optional<FaultRunner::InForce> FaultRunner::inject(const scenarios::PlannedFault& planned,
                                                        const faults::QuicFault& fault,
                                                        reports::FaultRecord& record) {
  std::optional<Duration> lasts;
  if (planned.to && planned.row == 0) lasts = *planned.to - planned.from;
  auto injected = agent::inject(*means_.loads(), fault, record.label, seed_of(record.label), lasts);
  if (!note_begin(injected, now(), record)) return std::nullopt;
  return InForce{.fault = std::move(injected->active),
                 .record = {},
                 .look = std::move(injected->look),
                 .survival = std::move(injected->survival)};
}

std::optional<FaultRunner::InForce> FaultRunner::inject(const scenarios::PlannedFault& planned,
                                                        const faults::FaultSpec& spec,
                                                        const faults::NetworkFault& fault,
                                                        reports::FaultRecord& record) {
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  auto placed = means_.networks->place(fault, spec.autonomous, scope);
  if (!placed) {
    fail(record, placed.error());
    return std::nullopt;
  }
  placed->site.since = start_;
  if (planned.to && planned.row == 0) placed->site.until = start_ + *planned.to;
  placed->site.is_over = [this, &planned] { return is_past(planned); };
  auto injected =
      faults::inject(placed->site, means_.journal, placed->fault, record.label, spec.pulse);
  if (!injected && injected.error().code == std::errc::operation_canceled) {
    note_never(record);
    return std::nullopt;
  }
  if (!note_begin(injected, now(), record)) return std::nullopt;
  record.from = injected->begun - start_;
  const auto look = [look = std::move(injected->look)] {
    const faults::NetworkFinding found = look();
    return faults::LinkFinding{.seen = found.seen, .took = found.took, .why_not = found.why_not};
  };
  return InForce{.fault = std::move(injected->active),
                 .record = {},
                 .look = look,
                 .let_go = std::move(injected->let_go),
                 .late = planned.row == 0 ? *record.from - planned.from : Duration()};
}

std::optional<FaultRunner::InForce> FaultRunner::inject(const faults::FaultSpec& spec,
                                                        const faults::PressureFault& fault,
                                                        reports::FaultRecord& record) {
  const auto* descriptors = std::get_if<faults::DescriptorsPressure>(&fault.what);
  const bool is_on_a_limit = descriptors != nullptr && descriptors->of;
  faults::ProcessScope scope = means_.scope;
  scope.services = means_.services.processes();
  auto injected = is_on_a_limit
                      ? faults::inject_limit(means_.processes, means_.journal, *descriptors,
                                             *descriptors->of, record.label, scope)
                      : faults::inject(means_.pressure, means_.processes, means_.journal, fault,
                                       spec.length.value_or(Duration::zero()), record.label);
  if (!injected) {
    fail(record, injected.error());
    return std::nullopt;
  }
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
  return InForce{.fault = std::move(injected->active), .record = {}, .look = look};
}

}  // namespace squall::agent
