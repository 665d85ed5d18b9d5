#include "faults/spec/signals.h"

#include <array>
#include <csignal>

namespace squall::faults {
namespace {

struct Named {
  std::string_view name;
  int number;
};

// Those of signal(7) that mean something to a process that gets them from outside.
constexpr std::array kSignals{
    Named{"HUP", SIGHUP},   Named{"INT", SIGINT},     Named{"QUIT", SIGQUIT},
    Named{"ILL", SIGILL},   Named{"TRAP", SIGTRAP},   Named{"ABRT", SIGABRT},
    Named{"BUS", SIGBUS},   Named{"FPE", SIGFPE},     Named{"KILL", SIGKILL},
    Named{"USR1", SIGUSR1}, Named{"SEGV", SIGSEGV},   Named{"USR2", SIGUSR2},
    Named{"PIPE", SIGPIPE}, Named{"ALRM", SIGALRM},   Named{"TERM", SIGTERM},
    Named{"CHLD", SIGCHLD}, Named{"CONT", SIGCONT},   Named{"STOP", SIGSTOP},
    Named{"TSTP", SIGTSTP}, Named{"TTIN", SIGTTIN},   Named{"TTOU", SIGTTOU},
    Named{"URG", SIGURG},   Named{"XCPU", SIGXCPU},   Named{"XFSZ", SIGXFSZ},
    Named{"PROF", SIGPROF}, Named{"WINCH", SIGWINCH}, Named{"IO", SIGIO},
    Named{"SYS", SIGSYS},
};

}  // namespace

std::optional<int> signal_number(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const Named& signal : kSignals) {
    if (signal.name == name) return signal.number;
  }
  return std::nullopt;
}

std::string signal_name(int number) {
  for (const Named& signal : kSignals) {
    if (signal.number == number) return std::string(signal.name);
  }
  return std::to_string(number);
}

std::string describe_signal(int number) {
  const std::string name = signal_name(number);
  return signal_number(name) ? "SIG" + name : "signal " + name;
}

std::vector<std::string> signal_names() {
  std::vector<std::string> names;
  names.reserve(kSignals.size());
  for (const Named& signal : kSignals) names.emplace_back(signal.name);
  return names;
}

}  // namespace squall::faults
