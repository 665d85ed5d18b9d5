#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/network/networks.h"
#include "harness/base/result.h"

namespace squall::faults {

/// All that bears a mark of ours in one namespace, on whatever interface: tables of this process
/// (`owner` is "PID_TICKS_"), interfaces squallN of kind ifb, and qdiscs with handles of ours.
/// Where there is a table of another squall's the last two may be that one's, and are left out.
///
/// Taken before the first fault of a namespace and after the last, the difference is what faults
/// left behind where their own undo does not look.
Result<std::vector<std::string>> marks_in(Network& network, std::string_view owner);

/// Those that have come since: "interface squall0, qdisc 50a1: of eth0"; empty when none has.
std::string left_behind(const std::vector<std::string>& before,
                        const std::vector<std::string>& after);

}  // namespace squall::faults
