#include <algorithm>
#include <csignal>
#include <set>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::ProcessFault;

std::string name_of(const std::vector<std::string>& faults) {
  std::string name;
  for (const std::string& fault : faults) name += (name.empty() ? "" : " + ") + fault;
  return name;
}

/// Why this fault cannot be in force for a row and gone in the next; empty when it can.
std::string obstacle(const faults::FaultSpec& fault, const Scenario& scenario) {
  if (fault.start.every) return "comes again and again: none that is in force";
  if (fault.start.after) {
    return "waits for another: in a matrix a fault comes at its 'at', from the start of its row";
  }
  const auto* process = std::get_if<ProcessFault>(&fault.what);
  if (process == nullptr || process->action == ProcessFault::Action::kHang) return {};
  if (process->action == ProcessFault::Action::kRestart) {
    return "is a restart, which is over in a moment: none that is in force";
  }
  if (process->signal == SIGSTOP) return {};
  // What a signal did is undone by starting the service again.
  if (!process->match.service) {
    return "sends a signal to what is no service of the scenario: nobody could start that again "
           "for the next row";
  }
  const std::string service = process->match.service->substr(0, process->match.service->find('.'));
  const ServiceSpec* spec = scenario.find_service(service);
  if (spec == nullptr || spec->restart == ServiceSpec::Restart::kNever) return {};
  return "ends service " + service + ", which comes back by itself ('restart: always')";
}

/// The faults of a row, or none where something is wrong with one.
std::vector<std::string> read_row(Reading& reading, const Node& item) {
  std::vector<std::string> row;
  bool is_right = true;
  if (item.is_list() && item.items.empty()) {
    reading.mistakes.add(item.place,
                         "matrix: an empty list: expected the names of faults (the row "
                         "without faults is there anyway)");
  }
  for (const Node& one : item.is_list() ? item.items : std::vector<Node>{item}) {
    auto name = read_reference(reading, one, "matrix", "fault", "faults");
    if (!name) {
      is_right = false;
      continue;
    }
    if (std::find(row.begin(), row.end(), *name) != row.end()) {
      reading.mistakes.add(one.place, "matrix: fault " + *name + " stands twice in one row");
      is_right = false;
    }
    const auto* fault = reading.scenario.find_fault(*name);
    const std::string why = fault == nullptr ? "" : obstacle(*fault, reading.scenario);
    if (!why.empty()) reading.mistakes.add(one.place, "matrix: fault " + *name + " " + why);
    row.push_back(*std::move(name));
  }
  if (!is_right) row.clear();
  return row;
}

}  // namespace

void read_matrix(Reading& reading, const Node& section) {
  if (section.broken) return;
  if (!section.is_list()) {
    reading.mistakes.add(section.place,
                         "matrix: expected a list of faults, such as [one-gone, [one-gone, slow]]"
                         ", found " +
                             in_words(section));
    return;
  }
  if (section.items.empty()) {
    reading.mistakes.add(section.place, "matrix: an empty list: expected the names of faults");
    return;
  }
  reading.scenario.matrix.push_back({"without faults", {}});
  std::set<std::set<std::string>> seen;
  for (const Node& item : section.items) {
    std::vector<std::string> row = read_row(reading, item);
    if (row.empty()) continue;
    if (!seen.insert({row.begin(), row.end()}).second) {
      reading.mistakes.add(item.place, "matrix: the row " + name_of(row) + " stands there twice");
    }
    const std::string name = name_of(row);
    reading.scenario.matrix.push_back({name, std::move(row)});
  }
}

}  // namespace squall::scenarios
