#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "faults/core/active_fault.h"
#include "faults/core/journal.h"
#include "faults/process/process_table.h"
#include "faults/spec/pressure_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// What was measured of pressure in all.
struct PressureFinding {
  std::string seen;     ///< "holds 512 MiB (512.3 MiB more resident)".
  bool took = true;     ///< False: it did not happen as asked.
  std::string why_not;  ///< Then: why.
};

/// Pressure that is in force.
struct InjectedPressure {
  ActiveFault active;
  PressureFinding finding;                ///< What was measured when it was applied,
  bool is_there = false;                  ///< which may be on its way still.
  std::function<PressureFinding()> look;  ///< To be asked after the fault has been reverted.
};

/// Who presses, and where relative paths start.
struct PressureSite {
  std::filesystem::path program;    ///< Has the command `pressure`: squall.
  std::filesystem::path directory;  ///< The scenario's.
};

/// Fails with invalid_argument when more is asked for than this machine has, whatever else there
/// may be on it: memory of the machine or of a cgroup that is there, room of a file system, places
/// in the table of files. Says how much that is. Changes nothing.
Result<void> check_size(const PressureSite& site, const PressureFault& fault);

/// What can be known before it begins: it can be so much, folders and cgroups are there, and the
/// file system can do what is needed. Changes nothing.
Result<void> check_pressure(const PressureSite& site, const PressureFault& fault);

/// Starts a process that presses, with its end in the journal before its program begins, and waits
/// until it says that it presses, some seconds at most. Reverting asks it what it has measured,
/// kills it and sees that it is gone, and with it all that it held.
///
/// The process ends by itself when the calling thread or the agent does, and a little after
/// `length`. When it cannot press, nothing is left; an error that is residue says that this failed.
/// `table` and `journal` outlive the fault.
Result<InjectedPressure> inject(const PressureSite& site, ProcessTable& table, Journal& journal,
                                const PressureFault& fault, Duration length,
                                const std::string& label);

}  // namespace squall::faults
