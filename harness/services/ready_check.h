#pragma once

#include <functional>
#include <string>
#include <thread>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::services {

/// Asks again and again, on a thread of its own, until a service answers as it should.
///
/// Lifecycle:  starts when made; destroying it ends the asking (and waits for an answer under way,
///             one second at most).
/// Threads:    the callbacks are called on its thread, each once at most.
class ReadyCheck {
 public:
  struct Asking {
    std::string url;
    int status = 200;  ///< What it has to answer.
    Duration within{};
    std::function<Result<int>(const std::string& url, Duration timeout)> fetch;
    std::function<void()> on_ready;
    /// When `within` is over, with what was answered last; the asking goes on.
    std::function<void(std::string last_seen)> on_late;
  };
  explicit ReadyCheck(Asking asking);

 private:
  std::jthread thread_;
};

}  // namespace squall::services
