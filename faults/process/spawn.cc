#include "faults/process/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/process/pidfd.h"

namespace squall::faults {
namespace {

// The child's own descriptors; what is to become one of them is opened above them.
constexpr int kGate = kInheritedLine + 1;
constexpr int kTrouble = kGate + 1;
constexpr int kFirstFree = 10;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

Result<UniqueFd> moved_up(int fd) {
  const UniqueFd low(fd);
  if (fd < 0) return last_error("open");
  UniqueFd high(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFree));
  if (!high) return last_error("open");
  return high;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

/// A pair of sockets, since a write to a pipe whose reader has died would raise SIGPIPE here.
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return last_error("make a pair of sockets");
  }
  UniqueFd write(ends[1]);
  SQUALL_TRY(auto high_read, moved_up(ends[0]));
  SQUALL_TRY(auto high_write, moved_up(write.release()));
  return Pipe{std::move(high_read), std::move(high_write)};
}

/// An array as execve(2) wants it; points into `texts`.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> whole_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** own = environ; *own != nullptr; ++own) {
    const std::string_view text(*own);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.emplace_back(name).append("=").append(value);
  return all;
}

/// All that the child needs, made before the fork: this process has threads, so that the child may
/// call only what signal-safety(7) allows.
struct Prepared {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* directory;
  int nothing;
  int log;
  int gate;
  int trouble;
  int line;
  bool is_companion;
};

[[noreturn]] void fail(int what) {
  [[maybe_unused]] const auto sent = ::write(kTrouble, &what, sizeof what);
  ::_exit(127);
}

/// Puts each under the number that it has in the child. False when one is not there, and what is
/// under its number may be anything.
bool take_descriptors(const Prepared& prepared) {
  if (prepared.line < 0) ::close(kInheritedLine);
  return ::dup2(prepared.nothing, STDIN_FILENO) >= 0 && ::dup2(prepared.log, STDOUT_FILENO) >= 0 &&
         ::dup2(prepared.log, STDERR_FILENO) >= 0 &&
         (prepared.line < 0 || ::dup2(prepared.line, kInheritedLine) >= 0) &&
         ::dup3(prepared.gate, kGate, O_CLOEXEC) >= 0 &&
         ::dup3(prepared.trouble, kTrouble, O_CLOEXEC) >= 0;
}

[[noreturn]] void become(const Prepared& prepared) {
  if (prepared.is_companion) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Should the parent be dead already: the gate is shut.
  } else {
    ::setsid();
  }
  if (!take_descriptors(prepared)) {
    const int what = errno;  // What is at kTrouble may be another's.
    [[maybe_unused]] const auto sent = ::write(prepared.trouble, &what, sizeof what);
    ::_exit(127);
  }
  // At once, so that no child holds another's gate, or the line to the reaper, open.
  ::close_range(kTrouble + 1, ~0U, 0);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(kGate, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);  // Nobody has written us down, so we must not be.
  if (::chdir(prepared.directory) != 0) fail(errno);
  ::execve(prepared.program, prepared.arguments, prepared.environment);
  fail(errno);
}

/// Takes the child away that does not go on to be the program.
void give_up(pid_t child, UniqueFd& gate) {
  gate.reset();
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Spawned> spawn(const Command& command, ProcessTable& table,
                      const std::function<Result<void>(ProcessId)>& on_born) {
  SQUALL_TRY(const auto nothing, moved_up(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  auto log = moved_up(::open(command.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!log) return std::move(log).error().within("log to " + command.log.string());
  SQUALL_TRY(auto gate, make_pipe());
  SQUALL_TRY(auto trouble, make_pipe());
  UniqueFd line;
  if (command.line >= 0) {
    line.reset(::fcntl(command.line, F_DUPFD_CLOEXEC, kFirstFree));
    if (!line) return last_error("hand on a descriptor");
  }

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = whole_environment(command.environment);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  const Prepared prepared{command.program.c_str(),
                          argument_pointers.data(),
                          environment_pointers.data(),
                          command.directory.c_str(),
                          nothing.get(),
                          log->get(),
                          gate.read.get(),
                          trouble.write.get(),
                          line.get(),
                          command.is_companion};
  const pid_t child = ::fork();
  if (child < 0) return last_error("fork");
  if (child == 0) become(prepared);
  gate.read.reset();
  trouble.write.reset();

  // It waits at the gate, and is ours to wait for: its pid cannot be given away.
  UniqueFd pidfd = open_pidfd(child);
  if (!pidfd) {
    const Error failure = last_error("open a pidfd");
    give_up(child, gate.write);
    return failure;
  }
  auto info = table.look_up(child);
  auto born = info ? on_born(info->id) : Result<void>(info.error());
  if (!born) {
    give_up(child, gate.write);
    return std::move(born).error();
  }
  constexpr char kGo = 'g';
  // EPIPE: it died at the gate; whoever waits for it will see how.
  if (::send(gate.write.get(), &kGo, 1, MSG_NOSIGNAL) != 1 && errno != EPIPE) {
    const Error failure = last_error("open its gate");
    give_up(child, gate.write);
    return failure;
  }
  int failure = 0;
  ssize_t got = 0;
  do {
    got = ::read(trouble.read.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof failure) {
    give_up(child, gate.write);
    return error(static_cast<std::errc>(failure), "run " + command.program.string());
  }
  return Spawned{info->id, std::move(pidfd)};
}

}  // namespace squall::faults
