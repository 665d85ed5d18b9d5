#pragma once

#include <memory>

#include "faults/network/probe_path.h"
#include "harness/base/result.h"

namespace squall::faults {

/// A path by packet sockets (packet(7)) of this thread's network namespace, at the interface of
/// this index: Ethernet or a loopback; other kinds are refused. Needs CAP_NET_RAW.
Result<std::unique_ptr<ProbePath>> open_probe_path(int interface, std::uint32_t class_id);

}  // namespace squall::faults
