#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "faults/network/qdisc_tree.h"

namespace squall::faults {

/// What follows a line of which options are missing: for a shell it is a remark.
inline constexpr std::string_view kUnsaid = "  # and with options that have no words here";

/// The options of a qdisc as `tc` has them, "limit 10240 flows 1024", so that the kernel's answer
/// is `options` again; empty where it has none. None: not all of them can be said so.
std::optional<std::string> qdisc_words(const std::string& kind, const std::string& options);

/// The line of `tc` that puts back what is below a root qdisc; `device` as a shell has it. What
/// cannot be said in its words is said to be missing (kUnsaid).
std::string line_to_put(const std::string& device, const TreePart& part);

}  // namespace squall::faults
