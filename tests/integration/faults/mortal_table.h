#pragma once

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "faults/process/procfs_table.h"

namespace squall::faults {

/// When a process is to die by its own hand: before the n-th of its calls to the kernel by way of a
/// MortalTable, as if KILL had come just then.
class Mortality {
 public:
  /// 0: never.
  void die_before(int call) { last_ = call; }
  int calls() const { return calls_; }
  void count() {
    if (++calls_ == last_) ::kill(::getpid(), SIGKILL);
  }

 private:
  std::atomic<int> calls_{0};
  int last_ = 0;
};

/// The control groups of this machine, until death.
class MortalCgroups : public KernelCgroups {
 public:
  explicit MortalCgroups(Mortality& mortality) : mortality_(mortality) {}

  Result<std::string> mounts() override { return counted()->KernelCgroups::mounts(); }
  Result<std::string> membership_of(pid_t pid) override {
    return counted()->KernelCgroups::membership_of(pid);
  }
  Result<std::string> read(const std::filesystem::path& file) override {
    return counted()->KernelCgroups::read(file);
  }
  Result<void> write(const std::filesystem::path& file, std::string_view text) override {
    return counted()->KernelCgroups::write(file, text);
  }
  Result<void> make(const std::filesystem::path& folder) override {
    return counted()->KernelCgroups::make(folder);
  }
  Result<void> remove(const std::filesystem::path& folder) override {
    return counted()->KernelCgroups::remove(folder);
  }
  Result<std::vector<std::filesystem::path>> groups_in(
      const std::filesystem::path& folder) override {
    return counted()->KernelCgroups::groups_in(folder);
  }

 private:
  MortalCgroups* counted() {
    mortality_.count();
    return this;
  }
  Mortality& mortality_;
};

/// The processes of this machine, until death.
class MortalTable : public ProcfsTable {
 public:
  explicit MortalTable(Mortality& mortality) : mortality_(mortality), cgroups_(mortality) {}

  Result<std::vector<ProcessInfo>> list() override { return counted()->ProcfsTable::list(); }
  Result<ProcessInfo> look_at(ProcessId id) override { return counted()->ProcfsTable::look_at(id); }
  Result<void> signal(ProcessId id, int signal) override {
    return counted()->ProcfsTable::signal(id, signal);
  }
  Result<FilesLimit> files_limit(ProcessId id) override {
    return counted()->ProcfsTable::files_limit(id);
  }
  Result<void> limit_files(ProcessId id, std::uint64_t soft) override {
    return counted()->ProcfsTable::limit_files(id, soft);
  }
  Cgroups& cgroups() override { return cgroups_; }

 private:
  MortalTable* counted() {
    mortality_.count();
    return this;
  }
  Mortality& mortality_;
  MortalCgroups cgroups_;
};

}  // namespace squall::faults
