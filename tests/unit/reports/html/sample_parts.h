#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/dice.h"
#include "harness/base/units.h"
#include "reports/judge/run_result.h"
#include "reports/measure/event.h"
#include "reports/measure/outcome.h"

/// What made-up runs are put together from.
namespace squall::reports::parts {

/// About a lognormal draw. The sum of twelve uniforms less six is near enough to a normal
/// distribution for a picture.
inline double lognormal(Dice& dice, double median, double sigma) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += dice.unit();
  return median * std::exp(sigma * sum);
}

/// What became of one request.
struct Answer {
  double response_ms = 1;
  double service_ms = 1;
  ErrorClass error = ErrorClass::kNone;
  int status = 200;
};

/// A load, and how the server answers it.
struct Shape {
  std::string name;
  std::string target;
  std::string protocol = "h2";
  bool open = true;
  int length = 20;
  std::function<double(double at)> rate;
  std::function<Answer(double at, Dice&)> answer;
};

/// So many milliseconds.
inline Duration ms(double value) { return from_seconds(value / 1e3); }

/// Walks through the due times of `shape`; `changes` are the seconds at which phases begin.
LoadResult simulate(const Shape& shape, const std::vector<std::pair<int, std::string>>& changes,
                    std::uint64_t seed);

/// An objective of answers that are ok within `limit`,
ObjectiveResult within(const std::string& name, const LoadResult& load, Duration limit,
                       double goal);
/// and one of answers that are ok at all.
ObjectiveResult available(const std::string& name, const LoadResult& load, double goal);

/// A fault of agent-1 from a second on; without `to` a single stroke.
FaultResult fault(const std::string& name, const std::string& label, double from,
                  std::optional<double> to, const std::string& asked, const std::string& seen);

/// A run with agent-1 and nothing in it yet.
RunResult run(const std::string& scenario, const std::string& description, Verdict verdict,
              std::vector<std::string> reasons, Duration duration);

/// What agent-1 tells at a second.
Event event(double at, const std::string& kind, const std::string& subject,
            const std::string& detail);

/// What a constant-rate load waits when the server stands still from `begin` to `end`.
double stall_wait_ms(double at, double begin, double end);

}  // namespace squall::reports::parts
