#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

namespace squall::faults {

// By system call: <sys/pidfd.h> of glibc 2.36 forgets to say extern "C".

/// pidfd_open(2): empty when it failed, and errno says why.
inline UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// pidfd_send_signal(2): false when it failed, and errno says why.
inline bool send_signal(const UniqueFd& pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

}  // namespace squall::faults
