#pragma once

#include <cstdint>

namespace squall::faults {

/// Which calls to the kernel are refused, of those that this program makes by the functions in
/// refused_calls.cc: the linker puts ours before them (--wrap).
///
/// Only calls of code that is linked into the program are met, not those within libc or libstdc++.
namespace refused_calls {

/// Who is meant: the process that arms, or its children as long as they are no other program.
enum class Of { kThisProcess, kChildren };

/// Refuses call `number` from now, from 1, with EPERM; 0 only counts.
void arm(int number, Of of = Of::kThisProcess);
/// As `SQUALL_REFUSED_CALL` in the environment says; nothing where it says nothing.
void arm_by_environment();
/// Refuses and counts no more. How many calls were counted.
int disarm();

/// True when a call is to be refused that is counted elsewhere, such as one to a table.
bool is_due();

/// While one is there, no call of this thread counts.
class Pause {
 public:
  Pause();
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause();
};

}  // namespace refused_calls
}  // namespace squall::faults
