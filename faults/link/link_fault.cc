#include "faults/link/link_fault.h"

#include <utility>

namespace squall::faults {

Result<InjectedLinkFault> inject(Links& links, const LinkFault& fault,
                                 const std::optional<Pulse>& pulse, const std::string& label,
                                 std::uint64_t seed) {
  if (auto begun = links.begin(fault, pulse, seed); !begun) {
    return std::move(begun).error().within(label);
  }
  return InjectedLinkFault{
      .active = ActiveFault(label, [&links, target = fault.target] { return links.end(target); }),
      .seen = "the link to target " + fault.target + " is in force",
      .look = [&links, fault] { return judge(fault, links.counted(fault.target)); }};
}

}  // namespace squall::faults
