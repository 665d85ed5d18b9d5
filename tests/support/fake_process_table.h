#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "faults/process/process_table.h"

#include "tests/support/fake_cgroups.h"

namespace squall::faults {

/// A process table that behaves: signals change states, and time passes only in pause().
///
/// Any call can be refused (refuse_call), any process can be made to ignore signals, to fork when
/// it is signalled, or to need some time until a signal takes. What is frozen is stopped when it
/// goes on.
class FakeProcessTable : public ProcessTable {
 public:
  /// Adds a process that sleeps, with a session of its own unless it has a parent here.
  ProcessId add(pid_t pid, const std::string& name, pid_t parent = 1) {
    ProcessInfo info;
    info.id = {pid, 1000 + static_cast<std::uint64_t>(pid)};
    info.parent = parent;
    info.session = processes_.contains(parent) ? processes_[parent].session : pid;
    info.group = info.session;
    info.state = 'S';
    info.name = name;
    info.command_line = "/usr/bin/" + name;
    processes_[pid] = info;
    cgroups_.fork(parent, pid);
    if (limits_.contains(parent)) limits_[pid] = limits_[parent];
    return info.id;
  }

  ProcessInfo& at(pid_t pid) { return processes_.at(pid); }
  bool has(pid_t pid) const { return processes_.contains(pid); }
  void remove(pid_t pid) { processes_.erase(pid); }
  void listen(pid_t pid, std::uint16_t port) { ports_[port].push_back(at(pid).id); }

  /// Call `number` from now, from 1, fails with EPERM; later ones do not.
  void refuse_call(int number) {
    calls_ = 0;
    refused_ = number;
    all_after_ = false;
  }
  /// Every call after this many fails, as if whoever makes them had died.
  void refuse_all_after(int number) {
    refuse_call(number + 1);
    all_after_ = true;
  }
  int calls() const { return calls_; }
  void ignore_signals(pid_t pid) { deaf_.push_back(pid); }
  void take_signals_after(Duration delay) { delay_ = delay; }
  /// Called once, before the next signal is sent.
  void before_next_signal(std::function<void()> what) { before_signal_ = std::move(what); }

  /// Called once, when time passes next.
  void before_next_pause(std::function<void()> what) { before_pause_ = std::move(what); }

  const std::vector<std::pair<pid_t, int>>& sent() const { return sent_; }
  int count_in_state(char state) const {
    return static_cast<int>(std::count_if(processes_.begin(), processes_.end(),
                                          [&](auto& one) { return one.second.state == state; }));
  }

  Result<std::vector<ProcessInfo>> list() override {
    if (is_refused()) return error(std::errc::operation_not_permitted, "list processes");
    std::vector<ProcessInfo> all;
    for (const auto& [pid, info] : processes_) all.push_back(info);
    return all;
  }
  Result<ProcessInfo> look_at(ProcessId id) override {
    auto info = look_up(id.pid);
    if (info && info->id != id) return error(std::errc::no_such_process, "look");
    return info;
  }
  Result<ProcessInfo> look_up(pid_t pid) override {
    if (is_refused()) return error(std::errc::operation_not_permitted, "look");
    if (!has(pid)) return error(std::errc::no_such_process, "look");
    return at(pid);
  }
  Result<std::vector<ProcessId>> listening_on(std::uint16_t port) override {
    if (is_refused()) return error(std::errc::operation_not_permitted, "listening");
    return ports_[port];
  }
  Result<std::vector<BoundPort>> ports_of(ProcessId id) override {
    if (is_refused()) return error(std::errc::operation_not_permitted, "ports");
    std::vector<BoundPort> bound;
    for (const auto& [port, ids] : ports_) {
      if (std::find(ids.begin(), ids.end(), id) != ids.end()) bound.push_back({"tcp", port});
    }
    return bound;
  }
  Result<void> signal(ProcessId id, int signal) override {
    if (auto what = std::exchange(before_signal_, nullptr)) what();
    if (is_refused()) return error(std::errc::operation_not_permitted, "signal");
    if (!has(id.pid) || at(id.pid).id != id) return error(std::errc::no_such_process, "signal");
    sent_.emplace_back(id.pid, signal);
    if (signal == SIGCONT) {
      std::erase_if(due_, [&](const Due& one) { return one.id == id && one.signal == SIGSTOP; });
    }
    if (std::find(deaf_.begin(), deaf_.end(), id.pid) == deaf_.end()) {
      due_.push_back({now_ + delay_, id, signal});
    }
    pause({});
    return {};
  }
  void pause(Duration length) override {
    if (length > Duration{}) {
      if (auto what = std::exchange(before_pause_, nullptr)) what();
    }
    now_ += length;
    for (std::size_t at = 0; at < due_.size();) {
      const bool waits = due_[at].signal == SIGSTOP && cgroups_.is_frozen(due_[at].id.pid);
      if (due_[at].when > now_ || waits) {
        ++at;
        continue;
      }
      take(due_[at].id, due_[at].signal);
      due_.erase(due_.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  Result<FilesLimit> files_limit(ProcessId id) override {
    if (is_refused()) return error(std::errc::operation_not_permitted, "limit");
    if (!has(id.pid) || at(id.pid).id != id) return error(std::errc::no_such_process, "limit");
    return limit_of(id.pid);
  }
  Result<FilesLimit> files_bounds(ProcessId id) override {
    auto limit = files_limit(id);
    if (limit) limit->open = 0;
    return limit;
  }
  Result<void> limit_files(ProcessId id, std::uint64_t soft) override {
    if (is_refused()) return error(std::errc::operation_not_permitted, "limit");
    if (!has(id.pid) || at(id.pid).id != id) return error(std::errc::no_such_process, "limit");
    limit_of(id.pid).soft = soft;
    return {};
  }
  /// As it is set now; what was never asked for has 1024, 4096 and 24 files open.
  FilesLimit& limit_of(pid_t pid) {
    return limits_.try_emplace(pid, FilesLimit{.soft = 1024, .hard = 4096, .open = 24})
        .first->second;
  }
  Duration now() const { return now_; }
  FakeCgroups& cgroups() override { return cgroups_; }

 private:
  struct Due {
    Duration when;
    ProcessId id;
    int signal;
  };

  bool is_refused() {
    ++calls_;
    return calls_ == refused_ || (all_after_ && calls_ > refused_);
  }

  void take(ProcessId id, int signal) {
    if (!has(id.pid) || at(id.pid).id != id || !at(id.pid).is_alive()) return;
    char& state = at(id.pid).state;
    if (signal == SIGKILL) state = 'Z';
    if (signal == SIGSTOP) state = 'T';
    if (signal == SIGCONT && state == 'T') state = 'S';
    if (signal == SIGTERM && state != 'T') state = 'Z';
  }

  std::map<pid_t, ProcessInfo> processes_;
  std::map<std::uint16_t, std::vector<ProcessId>> ports_;
  std::map<pid_t, FilesLimit> limits_;
  std::vector<pid_t> deaf_;
  std::vector<Due> due_;
  std::vector<std::pair<pid_t, int>> sent_;
  std::function<void()> before_signal_;
  std::function<void()> before_pause_;
  Duration now_{};
  Duration delay_{};
  int calls_ = 0;
  int refused_ = 0;
  bool all_after_ = false;
  FakeCgroups cgroups_{[this](pid_t pid) { return has(pid) && at(pid).is_alive(); },
                       [this] { return is_refused(); }};
};

}  // namespace squall::faults
