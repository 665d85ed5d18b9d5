#include "faults/pressure/pressure_fault.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/core/fault_error.h"
#include "faults/core/undo.h"
#include "faults/pressure/cgroup.h"
#include "faults/pressure/machine.h"
#include "faults/pressure/pressure_order.h"
#include "faults/pressure/pressure_report.h"
#include "faults/process/spawn.h"
#include "faults/spec/signals.h"
#include "harness/base/log.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kGrace = 2s;             // It outlives its length by, should nobody end it.
constexpr Duration kFirstWordWithin = 10s;  // It promises one after 2 s.
constexpr Duration kLastWordWithin = 1s;
constexpr Duration kRoomBackWithin = 500ms;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

/// The fault with paths that mean the same everywhere.
PressureFault in_place(PressureFault fault, const fs::path& directory) {
  const auto make_whole = [&](std::string& path) {
    path = fs::absolute(directory / path).lexically_normal().string();
  };
  if (auto* io = std::get_if<IoPressure>(&fault.what)) make_whole(io->path);
  if (auto* fill = std::get_if<DiskFillPressure>(&fault.what)) make_whole(fill->path);
  return fault;
}

Result<void> check_file(const std::string& path) {
  auto file = open_nameless(path);
  if (!file) return std::move(file).error();
  return {};
}

Result<void> check_room(const IoPressure& io) {
  if (is_in_memory(io.path)) {
    return reason(std::errc::invalid_argument,
                  io.path + " is in memory (tmpfs): no disk would be kept busy");
  }
  return check_file(io.path);
}
Result<void> check_room(const DiskFillPressure& fill) { return check_file(fill.path); }
template <typename Other>
Result<void> check_room(const Other&) {
  return {};
}

Error too_much(const std::string& asked, const std::string& there) {
  return reason(std::errc::invalid_argument, asked + " are asked for, and " + there);
}

Result<void> check_size_of(const MemoryPressure& asked) {
  SQUALL_TRY(auto bounds, memory_bounds());
  if (asked.cgroup) {
    // One that is not there yet may come with a service.
    if (const auto folder = find_cgroup(*asked.cgroup, controller_of(asked))) {
      for (auto& bound : bounds_of({*folder}, bounds.front().total)) bounds.push_back(bound);
    }
  }
  const auto bound = too_small_for(asked, bounds);
  if (!bound) return {};
  return too_much(size_words(asked.size->count) + " of memory",
                  bound->name + " has " + size_words(bound->total) + ", of which " +
                      size_words(bound->reserve) + " are left alone");
}

Result<void> check_size_of(const DiskFillPressure& asked) {
  const auto room = disk_room(asked.path);
  if (!asked.size || !room) return {};  // A folder that is not there is told of later.
  const std::uint64_t whole = (*room).used + (*room).available;
  if (asked.size->count <= whole) return {};
  return too_much(size_words(asked.size->count),
                  "the file system of " + asked.path + " has " + size_words(whole));
}

Result<void> check_size_of(const DescriptorsPressure& asked) {
  if (asked.of || !asked.count) return {};
  SQUALL_TRY(const auto table, file_table());
  if (*asked.count <= table.most) return {};
  return too_much(std::to_string(*asked.count) + " files",
                  "the machine's table has room for " + std::to_string(table.most));
}

template <typename Other>
Result<void> check_size_of(const Other&) {
  return {};
}

/// What became of a process that ended by itself.
std::string end_in_words(int status) {
  if (WIFSIGNALED(status)) return "killed by " + describe_signal(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

/// A process that presses, from its birth to its end.
class PressingProcess {
 public:
  PressingProcess(ProcessTable& table, Journal& journal, PressureFault fault)
      : table_(table), journal_(journal), fault_(std::move(fault)) {}

  Result<void> start(const fs::path& program, Duration length, const std::string& label) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return last_error("make a line");
    }
    line_.reset(ends[0]);
    const UniqueFd theirs(ends[1]);
    Command command{.program = program,
                    .arguments = {"squall", "pressure", "--line", std::to_string(kInheritedLine)},
                    .directory = "/",
                    .log = "/dev/null",
                    .line = theirs.get(),
                    .is_companion = true};
    for (std::string& word : words_of({.fault = fault_, .length = length + kGrace})) {
      command.arguments.push_back(std::move(word));
    }
    const auto write_down = [&](ProcessId id) -> Result<void> {
      SQUALL_TRY(entry_,
                 journal_.record({label + ": pressure on " + std::string(fault_.resource()) +
                                      " by process " + std::to_string(id.pid),
                                  "not running", KillUndo{id}}));
      return {};
    };
    auto spawned = spawn(command, table_, write_down);
    if (!spawned) {
      mark_done();  // The child is gone already.
      return std::move(spawned).error();
    }
    id_ = spawned->id;
    return {};
  }

  /// Waits until it presses, or has tried for long enough.
  Result<PressureReport> first_report() {
    auto report = receive(kFirstWordWithin);
    if (report && report->state != PressureReport::State::kFailed) return *std::move(report);
    if (report) return reason(std::errc::operation_canceled, report->why_not);
    return reason(std::errc::timed_out,
                  line_is_closed_ ? "the process that presses ended at once" : "it says nothing");
  }

  /// Measures, ends it, and sees that it is gone.
  Result<void> revert() {
    const auto* fill = std::get_if<DiskFillPressure>(&fault_.what);
    if (!finding_ && id_) {
      if (fill != nullptr) before_end_ = room_of(*fill);
      finding_ = measure();
    }
    if (id_) {
      auto undone = carry_out(KillUndo{*id_}, table_);
      if (!undone) return as_residue(undone.error());
      reap();
    }
    mark_done();
    if (fill != nullptr && before_end_) wait_for_room(*fill, before_end_->available);
    before_end_.reset();
    return {};
  }

  PressureFinding finding() const { return finding_.value_or(PressureFinding{}); }

 private:
  /// The next report; none at the end of the line, or of the time.
  std::optional<PressureReport> receive(Duration within) {
    const Instant deadline = Clock::now() + within;
    pollfd one{.fd = line_.get(), .events = POLLIN, .revents = 0};
    int ready = 0;
    do {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      ready = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) return std::nullopt;
    std::string message(kLongestReport, '\0');
    const ssize_t got = ::recv(line_.get(), message.data(), message.size(), MSG_DONTWAIT);
    line_is_closed_ = got <= 0;
    message.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return read_report(message);
  }

  PressureFinding measure() {
    constexpr char kEnd = 'e';
    [[maybe_unused]] const auto asked = ::send(line_.get(), &kEnd, 1, MSG_NOSIGNAL);
    const auto report = receive(kLastWordWithin);
    if (!report) {
      std::string why = line_is_closed_ ? "the process that pressed ended before its time"
                                        : "the process that presses does not answer";
      return {.seen = why, .took = false, .why_not = why};
    }
    answered_ = true;
    return {.seen = report->seen,
            .took = report->state == PressureReport::State::kPresses,
            .why_not = report->why_not};
  }

  void reap() {
    int status = 0;
    pid_t got = 0;
    do {
      got = ::waitpid(id_->pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    if (got == id_->pid && line_is_closed_ && !answered_ && finding_) {
      finding_->why_not += ": " + end_in_words(status);
    }
    id_.reset();
  }

  void mark_done() {
    if (!entry_) return;
    if (auto marked = journal_.mark_done(*entry_); !marked) {
      log_warning(marked.error().message());  // The undo took; recover() will find nothing.
    }
    entry_.reset();
  }

  static std::optional<DiskRoom> room_of(const DiskFillPressure& fill) {
    const auto room = disk_room(fill.path);
    return room ? std::optional(*room) : std::nullopt;
  }

  /// The kernel may take a moment to give room back; others may have taken it at once.
  void wait_for_room(const DiskFillPressure& fill, std::uint64_t before) {
    const Instant deadline = Clock::now() + kRoomBackWithin;
    auto room = room_of(fill);
    while (room && room->available <= before && Clock::now() < deadline) {
      table_.pause(5ms);
      room = room_of(fill);
    }
    if (!room) return;
    finding_->seen += "; " + share_words(room->used_share()) + " after its end";
  }

  ProcessTable& table_;
  Journal& journal_;
  const PressureFault fault_;
  UniqueFd line_;
  bool line_is_closed_ = false;
  bool answered_ = false;
  std::optional<std::uint64_t> entry_;
  std::optional<ProcessId> id_;
  std::optional<PressureFinding> finding_;
  std::optional<DiskRoom> before_end_;
};

}  // namespace

Result<void> check_size(const PressureSite& site, const PressureFault& fault) {
  return std::visit([](const auto& asked) { return check_size_of(asked); },
                    in_place(fault, site.directory).what);
}

Result<void> check_pressure(const PressureSite& site, const PressureFault& fault) {
  if (auto fits = check_size(site, fault); !fits) return fits;
  const auto check = [](const auto& asked) -> Result<void> {
    if constexpr (requires { asked.cgroup; }) {
      if (asked.cgroup) {
        auto folder = find_cgroup(*asked.cgroup, controller_of(asked));
        if (!folder) return std::move(folder).error();
      }
    }
    return check_room(asked);
  };
  return std::visit(check, in_place(fault, site.directory).what);
}

Result<InjectedPressure> inject(const PressureSite& site, ProcessTable& table, Journal& journal,
                                const PressureFault& fault, Duration length,
                                const std::string& label) {
  const auto process =
      std::make_shared<PressingProcess>(table, journal, in_place(fault, site.directory));
  InjectedPressure injected{.active = ActiveFault(label, [process] { return process->revert(); }),
                            .finding = {},
                            .look = [process] { return process->finding(); }};
  auto report = [&]() -> Result<PressureReport> {
    if (auto started = process->start(site.program, length, label); !started) {
      return std::move(started).error();
    }
    return process->first_report();
  }();
  if (!report) {
    Error failure = std::move(report).error().within(label);
    if (const auto reverted = injected.active.revert(); !reverted) {
      return as_residue(reverted.error()).within(failure.message());
    }
    return failure;
  }
  using State = PressureReport::State;
  injected.is_there = report->state == State::kPresses;
  injected.finding = {
      .seen = report->seen, .took = report->state != State::kShort, .why_not = report->why_not};
  return injected;
}

}  // namespace squall::faults
