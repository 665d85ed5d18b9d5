// As much of an agent as the killing tests need: it arms the reaper, starts services, puts faults
// in force, says on stdout how far it is, waits for TERM, and then ends in good order.
//
//   agent_stand_in run JOURNAL SCENARIO [--no-reaper] [--orderly] [--die-before CALL]
//   agent_stand_in recover DIRECTORY [--die-before CALL]
//   agent_stand_in pressure --line N ORDER...
//   agent_stand_in reaper --journal DIRECTORY --fd N
//   agent_stand_in victim FILE
//   agent_stand_in hold CGROUP BYTES

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "faults/core/reaper.h"
#include "faults/core/recover.h"
#include "faults/pressure/pressing.h"
#include "faults/pressure/pressure_order.h"

#include "tests/integration/faults/mortal_networks.h"
#include "tests/integration/faults/mortal_table.h"
#include "tests/integration/faults/refused_calls.h"
#include "tests/integration/faults/stand_in_run.h"

namespace {

using namespace squall;            // NOLINT(google-build-using-namespace): a program of one file.
using namespace squall::stand_in;  // NOLINT(google-build-using-namespace)

int recover(const std::vector<std::string>& arguments) {
  faults::Mortality mortality;
  if (arguments.size() == 3 && arguments[1] == "--die-before") {
    mortality.die_before(std::stoi(arguments[2]));
  }
  faults::MortalTable table(mortality);
  faults::MortalNetworks networks(mortality);
  const auto report = must(faults::recover(arguments.at(0), table, {.networks = &networks}));
  for (const std::string& line : report.in_words()) say(line);
  return report.is_clean() ? 0 : 6;
}

/// A process with a child, whose pid it says: each counts in its half of a file of two numbers, and
/// sleeps most of the time. The child dies with its parent.
[[noreturn]] void be_a_victim(const std::string& file) {
  const int numbers = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != self) std::exit(1);  // It had ended before.
  }
  if (child > 0) say(std::to_string(child));
  constexpr off_t kSecond{sizeof(std::uint64_t)};
  const off_t place = child == 0 ? kSecond : 0;
  for (std::uint64_t count = 1;; ++count) {
    if (::pwrite(numbers, &count, sizeof count, place) < 0) std::exit(1);
    ::usleep(1000);
  }
}

/// Takes memory inside a control group.
[[noreturn]] void hold(const std::string& group, std::size_t bytes) {
  std::ofstream(group + "/cgroup.procs") << ::getpid() << std::flush;
  const std::vector<char> memory(bytes, 'x');
  say("holds");
  while (true) ::pause();
}

}  // namespace

int main(int count, char** words) {
  squall::faults::refused_calls::arm_by_environment();
  const std::vector<std::string> arguments(words + 1, words + count);
  const std::string command = arguments.size() < 2 ? "" : arguments[0];
  const std::vector<std::string> rest(arguments.begin() + (arguments.empty() ? 0 : 1),
                                      arguments.end());
  if (command == "reaper" && arguments.size() == 5) {
    squall::faults::ProcfsTable table;
    squall::faults::KernelNetworks networks;
    return squall::faults::run_reaper(std::stoi(arguments[4]), arguments[2], table, &networks);
  }
  if (command == "pressure" && arguments.size() >= 4) {
    const auto order = squall::faults::read_order({arguments.begin() + 3, arguments.end()});
    return order ? squall::faults::press(std::stoi(arguments[2]), *order) : 2;
  }
  if (command == "hold" && arguments.size() == 3) hold(arguments[1], std::stoul(arguments[2]));
  if (command == "victim") be_a_victim(arguments[1]);
  if (command == "run" && rest.size() >= 2) return run("/proc/self/exe", rest);
  if (command == "recover") return recover(rest);
  std::fprintf(stderr, "usage: see the source\n");
  return 2;
}
