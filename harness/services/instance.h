#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faults/core/journal.h"
#include "faults/core/undo.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "scenarios/model/scenario.h"

namespace squall::services {

/// One instance of a service: a process and all that comes of it, from its start to its end.
///
/// Lifecycle:  make → start → (its end is seen) → reap → start → …. Whoever started it reaps it.
/// Threads:    one owner, the watcher's thread.
/// Errors:     reap() and kill() fail with residue when something does not go away.
class Instance {
 public:
  /// `spec` outlives it. Fails when there is no such program.
  static Result<Instance> make(const scenarios::ServiceSpec& spec, std::uint64_t number,
                               const std::filesystem::path& directory,
                               const std::filesystem::path& log_directory);

  /// Starts the process; it is in `journal` before its program begins.
  Result<void> start(faults::Journal& journal, faults::ProcessTable& table);
  /// TERM, so that it ends in order, also when it is stopped.
  void ask_to_end(faults::ProcessTable& table);
  /// KILL to it and to all that came of it; waits until they are gone.
  Result<faults::Undone> kill(faults::ProcessTable& table);
  /// Once it has ended: ends what it left behind, and says how it ended.
  Result<std::string> reap(faults::Journal& journal, faults::ProcessTable& table);
  /// Stops caring for a process that does not go away; its entry stays in the journal.
  void abandon() { pidfd_.reset(); }

  const scenarios::ServiceSpec& spec() const { return *spec_; }
  std::uint64_t number() const { return number_; }
  std::string name() const { return spec_->name + "." + std::to_string(number_); }
  std::string ready_url() const;
  bool has_process() const { return static_cast<bool>(pidfd_); }
  faults::ProcessId id() const { return id_; }
  int pidfd() const { return pidfd_.get(); }
  /// "; its last words: …", of the latest start; empty when it wrote nothing.
  std::string last_words() const;

 private:
  Instance(const scenarios::ServiceSpec& spec, std::uint64_t number)
      : spec_(&spec), number_(number) {}

  const scenarios::ServiceSpec* spec_;
  std::uint64_t number_;
  std::filesystem::path directory_;
  std::filesystem::path program_;
  std::filesystem::path log_;
  std::uintmax_t log_start_ = 0;  // Where the latest start began to write.
  faults::ProcessId id_;
  UniqueFd pidfd_;  // Empty when there is no process to wait for.
  std::optional<std::uint64_t> entry_;
};

/// What is added to the words about an end with status 0 which left processes running.
inline constexpr const char* kWentIntoTheBackground =
    " and left processes in the background, which were ended too (a service has to stay in the "
    "foreground)";

/// Ends the processes that services left to us by going into the background: children of this
/// process, of a session which is neither ours nor one of `living`, and not in `known`. Returns
/// those that were still alive.
Result<std::vector<faults::ProcessId>> end_strays(faults::ProcessTable& table,
                                                  const std::vector<pid_t>& known,
                                                  const std::vector<pid_t>& living);

}  // namespace squall::services
