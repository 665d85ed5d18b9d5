#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/coordinator/probe_post.h"

/// What each command that runs scenarios needs.
namespace squall::cli {

/// Unique enough for a folder of runs: the second, and 32 random bits.
std::string new_run_id(WallTime now);

/// Of two exit codes, the one that more must not be missed.
int louder(int a, int b);

/// `path` from the root, or as it is where that cannot be told.
std::string absolute(const std::string& path);

/// Asks a probe.
Result<coordinator::ProbeReply> fetch_probe(const std::string& url, Duration timeout);

}  // namespace squall::cli
