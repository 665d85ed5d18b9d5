#pragma once

#include <string>
#include <string_view>

#include "faults/spec/network_spec.h"

namespace squall::faults {

/// The path of a control group as all who compare it have it: "web.slice/web.service".
std::string_view without_slashes_around(std::string_view cgroup);

/// Whether two addresses or blocks of them ("10.0.0.0/8") have an address in common.
bool overlap(const std::string& one, const std::string& other);
/// Whether a block is of one address alone.
bool is_one_address(const std::string& block);

/// Whether there could be a packet that both faults meet, were they in force on one interface:
/// going the same way, with addresses, ports and transports that both name or leave open.
bool may_meet_the_same(const NetworkFault& one, const NetworkFault& other);

/// The packets that both meet, where may_meet_the_same(): "those that go out to 10.0.0.0/8 port 80,
/// by tcp".
std::string what_both_meet(const NetworkFault& one, const NetworkFault& other);

/// Whether only netem can do what is asked.
bool needs_netem(const NetworkFault& fault);

/// Whether the kernel may refuse to have both in force on one interface, whatever packets they
/// meet: since 6.16, and in older ones to which it was carried back, a netem that duplicates stands
/// beside no other below one root. What comes in is not concerned: each has a root of its own.
bool clash_in_netem(const NetworkFault& one, const NetworkFault& other);

}  // namespace squall::faults
