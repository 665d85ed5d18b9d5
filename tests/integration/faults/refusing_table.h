#pragma once

#include <system_error>
#include <vector>

#include "faults/process/procfs_table.h"

#include "tests/integration/faults/refused_calls.h"

namespace squall::faults {

/// The processes of this machine; each call counts as one that may be refused.
class RefusingTable : public ProcfsTable {
 public:
  Result<std::vector<ProcessInfo>> list() override {
    return refused_or([&] { return ProcfsTable::list(); });
  }
  Result<ProcessInfo> look_at(ProcessId id) override {
    return refused_or([&] { return ProcfsTable::look_at(id); });
  }
  Result<ProcessInfo> look_up(pid_t pid) override {
    return refused_or([&] { return ProcfsTable::look_up(pid); });
  }
  Result<void> signal(ProcessId id, int signal) override {
    return refused_or([&] { return ProcfsTable::signal(id, signal); });
  }

 private:
  template <typename Call>
  auto refused_or(Call call) -> decltype(call()) {
    if (refused_calls::is_due()) return error(std::errc::operation_not_permitted, "refused");
    const refused_calls::Pause pause;
    return call();
  }
};

}  // namespace squall::faults
