#include "scenarios/plan/overlaps.h"

#include <algorithm>
#include <map>
#include <string>
#include <variant>

#include "faults/spec/traffic.h"
#include "scenarios/plan/phrases.h"

namespace squall::scenarios {
namespace {

using faults::FaultSpec;

Error wrong(const std::string& why) { return error(std::errc::invalid_argument, why); }

/// One link has one fault at a time: two would each have to say what the other does.
Result<void> check_links(const Scenario& scenario, const std::vector<PlannedFault>& planned) {
  std::map<std::string, const PlannedFault*> last;  // By target, of those that began before.
  for (const PlannedFault& fault : planned) {
    const FaultSpec* spec = scenario.find_fault(fault.name);
    const auto* link = spec == nullptr ? nullptr : std::get_if<faults::LinkFault>(&spec->what);
    if (link == nullptr) continue;
    const PlannedFault*& before = last[link->target];
    if (before != nullptr && before->to && *before->to > fault.from) {
      return wrong("fault " + fault.label + ": it begins at " + in_words(fault.from) + ", when " +
                   before->label + " is still in force on the link to target " + link->target);
    }
    before = &fault;
  }
  return {};
}

/// The connections of a load are disturbed by one fault at a time.
Result<void> check_quic(const Scenario& scenario, const std::vector<PlannedFault>& planned) {
  std::map<std::string, const PlannedFault*> last;  // By load, of those that began before.
  for (const PlannedFault& fault : planned) {
    const FaultSpec* spec = scenario.find_fault(fault.name);
    const auto* quic = spec == nullptr ? nullptr : std::get_if<faults::QuicFault>(&spec->what);
    if (quic == nullptr) continue;
    const PlannedFault*& before = last[quic->load];
    if (before != nullptr && before->to && *before->to > fault.from) {
      return wrong("fault " + fault.label + ": it begins at " + in_words(fault.from) + ", when " +
                   before->label + " is still in force on the connections of load " + quic->load);
    }
    before = &fault;
  }
  return {};
}

/// At one interface no two faults of the network may meet the same packets at a time.
Result<void> check_interfaces(const Scenario& scenario, const std::vector<PlannedFault>& planned) {
  struct Before {
    const PlannedFault* planned;
    const faults::NetworkFault* network;
  };
  std::map<std::string, std::vector<Before>> begun;  // By place.
  for (const PlannedFault& fault : planned) {
    const FaultSpec* spec = scenario.find_fault(fault.name);
    const auto* network =
        spec == nullptr ? nullptr : std::get_if<faults::NetworkFault>(&spec->what);
    if (network == nullptr) continue;
    const std::string place = place_of(*network);
    std::vector<Before>& others = begun[place];
    std::erase_if(others, [&](const Before& before) {
      return before.planned->to && *before.planned->to <= fault.from;
    });
    for (const Before& before : others) {
      const std::string beside = "fault " + fault.label + ": it begins at " + in_words(fault.from) +
                                 ", when " + before.planned->label + " is still in force on " +
                                 place;
      if (faults::may_meet_the_same(*before.network, *network)) {
        return wrong(beside + " and may meet the same packets: " +
                     faults::what_both_meet(*before.network, *network));
      }
      if (faults::clash_in_netem(*before.network, *network)) {
        return wrong(beside +
                     "; one of them duplicates what goes out, which newer kernels (6.16, and older "
                     "ones with its mends) refuse beside another netem on one interface: let one "
                     "follow the other, or duplicate what comes in ('direction: in')");
      }
    }
    others.push_back({&fault, network});
  }
  return {};
}

/// Whether two matches are sure to mean the same process, should there be one.
bool mean_the_same(const faults::ProcessMatch& one, const faults::ProcessMatch& other) {
  if (!one.service || !other.service) return one == other;
  // "web" is all instances, "web.1" one of them.
  const auto is_all_of = [](const std::string& all, const std::string& part) {
    return part == all || part.starts_with(all + ".");
  };
  return is_all_of(*one.service, *other.service) || is_all_of(*other.service, *one.service);
}

/// How many files a process may open is lowered by one fault at a time: of two, the first to end
/// could not know what to give back.
Result<void> check_limits(const Scenario& scenario, const std::vector<PlannedFault>& planned) {
  struct Before {
    const PlannedFault* planned;
    const faults::ProcessMatch* of;
  };
  std::vector<Before> others;
  for (const PlannedFault& fault : planned) {
    const FaultSpec* spec = scenario.find_fault(fault.name);
    const auto* pressure =
        spec == nullptr ? nullptr : std::get_if<faults::PressureFault>(&spec->what);
    const auto* files =
        pressure == nullptr ? nullptr : std::get_if<faults::DescriptorsPressure>(&pressure->what);
    if (files == nullptr || !files->of) continue;
    std::erase_if(others, [&](const Before& before) {
      return before.planned->to && *before.planned->to <= fault.from;
    });
    for (const Before& before : others) {
      if (!mean_the_same(*before.of, *files->of)) continue;
      return wrong("fault " + fault.label + ": it begins at " + in_words(fault.from) + ", when " +
                   before.planned->label +
                   " is still in force on how many files the same processes may open");
    }
    others.push_back({&fault, &*files->of});
  }
  return {};
}

}  // namespace

Result<void> check_overlaps(const Scenario& scenario, const std::vector<PlannedFault>& planned) {
  for (const auto check : {check_links, check_quic, check_interfaces, check_limits}) {
    if (auto apart = check(scenario, planned); !apart) return apart;
  }
  return {};
}

}  // namespace squall::scenarios
