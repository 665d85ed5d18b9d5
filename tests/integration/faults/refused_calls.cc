#include "tests/integration/faults/refused_calls.h"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace squall::faults::refused_calls {
namespace {

std::atomic<pid_t> armed_by{0};
std::atomic<int> counted{0};
std::atomic<int> refused{0};
std::atomic<Of> meant{Of::kThisProcess};
thread_local int paused = 0;

}  // namespace

void arm(int number, Of of) {
  counted = 0;
  refused = number;
  meant = of;
  armed_by = ::getpid();
}

void arm_by_environment() {
  if (const char* number = std::getenv("SQUALL_REFUSED_CALL")) arm(std::stoi(number));
}

int disarm() {
  armed_by = 0;
  return counted;
}

bool is_due() {
  if (armed_by == 0 || paused > 0) return false;
  const bool is_here = armed_by == ::getpid();
  if (is_here != (meant == Of::kThisProcess)) return false;
  return ++counted == refused;
}

Pause::Pause() { ++paused; }
Pause::~Pause() { --paused; }

}  // namespace squall::faults::refused_calls

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
// The names are those of ld(1), --wrap.
#define SQUALL_REFUSABLE(answer, name, parameters, arguments) \
  answer __real_##name parameters;                            \
  answer __wrap_##name parameters;                            \
  answer __wrap_##name parameters {                           \
    if (squall::faults::refused_calls::is_due()) {            \
      errno = EPERM;                                          \
      return (answer)(-1);                                    \
    }                                                         \
    return __real_##name arguments;                           \
  }

extern "C" {
SQUALL_REFUSABLE(int, socketpair, (int domain, int type, int protocol, int* ends),
                 (domain, type, protocol, ends))
SQUALL_REFUSABLE(pid_t, fork, (), ())
SQUALL_REFUSABLE(ssize_t, read, (int fd, void* bytes, size_t size), (fd, bytes, size))
SQUALL_REFUSABLE(ssize_t, write, (int fd, const void* bytes, size_t size), (fd, bytes, size))
SQUALL_REFUSABLE(ssize_t, send, (int fd, const void* bytes, size_t size, int flags),
                 (fd, bytes, size, flags))
SQUALL_REFUSABLE(ssize_t, recv, (int fd, void* bytes, size_t size, int flags),
                 (fd, bytes, size, flags))
SQUALL_REFUSABLE(int, poll, (pollfd * all, nfds_t count, int limit), (all, count, limit))
SQUALL_REFUSABLE(int, fsync, (int fd), (fd))
SQUALL_REFUSABLE(int, fdatasync, (int fd), (fd))
SQUALL_REFUSABLE(int, dup2, (int from, int to), (from, to))
SQUALL_REFUSABLE(int, dup3, (int from, int to, int flags), (from, to, flags))
SQUALL_REFUSABLE(int, chdir, (const char* path), (path))
SQUALL_REFUSABLE(int, execve, (const char* path, char* const* words, char* const* environment),
                 (path, words, environment))
SQUALL_REFUSABLE(int, statvfs, (const char* path, struct statvfs* room), (path, room))
SQUALL_REFUSABLE(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
SQUALL_REFUSABLE(ssize_t, pwrite, (int fd, const void* bytes, size_t size, off_t at),
                 (fd, bytes, size, at))
SQUALL_REFUSABLE(void*, mmap,
                 (void* at, size_t size, int protection, int flags, int fd, off_t from),
                 (at, size, protection, flags, fd, from))
SQUALL_REFUSABLE(int, getrlimit, (int what, rlimit* limit), (what, limit))
SQUALL_REFUSABLE(int, setrlimit, (int what, const rlimit* limit), (what, limit))

// Those with an argument that is not always there.
int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (squall::faults::refused_calls::is_due()) {
    errno = EPERM;
    return -1;
  }
  return __real_open(path, flags, mode);
}
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (squall::faults::refused_calls::is_due()) {
    errno = EPERM;
    return -1;
  }
  return __real_fcntl(fd, command, argument);
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
