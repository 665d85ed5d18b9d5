#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::scenarios {

/// Something that a service may have to live without for a while: an instance, a service, a fault
/// domain.
struct Absence {
  enum class Kind { kInstance, kService, kDomain };
  std::string name;  ///< "web.1", "web", "rack-a".
  Kind kind = Kind::kService;
  std::vector<std::string> members;  ///< Services and instances.
};

/// "instance", "service" or "fault domain".
std::string_view to_string(Absence::Kind kind);

/// All that can be taken away, in the order of the file: of each service its instances, where there
/// are several, and the whole; then the domains.
std::vector<Absence> absences_of(const Scenario& scenario);

/// How something is taken away, and when.
struct AbsenceTiming {
  enum class Way {
    kFreeze,  ///< SIGSTOP: silent, as a machine that is gone; it comes back, undone by SIGCONT.
    kKill,    ///< SIGKILL, and nobody starts it again: gone to the end of the run.
  };
  Way way = Way::kFreeze;
  Duration from{};
  Duration length{};  ///< Of kKill: to the end of the load.
};

/// "freeze" or "kill".
std::string_view to_string(AbsenceTiming::Way way);

/// When something is taken away in a run of this scenario: a quarter of the load before it is the
/// baseline, two fifths without it, the rest to recover in; what is given counts instead. Fails
/// when that does not fit into the load.
Result<AbsenceTiming> absence_timing(const Scenario& scenario, AbsenceTiming::Way way,
                                     std::optional<Duration> from, std::optional<Duration> length);

/// What to change in a scenario so that its only faults are those that take something away:
/// parts to leave out, and values to set, by their paths.
struct ScenarioChange {
  std::vector<std::string> left_out;
  std::vector<std::pair<std::string, std::string>> set;
};

/// The objectives that look at a fault of the scenario's own, and the guards that look at these:
/// there are none of either in a run in which something else is broken.
std::vector<std::string> bound_to_faults(const Scenario& scenario);

ScenarioChange change_for(const Absence& absence, const AbsenceTiming& timing,
                          const Scenario& scenario);

}  // namespace squall::scenarios
