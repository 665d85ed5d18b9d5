#pragma once

#include <string>

#include "faults/core/journal.h"
#include "faults/pressure/pressure_fault.h"
#include "faults/process/match.h"
#include "faults/process/process_table.h"
#include "faults/spec/pressure_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// The soft limit of open files that presses on a process as was asked: as if so many more of its
/// descriptors, or such a share of them in all, were in use. Never more than it is, nor below 1.
std::uint64_t lowered_limit(const DescriptorsPressure& asked, const FilesLimit& now);

/// Lowers how many files the processes that `of` means, each with all that came of it, may
/// open: the soft limit (prlimit(2)), so that the process could raise it again, as it can any time.
///
/// What it was is in the journal before; reverting gives it back also to what was forked meanwhile,
/// and leaves what somebody else has set since. The limit is up to 64 lower than lowered_limit()
/// says where another process has just that one: by it those are found that left the tree since. As
/// the kernel counts: no descriptor may have a number as high as the limit. Fails where another
/// such fault of this agent holds the process.
Result<InjectedPressure> inject_limit(ProcessTable& table, Journal& journal,
                                      const DescriptorsPressure& asked, const ProcessMatch& of,
                                      const std::string& label, const ProcessScope& scope);

}  // namespace squall::faults
