#pragma once

#include <string>
#include <string_view>

#include "faults/spec/link_spec.h"
#include "scenarios/parse/sections.h"

// What `link` and `network` faults say alike about traffic that is made worse.
namespace squall::scenarios {

/// The four chances of `gilbert_elliott`.
faults::GilbertElliott read_gilbert_elliott(Reading& reading, const Node& node,
                                            const std::string& what);

/// Mistakes of keys that need each other: `distribution` needs `jitter`, which needs `delay`.
/// `pieces` is what may be out of order, "packets".
void check_delays(const MapReader& map, std::string_view pieces);

}  // namespace squall::scenarios
