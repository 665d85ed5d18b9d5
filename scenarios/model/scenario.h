#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faults/spec/fault_spec.h"
#include "generators/spec/load_spec.h"
#include "generators/spec/target_spec.h"
#include "harness/base/units.h"
#include "scenarios/model/guard_spec.h"
#include "scenarios/model/objective_spec.h"

namespace squall::scenarios {

/// When a service counts as ready. The URL's scheme is https (ALPN: h2 or HTTP/1.1), http, or tcp
/// (a connection is enough).
struct ReadySpec {
  std::string url;
  Duration within = std::chrono::seconds(10);
  int status = 200;
};

/// A process which the scenario starts, owns and stops. The text of `command`, `environment` and
/// `ready.url` may still hold `${instance}` and `${port(BASE)}`: see expand_for_instance().
struct ServiceSpec {
  enum class Restart { kNever, kAlways };
  std::string name;
  std::vector<std::string> command;  ///< Program and arguments; no shell.
  std::map<std::string, std::string> environment;
  std::uint64_t count = 1;
  std::optional<ReadySpec> ready;
  Restart restart = Restart::kNever;
  Duration stop_within = std::chrono::seconds(5);  ///< TERM, then KILL after this.
};

/// `text` with `${instance}` (from 1) and `${port(BASE)}` (BASE + instance - 1) put in, and `$${`
/// made a literal `${`.
std::string expand_for_instance(const std::string& text, std::uint64_t instance);

struct SafetySpec {
  Duration longest = std::chrono::minutes(60);
  Duration lease = std::chrono::seconds(5);
  std::optional<std::string> timezone;
  std::vector<std::string> allow_windows;
  std::vector<std::string> except_windows;
  std::optional<Share> blast_share;
  std::optional<std::uint64_t> blast_agents;
};

/// What is stated of a load's steady state, instead of being learnt from the run's beginning.
struct SteadySpec {
  std::string load;
  std::optional<Share> error_share;  ///< At most, of the requests that fell due in a second.
  std::optional<Duration> p99;       ///< At most, of `response` of those that ended.
  std::optional<Duration> hold;      ///< For so long it must hold to count as recovered.
};

/// What goes down together: a rack, a zone, a shared switch.
struct DomainSpec {
  std::string name;
  std::vector<std::string> members;  ///< Services ("cache") and instances of services ("web.1").
};

/// A search for the highest rate of a load at which its objectives hold. The stages of the load are
/// those of the search: `low` until the deadline, if nobody changed it.
struct CapacitySpec {
  std::string search;  ///< The load whose rate is searched.
  Rate low;
  Rate high;
  Rate start;  ///< What is tried first: where the load's own stages end, within low and high.
  Share precision{0.05};
  Share confidence{0.95};
  Duration hold = std::chrono::seconds(30);
  /// Of the search, from the load's begin; of each row of a matrix, from the row's.
  Duration deadline = std::chrono::minutes(10);
  std::vector<std::string> faults;  ///< In force meanwhile: `while`.
};

/// A row of the matrix: what of the scenario's faults is in force while the capacity is searched.
struct MatrixRow {
  std::string name;                 ///< "without faults", "one-gone", "one-gone + slow-link".
  std::vector<std::string> faults;  ///< None in the first row only.
};

/// Between two rows of a matrix so much time passes at most, in which the faults of one are undone
/// and latency comes back.
constexpr Duration kBetweenRows = std::chrono::seconds(90);

/// Whether the search wants this objective to hold: one on its load, of the whole run.
bool is_searched(const ObjectiveSpec& objective, const CapacitySpec& capacity);

enum class AgentLost { kAbort, kContinue };

/// A part of the language that this version reads and checks but cannot carry out.
struct NotSupported {
  std::string what;   ///< "targets.edge.protocol: h3".
  std::string where;  ///< "file:line:column".
};

/// The validated scenario. Order of maps is the order of the file.
///
/// Lifecycle:  a value; made by scenarios/parse, immutable afterwards.
/// Threads:    any thread may read it.
struct Scenario {
  std::string name;
  std::string description;
  std::string directory;  ///< Of the file; relative paths in it start here.
  std::uint64_t seed = 1;
  std::vector<ServiceSpec> services;
  std::vector<generators::TargetSpec> targets;
  std::vector<generators::LoadSpec> loads;
  std::vector<std::pair<std::string, generators::DataSpec>> data;
  std::vector<faults::FaultSpec> faults;
  std::vector<ObjectiveSpec> objectives;
  std::vector<GuardSpec> guards;
  std::vector<ProbeSpec> probes;
  std::vector<SteadySpec> steady;
  std::vector<DomainSpec> domains;
  SafetySpec safety;
  AgentLost agent_lost = AgentLost::kAbort;
  std::optional<CapacitySpec> capacity;
  std::vector<MatrixRow> matrix;  ///< Of the search for a capacity; empty: it is searched once.
  std::vector<NotSupported> not_supported;

  const generators::TargetSpec* find_target(const std::string& target) const;
  const generators::LoadSpec* find_load(const std::string& load) const;
  const faults::FaultSpec* find_fault(const std::string& fault) const;
  const ServiceSpec* find_service(const std::string& service) const;
  const ObjectiveSpec* find_objective(const std::string& objective) const;
};

}  // namespace squall::scenarios
