#include "scenarios/parse/impairment.h"

namespace squall::scenarios {

faults::GilbertElliott read_gilbert_elliott(Reading& reading, const Node& node,
                                            const std::string& what) {
  faults::GilbertElliott chain;
  const MapReader map(reading, node, what, {"to_bad", "to_good", "loss_bad", "loss_good"});
  if (!map.is_map()) return chain;
  map.set_required(chain.to_bad, "to_bad", kShare);
  map.set_required(chain.to_good, "to_good", kShare);
  map.set(chain.loss_bad, "loss_bad", kShare);
  map.set(chain.loss_good, "loss_good", kShare);
  return chain;
}

void check_delays(const MapReader& map, std::string_view pieces) {
  const auto needs = [&map](const char* key, const char* other, const std::string& why) {
    if (map.find(key) != nullptr) map.require(other, why);
  };
  needs("jitter", "delay", "the delay which the jitter is around");
  needs("distribution", "jitter", "how far the delays spread");
  needs("in_order", "jitter",
        "the jitter by which " + std::string(pieces) + " may overtake each other");
  needs("reorder", "delay", "a delay: what is reordered overtakes it");
}

}  // namespace squall::scenarios
