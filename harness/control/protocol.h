#pragma once

#include <cstdint>
#include <string_view>

#include <control.pb.h>

#include "harness/base/result.h"

namespace squall::control {

/// The number of what agents and coordinators say to each other (control.proto). It is raised with
/// each change that the other end, had it not been changed too, would read wrongly or not at all.
inline constexpr std::uint32_t kProtocol = 4;

/// Says in a hello what this program speaks, which version of it this is, and which process.
void sign(wire::Hello& hello);

/// Whether the agent that says this hello, known as `name`, can be understood: it must speak the
/// same protocol, and be the same version, because both compile the plan from the same text. Else
/// an Error, std::errc::protocol_not_supported, whose trail names both sides' and what to do.
Result<void> understands(const wire::Hello& hello, std::string_view name);

}  // namespace squall::control
