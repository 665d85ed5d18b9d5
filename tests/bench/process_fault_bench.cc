// How long the faults that change processes take to come and to go, by how many processes are met:
// a stop, a hang (needs root and control groups) and a limit of open files. The journal is on the
// disk of the folder for temporary files.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/core/journal.h"
#include "faults/pressure/limit_fault.h"
#include "faults/process/process_fault.h"
#include "faults/process/procfs_table.h"

#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using Clock = std::chrono::steady_clock;

/// A process with so many children that do nothing; they end with it.
class Family {
 public:
  explicit Family(std::int64_t children) {
    int ready[2];
    if (::pipe(ready) != 0) std::abort();
    first_ = ::fork();
    if (first_ == 0) {
      for (std::int64_t i = 0; i < children; ++i) {
        if (::fork() != 0) continue;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) ::pause();
      }
      if (::write(ready[1], "x", 1) != 1) std::abort();
      for (;;) ::pause();
    }
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) std::abort();
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Family() {
    ::kill(first_, SIGKILL);
    ::waitpid(first_, nullptr, 0);
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  pid_t first() const { return first_; }

 private:
  pid_t first_ = -1;
};

struct Course {
  explicit Course(std::int64_t children) : family(children) {
    journal = *Journal::open(folder.path(), *this_owner(table));
    scope = ProcessScope::around_this_process();
    scope.services = {{"web", 1, table.look_up(family.first())->id}};
    match.service = "web";
  }
  Family family;
  ProcfsTable table;
  TemporaryFolder folder;
  std::unique_ptr<Journal> journal;
  ProcessScope scope;
  ProcessMatch match;
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Brings it and takes it back, over and over; tells the median and the longest of both.
void measure(benchmark::State& state, const std::function<Result<ActiveFault>()>& inject) {
  std::vector<double> begins;
  std::vector<double> ends;
  for (auto _ : state) {
    const auto begun = Clock::now();
    auto active = inject();
    begins.push_back(milliseconds_since(begun));
    if (!active) return state.SkipWithError(active.error().message().c_str());
    const auto ended = Clock::now();
    if (auto reverted = active->revert(); !reverted) {
      return state.SkipWithError(reverted.error().message().c_str());
    }
    ends.push_back(milliseconds_since(ended));
  }
  std::sort(begins.begin(), begins.end());
  std::sort(ends.begin(), ends.end());
  state.counters["begin_ms"] = begins[begins.size() / 2];
  state.counters["begin_max_ms"] = begins.back();
  state.counters["end_ms"] = ends[ends.size() / 2];
  state.counters["end_max_ms"] = ends.back();
}

void on_processes(benchmark::State& state, ProcessFault::Action action) {
  Course course(state.range(0));
  ProcessFault fault;
  fault.action = action;
  fault.signal = SIGSTOP;
  fault.match = course.match;
  measure(state, [&]() -> Result<ActiveFault> {
    SQUALL_TRY(auto injected, inject(course.table, *course.journal, fault, "x", course.scope));
    return std::move(injected.active);
  });
}

void stops(benchmark::State& state) { on_processes(state, ProcessFault::Action::kSignal); }
void hangs(benchmark::State& state) { on_processes(state, ProcessFault::Action::kHang); }
void limits(benchmark::State& state) {
  Course course(state.range(0));
  DescriptorsPressure asked;
  asked.count = 10;
  measure(state, [&]() -> Result<ActiveFault> {
    SQUALL_TRY(auto injected,
               inject_limit(course.table, *course.journal, asked, course.match, "x", course.scope));
    return std::move(injected.active);
  });
}
BENCHMARK(stops)->ArgName("children")->Arg(1)->Arg(20)->Arg(200)->Iterations(15);
BENCHMARK(hangs)->ArgName("children")->Arg(1)->Arg(20)->Arg(200)->Iterations(15);
BENCHMARK(limits)->ArgName("children")->Arg(1)->Arg(20)->Arg(200)->Iterations(15);

}  // namespace
}  // namespace squall::faults
