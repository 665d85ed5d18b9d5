#include "harness/services/instance.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <system_error>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "faults/process/process_tree.h"
#include "faults/process/spawn.h"
#include "harness/base/log.h"
#include "harness/services/program.h"

namespace squall::services {
namespace {

namespace fs = std::filesystem;
using faults::ProcessId;
using faults::ProcessInfo;
using scenarios::expand_for_instance;

constexpr int kStrayRounds = 5;

std::string search_path() {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it.
  return path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

bool holds(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

}  // namespace

Result<Instance> Instance::make(const scenarios::ServiceSpec& spec, std::uint64_t number,
                                const fs::path& directory, const fs::path& log_directory) {
  Instance instance(spec, number);
  if (spec.command.empty()) {
    return error(std::errc::invalid_argument, "service " + spec.name + " has no command");
  }
  const std::string program = expand_for_instance(spec.command.front(), number);
  auto found = find_program(program, directory, search_path());
  if (!found) return std::move(found).error().within("service " + instance.name());
  instance.program_ = *std::move(found);
  instance.directory_ = directory;
  instance.log_ = log_directory / (instance.name() + ".log");
  return instance;
}

Result<void> Instance::start(faults::Journal& journal, faults::ProcessTable& table) {
  faults::Command command{.program = program_, .directory = directory_, .log = log_};
  for (const std::string& argument : spec_->command) {
    command.arguments.push_back(expand_for_instance(argument, number_));
  }
  for (const auto& [key, value] : spec_->environment) {
    command.environment[key] = expand_for_instance(value, number_);
  }
  std::error_code none;
  const std::uintmax_t size = fs::file_size(log_, none);
  log_start_ = none ? 0 : size;
  const auto write_down = [&](ProcessId id) -> Result<void> {
    SQUALL_TRY(entry_, journal.record(
                           {"start of service " + name() + " (pid " + std::to_string(id.pid) + ")",
                            "not running", faults::KillUndo{id}}));
    return {};
  };
  auto spawned = spawn(command, table, write_down);
  if (!spawned) {
    if (entry_) {  // The child is gone already.
      if (const auto marked = journal.mark_done(*entry_); !marked) {
        log_warning(marked.error().message());
      }
      entry_.reset();
    }
    return std::move(spawned).error().within("start service " + name());
  }
  id_ = spawned->id;
  pidfd_ = std::move(spawned->pidfd);
  return {};
}

void Instance::ask_to_end(faults::ProcessTable& table) {
  const auto asked = table.signal(id_, SIGTERM);
  if (!asked && !faults::is_gone(asked)) log_warning(asked.error().message());
  const auto all = table.list();
  if (!all) return;
  for (const ProcessInfo& one : tree_of(id_, *all)) {
    if (!one.is_stopped()) continue;
    if (const auto sent = table.signal(one.id, SIGCONT); !sent && !faults::is_gone(sent)) {
      log_warning(sent.error().message());
    }
  }
}

Result<faults::Undone> Instance::kill(faults::ProcessTable& table) {
  auto killed = carry_out(faults::KillUndo{id_}, table);
  if (!killed) return std::move(killed).error().within("service " + name());
  return killed;
}

Result<std::string> Instance::reap(faults::Journal& journal, faults::ProcessTable& table) {
  // While the leader is a zombie its pid names nobody else, so first what it left behind.
  auto killed = kill(table);
  const int status = wait_for(id_.pid);
  pidfd_.reset();
  if (!killed) return std::move(killed).error();
  if (entry_) {
    if (const auto marked = journal.mark_done(*entry_); !marked) {
      log_warning(marked.error().message());
    }
    entry_.reset();
  }
  const bool went_away = status == 0 && *killed == faults::Undone::kNow;
  return describe_exit(status) + (went_away ? kWentIntoTheBackground : "");
}

std::string Instance::ready_url() const {
  return spec_->ready ? expand_for_instance(spec_->ready->url, number_) : "";
}

std::string Instance::last_words() const {
  const std::string words = services::last_words(log_, log_start_);
  return words.empty() ? "" : "; its last words: " + words;
}

Result<std::vector<ProcessId>> end_strays(faults::ProcessTable& table,
                                          const std::vector<pid_t>& known,
                                          const std::vector<pid_t>& living) {
  const pid_t self = ::getpid();
  const pid_t session = ::getsid(0);
  std::vector<ProcessId> ended;
  for (int round = 0; round < kStrayRounds; ++round) {
    SQUALL_TRY(const auto all, table.list());
    bool any = false;
    for (const ProcessInfo& one : all) {
      const bool is_stray = one.parent == self && one.session != session &&
                            !holds(known, one.id.pid) && !holds(living, one.id.pid) &&
                            !holds(living, one.session);
      if (!is_stray) continue;
      any = true;
      if (one.is_alive()) {
        ended.push_back(one.id);
        auto killed = carry_out(faults::KillUndo{one.id}, table);
        if (!killed) return std::move(killed).error();
      }
      wait_for(one.id.pid);
    }
    if (!any) break;
  }
  return ended;
}

}  // namespace squall::services
