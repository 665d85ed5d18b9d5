#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "generators/spec/template.h"
#include "harness/base/units.h"

namespace squall::generators {

/// A stretch of an open load whose rate is `from` at its start and `to` at its end, linear between.
struct Stage {
  Rate from;
  Rate to;
  Duration length{};
};

/// How arrivals are spread: evenly, or as a Poisson process of the same rate.
enum class Arrivals { kConstant, kPoisson };

/// Requests start when the schedule says so, whatever became of those before.
struct OpenSpec {
  Arrivals arrivals = Arrivals::kConstant;
  std::vector<Stage> stages;  ///< At least one.
};

/// What a user does between an answer and the next request.
///
/// Uniform is from 0 to twice the mean. Normal has a standard deviation of a quarter of the mean,
/// and nothing below 0. Lognormal has `mean` as its median, and σ = 0.668, so that the 95th
/// percentile is three times the median. Pareto has `mean` as its mean, and the shape 1.5: a long
/// tail above a least of a third of the mean.
struct ThinkSpec {
  enum class Distribution { kConstant, kExponential, kUniform, kNormal, kLognormal, kPareto };
  Duration mean{};
  Distribution distribution = Distribution::kConstant;
};

/// So many users, each of whom sends, waits for the answer, thinks, and sends again.
struct ClosedSpec {
  std::uint64_t users = 1;
  Duration length{};
  ThinkSpec think;
};

/// Requests start when a recording says that they once did, whatever became of those before.
struct ReplaySpec {
  enum class Format { kCombined, kJson, kHar };
  std::string file;
  std::optional<Format> format;      ///< None: as its name and its text suggest.
  double speed = 1;                  ///< 2: in half of the time.
  std::vector<std::string> methods;  ///< Only these; none: all.
  std::uint64_t requests = 0;        ///< What the file holds of them,
  Duration length{};                 ///< and how long they take, at this speed.
};

/// Statuses `low` to `high`, both included.
struct StatusRange {
  int low = 0;
  int high = 0;
  bool operator==(const StatusRange&) const = default;
};

/// What an answer must be like to be ok. With no statuses given, 100 to 399 are expected.
struct ExpectSpec {
  std::vector<StatusRange> status;
  std::optional<std::string> body_contains;
  std::map<std::string, std::string> headers;  ///< Lower-case name to a text that it contains.
};

/// One kind of request.
struct RequestSpec {
  std::string name;  ///< As given, or "GET /path".
  double weight = 1;
  std::string method = "GET";
  Template path;
  std::vector<std::pair<std::string, Template>> headers;  ///< Names in lower case, in order.
  std::optional<Template> body;
  std::optional<std::string> body_file;  ///< Path, relative to the scenario file.
  ExpectSpec expect;
  std::map<std::string, std::string> take;  ///< Flow only: name to "regex:…", "json:…", "header:…".
};

/// A file of rows which templates read as `${data.NAME.COLUMN}`.
struct DataSpec {
  enum class Order { kOnce, kInOrder, kRandom };
  std::string file;
  Order order = Order::kInOrder;
};

/// Of two loads that share one schedule, which part this one sends: a canary beside its control.
/// Each request of the schedule belongs to exactly one of the two, by a draw that is a function of
/// seed and number alone.
struct SplitSpec {
  std::string of;      ///< The name of the whole: the control's.
  double share = 0.5;  ///< Of the schedule that the canary gets.
  bool is_canary = false;
  double tolerance = 0.06;  ///< A difference up to here counts for nothing.
};

/// One named stream of requests to one target.
struct LoadSpec {
  std::string name;
  std::string target;
  std::variant<OpenSpec, ClosedSpec, ReplaySpec> schedule;
  Duration at{};  ///< When it begins, from the start of the load.
  /// A mix, or the steps of a flow: at least one. Of a replay, one with what to expect of all.
  std::vector<RequestSpec> requests;
  bool is_flow = false;
  bool cookies = false;                   ///< Users, or walks of an open flow, keep cookies.
  std::map<std::string, std::string> on;  ///< Labels of the agents that offer it; empty: all.

  std::optional<SplitSpec> split;  ///< None: all of its schedule is this load's.

  /// The share of the schedule that is this load's.
  double part() const {
    if (!split) return 1;
    return split->is_canary ? split->share : 1 - split->share;
  }
  /// The name from which its random choices follow: both sides of a split make the same ones.
  const std::string& seed_name() const { return split ? split->of : name; }
  /// True when requests are due by a schedule: OpenSpec or ReplaySpec.
  bool is_open() const { return !std::holds_alternative<ClosedSpec>(schedule); }
  /// How long requests are due, not counting `at`.
  Duration length() const;
};

}  // namespace squall::generators
