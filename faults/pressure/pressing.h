#pragma once

#include "faults/pressure/pressure_order.h"

namespace squall::faults {

/// The main of a process that presses, `squall pressure`. It raises its score with the OOM killer
/// to the highest, goes into its cgroup, and presses. Over `line`, a SOCK_SEQPACKET socket, it says
/// one PressureReport as soon as it is there (after 2 s at the latest), and one more when it is
/// asked by a message, which ends it. It also ends when the other end is closed, and when the
/// order's length is over. Returns the exit status.
int press(int line, const PressureOrder& order);

}  // namespace squall::faults
