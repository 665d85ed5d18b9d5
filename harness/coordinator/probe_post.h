#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "scenarios/model/guard_spec.h"

namespace squall::coordinator {

/// What a probe was answered.
struct ProbeReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
  std::string body;
};

/// One GET; blocks, `timeout` at most.
using Fetch = std::function<Result<ProbeReply>(const std::string& url, Duration timeout)>;

/// An answer, and whether it was as expected.
struct ProbeSeen {
  std::string probe;
  Instant at;  ///< When it was asked.
  bool is_good = false;
  std::string seen;
};

/// What of a probe's expectations the reply does not meet, a phrase each: a status (100 to 399
/// where none is given), texts in headers, a text in the body. Empty: all is as expected.
std::vector<std::string> unmet(const ProbeReply& reply, const generators::ExpectSpec& expect);

/// Asks probes, each every interval on a thread of its own, until it is destroyed.
///
/// Lifecycle:  asks from when it is made; destroying it waits for answers under way, two seconds at
///             most.
/// Threads:    take() from any thread; `fetch` is called on several at a time.
/// Errors:     an answer that does not come is an answer that is not good.
class ProbePost {
 public:
  ProbePost(const std::vector<scenarios::ProbeSpec>& probes, Fetch fetch);

  /// What was answered since the last call.
  std::vector<ProbeSeen> take();

 private:
  void ask(const std::stop_token& stop, const scenarios::ProbeSpec& probe);

  Fetch fetch_;
  std::mutex mutex_;
  std::vector<ProbeSeen> seen_;        // Guarded by mutex_.
  std::vector<std::jthread> threads_;  // Last: they use what stands above.
};

}  // namespace squall::coordinator
