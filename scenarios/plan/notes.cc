#include "scenarios/plan/notes.h"

#include <algorithm>
#include <set>

#include "scenarios/plan/phrases.h"

namespace squall::scenarios {

std::vector<std::string> notes_on(const Plan& plan) {
  std::vector<std::string> notes;
  if (plan.loads.empty()) return notes;
  Duration end{};
  for (const PlannedLoad& load : plan.loads) end = std::max(end, load.to);
  std::set<std::string> told;
  for (const PlannedFault& fault : plan.faults) {
    // A row of a matrix takes as long as its search does.
    if (fault.row > 0 || fault.to.value_or(fault.from) <= end) continue;
    if (!told.insert(fault.name).second) continue;
    const std::string when = fault.from >= end ? "comes at " + in_words(fault.from)
                                               : "is in force until " + in_words(*fault.to);
    notes.push_back("fault " + fault.label + " " + when + ", and the load ends at " +
                    in_words(end) + ": the run goes on until then, and nothing meets it");
  }
  return notes;
}

}  // namespace squall::scenarios
