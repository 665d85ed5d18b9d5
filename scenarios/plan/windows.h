#pragma once

#include <optional>
#include <string>

#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::scenarios {

/// Why a run must not last from `from` for `length`: some of it is outside of every window of the
/// clock that is allowed, or on a day that is excepted. It says when one may begin. None when it
/// may. Without a time zone (of IANA's database) the windows are UTC's; without windows each day is
/// open.
std::optional<std::string> why_closed(const SafetySpec& safety, WallTime from, Duration length);

}  // namespace squall::scenarios
