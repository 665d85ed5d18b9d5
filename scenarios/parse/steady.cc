#include <chrono>
#include <utility>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {

void read_steady(Reading& reading, const Node& section) {
  for_each_named(reading, section, "load", [&](const std::string& name, const Node& node) {
    SteadySpec steady;
    steady.load = name;
    const std::string what = "steady " + name;
    Node reference = node;
    reference.kind = Node::Kind::kScalar;
    reference.text = name;
    read_reference(reading, reference, "steady", "load", "load");
    const MapReader map(reading, node, what, {"error_share", "p99", "hold"});
    if (!map.is_map()) return;
    map.set(steady.error_share, "error_share", kShare);
    map.set(steady.p99, "p99", kPositiveDuration);
    map.set(steady.hold, "hold", kPositiveDuration);
    if (steady.hold && *steady.hold % std::chrono::seconds(1) != Duration::zero()) {
      map.mistake_at("hold", "it is judged by seconds: expected whole ones, such as 10s");
    }
    reading.scenario.steady.push_back(std::move(steady));
  });
}

}  // namespace squall::scenarios
