#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "faults/core/active_fault.h"
#include "faults/link/links.h"
#include "faults/link/tally.h"
#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// A link fault that is in force.
struct InjectedLinkFault {
  ActiveFault active;
  std::string seen;  ///< What could be read back at once.
  /// What it did so far; once it is reverted, in all. Whether it took can only be told then,
  /// because it is what passes through it that shows it.
  std::function<LinkFinding()> look;
};

/// Puts `fault` in force on the link of its target. `links` outlives it. Nothing goes to the
/// journal: what it changes are sockets of this process, which end with it.
Result<InjectedLinkFault> inject(Links& links, const LinkFault& fault,
                                 const std::optional<Pulse>& pulse, const std::string& label,
                                 std::uint64_t seed);

}  // namespace squall::faults
