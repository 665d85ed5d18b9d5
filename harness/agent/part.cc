#include "harness/agent/part.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "faults/core/audit.h"
#include "faults/core/recover.h"
#include "faults/process/hang_fault.h"
#include "faults/process/match.h"
#include "generators/load/fetch.h"
#include "generators/target/behaviour.h"
#include "harness/agent/link_places.h"
#include "harness/agent/state_directory.h"
#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/control/lease.h"

namespace squall::agent {
namespace {

using Clock = std::chrono::steady_clock;

/// When an agent's reaper ends it for hanging where its coordinator would do so before, unless that
/// hangs or has died as well.
constexpr Duration kHangsAlone = std::chrono::seconds(2);

std::string all_of(const std::vector<scenarios::Mistake>& mistakes) {
  std::string text;
  for (const scenarios::Mistake& mistake : mistakes) text += "\n" + mistake.text();
  return text;
}

/// What an earlier agent left behind is undone before anything new is begun.
Result<void> clean_up_before(const std::filesystem::path& state, faults::ProcessTable& table,
                             faults::Networks& networks) {
  const std::filesystem::path journals = state / "journals";
  auto report = faults::recover(journals, table, {.networks = &networks});
  if (!report) return std::move(report).error().within("undo what an earlier agent left");
  if (report->changes.empty() && report->troubles.empty()) return {};  // Or agents that live.
  for (const std::string& line : report->in_words()) log_warning("recovered: " + line);
  for (const faults::AuditEntry& entry : faults::audit_of(*report, "agent")) {
    if (auto kept = faults::append_audit(faults::audit_file(state), entry); !kept) return kept;
  }
  if (!report->is_clean()) {
    return reason(std::errc::operation_canceled,
                  "something that an earlier agent left could not be undone: see squall recover");
  }
  return {};
}

/// Who must not be hit although they are neither this agent nor its coordinator: the other agents,
/// and whoever started the coordinator.
std::vector<std::pair<pid_t, std::string>> processes_of_this_run(faults::ProcessTable& table) {
  std::vector<std::pair<pid_t, std::string>> own;
  const pid_t coordinator = getppid();
  if (const auto all = table.list()) {
    for (const faults::ProcessInfo& process : *all) {
      if (process.parent == coordinator) own.emplace_back(process.id.pid, "an agent of this run");
    }
  }
  for (auto above = table.look_up(coordinator); above && above->parent > 1;) {
    own.emplace_back(above->parent, "what started this run");
    above = table.look_up(above->parent);
  }
  return own;
}

/// The slice of each load that is this agent's.
std::map<std::string, generators::Slice> slices_of(const wire::Share& share) {
  std::map<std::string, generators::Slice> slices;
  for (const wire::LoadPart& part : share.loads()) {
    const std::uint32_t count = std::max(1U, part.count());
    if (part.turns_size() > 1) {
      slices[part.load()] = {0, 1, {part.turns().begin(), part.turns().end()}, count};
    } else {
      slices[part.load()] = {part.turns_size() == 1 ? part.turns(0) : 0, count};
    }
  }
  return slices;
}

Result<int> status_of(const std::string& url, Duration timeout) {
  auto answer = generators::fetch(url, timeout);
  if (!answer) return std::move(answer).error();
  constexpr int kForbidden = 403;
  const bool is_of_target = url.find(generators::kAdminPrefix) != std::string::npos;
  if (answer->status == kForbidden && is_of_target) {
    return reason(std::errc::permission_denied,
                  "status 403: " + answer->body.substr(0, answer->body.find('\n')));
  }
  return answer->status;
}

}  // namespace

Result<std::unique_ptr<Part>> Part::prepare(const wire::Share& share,
                                            const Surroundings& surroundings) {
  std::unique_ptr<Part> part(new Part);
  part->surroundings_ = surroundings;
  part->lease_length_ = Duration(share.lease_ns());

  scenarios::ParseOptions parse_options;
  parse_options.squall_program = surroundings.squall_program;
  auto parsed = scenarios::parse(share.scenario_text(), share.scenario_file(), parse_options);
  if (const auto* mistakes = std::get_if<1>(&parsed)) {
    return error(std::errc::invalid_argument, "read the scenario:" + all_of(*mistakes));
  }
  part->scenario_ = std::get<0>(std::move(parsed)).scenario;
  if (auto taken = part->take_share(share); !taken) return std::move(taken).error();

  std::vector<generators::TargetSpec> targets = part->scenario_.targets;
  if (auto heeded = part->heed_policy(share, targets); !heeded) return std::move(heeded).error();
  if (auto made = part->make_links(targets); !made) {
    return std::move(made).error();
  }
  if (share.keeps_services() || share.faults_size() > 0) {
    if (auto kept = part->keep_services(share); !kept) return std::move(kept).error();
  }

  for (const wire::LoadPart& own : share.loads()) part->loads_.insert(own.load());
  const scenarios::Scenario& scenario = part->scenario_;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  SQUALL_TRY(part->engine_,
             generators::LoadEngine::make(std::move(targets), scenario.loads,
                                          {.shards = share.shards() > 0 ? share.shards() : cores,
                                           .agent_index = share.agent_index(),
                                           .agent_count = std::max(1U, share.agent_count()),
                                           .slices = slices_of(share),
                                           .seed = scenario.seed,
                                           .directory = scenario.directory,
                                           .data = scenario.data}));
  return part;
}

Result<void> Part::take_share(const wire::Share& share) {
  // The plan is that of all: only then are this agent's faults picked.
  SQUALL_TRY(plan_, scenarios::compile(scenario_));
  const std::set<std::string> own(share.faults().begin(), share.faults().end());
  std::erase_if(plan_.faults, [&](const auto& planned) { return !own.contains(planned.name); });
  std::erase_if(scenario_.faults, [&](const auto& spec) { return !own.contains(spec.name); });
  if (!share.keeps_services()) scenario_.services.clear();
  return {};
}

Result<void> Part::heed_policy(const wire::Share& share,
                               std::vector<generators::TargetSpec>& targets) {
  if (!surroundings_.policy) return {};
  std::set<std::string> targeted;
  for (const wire::LoadPart& part : share.loads()) {
    if (const auto* load = scenario_.find_load(part.load())) targeted.insert(load->target);
  }
  std::vector<std::string> refused;
  for (generators::TargetSpec& target : targets) {
    if (!targeted.contains(target.name)) continue;
    // What was looked at is what is connected to, whatever DNS says later.
    if (auto pinned = pin_addresses(target); !pinned) return std::move(pinned).error();
    for (std::string& why : surroundings_.policy->against(target)) {
      refused.push_back(std::move(why));
    }
  }
  for (const faults::FaultSpec& fault : scenario_.faults) {
    for (std::string& why : surroundings_.policy->against(fault)) {
      refused.push_back(std::move(why));
    }
  }
  if (refused.empty()) return {};
  return error(std::errc::invalid_argument,
               fmt::format("the policy of this agent forbids it: {}", fmt::join(refused, "; ")));
}

Result<void> Part::make_links(std::vector<generators::TargetSpec>& targets) {
  SQUALL_TRY(const auto places, places_of_links(scenario_));
  if (places.empty()) return {};
  SQUALL_TRY(links_, faults::Links::make(places));
  lead_through(links_->addresses(), scenario_, targets);
  return {};
}

Result<void> Part::keep_services(const wire::Share& share) {
  if (scenario_.services.empty() && scenario_.faults.empty()) return {};
  SQUALL_TRY(const auto state, state_directory());
  if (auto clean = clean_up_before(state, processes_, networks_); !clean) return clean;
  run_id_ = share.run_id();
  audit_ = faults::audit_file(state);
  const faults::AuditEntry begun{.what = "run.begun",
                                 .run = run_id_,
                                 .subject = scenario_.name,
                                 .asked = share.scenario_file(),
                                 .detail = "results in " + share.run_directory()};
  if (auto kept = faults::append_audit(audit_, begun); !kept) return kept;

  // Agents of one run may be on one machine.
  const std::string name =
      share.agent_index() == 0 ? run_id_ : run_id_ + "." + std::to_string(share.agent_index());
  const std::filesystem::path folder = state / "journals" / name;
  SQUALL_TRY(auto owner, faults::this_owner(processes_));
  SQUALL_TRY(journal_, faults::Journal::open(folder, std::move(owner)));
  SQUALL_TRY(auto reaper, faults::Reaper::start(surroundings_.squall_program, folder));
  reaper_ = std::make_unique<faults::Reaper>(std::move(reaper));

  SQUALL_TRY(services_,
             services::Services::make(
                 scenario_.services,
                 {.directory = scenario_.directory, .run_directory = share.run_directory()},
                 *journal_, processes_, status_of,
                 [this](const services::ServiceEvent& event) { note_service(event); }));
  if (auto started = services_->start_all(); !started) return started;
  return ready_faults();
}

Result<void> Part::ready_faults() {
  faults::ProcessScope scope = faults::ProcessScope::around_this_process();
  scope.directory = scenario_.directory;
  scope.seed = scenario_.seed;
  scope.protect.emplace_back(reaper_->pid(), "this agent's reaper");
  if (surroundings_.witness > 0) {
    scope.protect.emplace_back(surroundings_.witness, "this agent's witness");
  }
  for (auto& own : processes_of_this_run(processes_)) scope.protect.push_back(std::move(own));
  const auto is_of_network = [](const faults::FaultSpec& spec) {
    return std::holds_alternative<faults::NetworkFault>(spec.what);
  };
  if (std::any_of(scenario_.faults.begin(), scenario_.faults.end(), is_of_network)) {
    SQUALL_TRY(sites_, NetworkSites::make(networks_, processes_));
    if (!surroundings_.coordinator.empty()) {
      if (auto safe = sites_->protect(surroundings_.coordinator); !safe) return safe;
    }
    faults::ProcessScope now = scope;
    now.services = services_->processes();
    if (auto able = sites_->check(plan_.faults, scenario_.faults, now); !able) return able;
  }
  const faults::PressureSite pressure{surroundings_.squall_program, scenario_.directory};
  for (const faults::FaultSpec& spec : scenario_.faults) {
    Result<void> able;
    if (const auto* fault = std::get_if<faults::PressureFault>(&spec.what)) {
      able = faults::check_pressure(pressure, *fault);
    } else if (const auto* process = std::get_if<faults::ProcessFault>(&spec.what);
               process != nullptr && process->action == faults::ProcessFault::Action::kHang) {
      able = faults::check_hang(processes_);
    }
    if (!able) return std::move(able).error().within("fault " + spec.name);
  }
  warn_of_nobody(scope);
  faults_ = std::make_unique<FaultRunner>(
      plan_.faults, scenario_.faults,
      FaultRunner::Means{.processes = processes_,
                         .journal = *journal_,
                         .services = *services_,
                         .links = links_.get(),
                         .networks = sites_.get(),
                         .pressure = pressure,
                         .loads = [this] { return engine_.get(); },
                         .scope = std::move(scope),
                         .about_to_hit = [this](const std::string& one) { note_hit(one); },
                         .check_guard = [this] { return check_guard(); }},
      [this](const reports::FaultRecord& record) { note_fault(record); });
  return {};
}

void Part::warn_of_nobody(const faults::ProcessScope& scope) {
  for (const faults::FaultSpec& spec : scenario_.faults) {
    const auto* process = std::get_if<faults::ProcessFault>(&spec.what);
    const auto* pressure = std::get_if<faults::PressureFault>(&spec.what);
    const auto* files =
        pressure == nullptr ? nullptr : std::get_if<faults::DescriptorsPressure>(&pressure->what);
    const auto* network = std::get_if<faults::NetworkFault>(&spec.what);
    const faults::ProcessMatch* match = process == nullptr ? nullptr : &process->match;
    if (network != nullptr && network->namespace_of) match = &*network->namespace_of;
    if (files != nullptr && files->of) match = &*files->of;
    if (match == nullptr || match->service) continue;  // Those of services have just been started.
    const auto found = faults::find_candidates(processes_, *match, scope);
    if (found) continue;
    log_warning("fault " + spec.name + ": " + in_words(found.error()) +
                ", as of now; it is looked for again when the fault is due");
  }
}

Result<void> Part::check_guard() const {
  if (!reaper_ || reaper_->is_on_guard()) return {};
  return reason(
      std::errc::operation_canceled,
      "not applied: " + reaper_has_gone() + ", and nobody would undo it should the agent die");
}

std::string Part::reaper_has_gone() const {
  return "the reaper of this agent (pid " + std::to_string(reaper_->pid()) + ") has gone";
}

void Part::watch_reaper() {
  if (!reaper_ || has_ended_ || is_reaper_missed_ || reaper_->is_on_guard()) return;
  is_reaper_missed_ = true;
  log_warning(reaper_has_gone() +
              ": what is in force is undone as long as this agent lives, and by nobody but "
              "'squall recover' should it die; no further fault is applied");
}

Part::~Part() {
  for (const std::string& failed : end()) log_error(failed);
}

void Part::start(Instant start) {
  {
    const std::lock_guard lock(mutex_);
    events_.date_from(start);
  }
  engine_->start(start);
  if (faults_) faults_->start(start);
}

bool Part::is_over() const { return load_is_done() && (!faults_ || faults_->is_done()); }

void Part::pace(const wire::Pace& order) {
  std::vector<generators::Stage> stages;
  for (const auto& stage : order.stages()) {
    stages.push_back({{stage.from_per_s()}, {stage.to_per_s()}, Duration(stage.length_ns())});
  }
  if (!loads_.contains(order.load())) return;  // It is for other agents.
  if (auto paced = engine_->pace(order.load(), Duration(order.at_ns()), stages); !paced) {
    add_error("change the rate: " + paced.error().message());
  }
}

void Part::add_users(const wire::MoreUsers& order) {
  if (!loads_.contains(order.load())) return;  // It is for other agents.
  if (auto added = engine_->add_users(order.load(), Duration(order.at_ns()), order.count());
      !added) {
    add_error("take up users: " + added.error().message());
  }
}

void Part::stop_fault(const wire::StopFault& order) {
  if (faults_) faults_->stop_fault(order.fault());
}

void Part::begin_row(const wire::BeginRow& order) {
  if (order.row() >= plan_.rows.size()) {
    return add_error("begin row " + std::to_string(order.row()) + " of the matrix: there is none");
  }
  if (faults_)
    faults_->begin_row(order.row(), plan_.rows[order.row()].from - Duration(order.at_ns()));
}

void Part::end_row() {
  if (faults_) faults_->end_row();
}

void Part::allow_until(Instant moment) {
  engine_->allow_until(moment);
  // An agent with a policy is nobody's child.
  if (reaper_)
    reaper_->expect_until(moment + (surroundings_.policy ? control::kHangs : kHangsAlone));
}

reports::Snapshot Part::collect() { return engine_->collect(); }

Part::Told Part::take_told() {
  const std::lock_guard lock(mutex_);
  watch_reaper();
  for (std::string& line : take_warnings()) {
    events_.put(Clock::now(), "warning", "", std::move(line));
  }
  return {.events = events_.take(), .faults = std::exchange(faults_seen_, {})};
}

void Part::stop(Duration drain) {
  if (reaper_) reaper_->expect_until(Instant::max());
  if (engine_) engine_->stop(drain);
  if (faults_) faults_->stop();
}

std::vector<std::string> Part::end() {
  if (has_ended_.exchange(true)) return {};
  stop(Duration::zero());
  if (services_) {
    if (auto stopped = services_->stop_all(); !stopped) add_error(stopped.error().message());
  }
  faults_.reset();  // Restarts that were under way have ended with their services.
  if (journal_) {
    // What is still open is for the reaper, which takes a journal that is not closed for our death.
    const std::size_t open = journal_->open_changes();
    auto closed = journal_->close();
    if (!closed) add_error(closed.error().message());
    if (reaper_ && !reaper_->is_on_guard()) {
      add_error(reaper_has_gone() +
                " before the run was over: what was in force was undone, but "
                "nobody would have done so had the agent died");
    } else if (reaper_ && open == 0 && closed) {
      if (auto ended = reaper_->end(); !ended) add_error(ended.error().message());
    }
    std::error_code ignored;  // Not empty: recover() will see to it.
    std::filesystem::remove(journal_->directory(), ignored);
  }
  write_audit(
      {.what = "run.ended", .run = run_id_, .subject = scenario_.name, .asked = {}, .detail = {}});
  const std::lock_guard lock(mutex_);
  events_.close(Clock::now());
  return errors_;
}

void Part::write_audit(const faults::AuditEntry& entry) {
  if (audit_.empty()) return;
  if (auto kept = faults::append_audit(audit_, entry); !kept) log_warning(kept.error().message());
}

Duration Part::longest_timeout() const {
  Duration longest{};
  for (const auto& target : scenario_.targets) longest = std::max(longest, target.timeout);
  return longest;
}

void Part::note_service(const services::ServiceEvent& event) {
  const std::lock_guard lock(mutex_);
  if (event.kind == "service.exited" && !may_exit(event.subject)) {
    add_error_locked("service " + event.subject +
                     " ended although no fault was directed at it: " + event.detail);
  }
  events_.put(Clock::now(), event.kind, event.subject, event.detail);
}

bool Part::may_exit(const std::string& instance) const {
  const std::string name = instance.substr(0, instance.rfind('.'));
  const scenarios::ServiceSpec* spec = scenario_.find_service(name);
  // One that is restarted when it ends is one that may end; else a fault must have been at work on
  // this very instance.
  return hit_.contains(instance) || has_ended_ || spec == nullptr ||
         spec->restart == scenarios::ServiceSpec::Restart::kAlways;
}

void Part::note_hit(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  hit_.insert(instance);
}

void Part::note_fault(const reports::FaultRecord& record) {
  using State = reports::FaultRecord::State;
  const auto [kind, detail] = [&]() -> std::pair<std::string, std::string> {
    switch (record.state) {
      case State::kPlanned:
        break;
      case State::kInForce:
      case State::kDone:
        return {"fault.applied", record.seen};
      case State::kUndone:
        return {"fault.undone", record.is_stopped
                                    ? "stopped by the operator; verified: nothing is left"
                                    : "verified: nothing is left"};
      case State::kFailed:
        return {"fault.failed", record.error};
      case State::kIneffective:
        return {"fault.ineffective", record.error};
      case State::kResidue:
        return {"fault.residue", record.error};
    }
    return {"note", record.asked};
  }();
  write_audit({.what = kind,
               .run = run_id_,
               .subject = record.label,
               .asked = record.asked,
               .detail = detail});
  const std::lock_guard lock(mutex_);
  // Faults begin after the start only. One that failed was never in force, and has no time but now;
  // nor has what was found after the end of one, that nothing of it is left.
  const bool is_looked_back = record.state == State::kUndone || record.state == State::kResidue;
  const std::optional<Duration> at =
      is_looked_back ? std::nullopt : (record.to ? record.to : record.from);
  const Instant when = at ? *events_.start() + *at : Clock::now();
  events_.put(when, kind, record.label, detail);
  faults_seen_.push_back(record);
}

void Part::add_error(std::string what) {
  const std::lock_guard lock(mutex_);
  add_error_locked(std::move(what));
}

void Part::add_error_locked(std::string what) {
  if (std::find(errors_.begin(), errors_.end(), what) == errors_.end()) {
    errors_.push_back(std::move(what));
  }
}

}  // namespace squall::agent
