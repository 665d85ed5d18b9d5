#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::generators {

/// How long a request is in service.
struct ServiceTime {
  enum class Distribution { kNone, kConstant, kExponential, kLognormal };
  Distribution distribution = Distribution::kNone;
  Duration length{};  ///< The time itself, the mean, or the median. At most an hour.
  double sigma = 0;   ///< Lognormal only: standard deviation of the logarithm, 0 to 10.
  bool operator==(const ServiceTime&) const = default;
};

/// Work that becomes slower as the line grows, as where memory is swapped or locks are fought over:
/// a target that has it collapses beyond its capacity instead of answering as many as before.
struct Thrash {
  Share each;                ///< So much longer takes a service for each request too many.
  std::uint64_t beyond = 0;  ///< So many may wait, when a service starts, without harm.
  bool operator==(const Thrash&) const = default;
};

/// What is different from some time on; what it does not name stays as it was.
struct BehaviourChange {
  Duration from{};                     ///< Since the target's start, at most 100 h.
  std::optional<ServiceTime> service;  ///< Of services that start from then on.
  std::optional<std::uint32_t> limit;
  bool operator==(const BehaviourChange&) const = default;
};

/// What becomes of the requests to one path. The parts apply in this order: a request finds a slot
/// or waits or is refused; it is in service; then it is answered, failed, reset or met by silence.
struct Behaviour {
  int status = 200;        ///< 200 to 599.
  Bytes body{64};          ///< Exact; the content repeats, see `ServerSession`.
  ServiceTime service;     ///< For failures too.
  Share errors;            ///< So many are answered with `error_status` and no body.
  int error_status = 503;  ///< 200 to 599.
  Share resets;            ///< So many have their stream reset (INTERNAL_ERROR).
  Share silence;           ///< So many are never answered. All shares together: at most 1.
  std::optional<std::uint32_t> limit;    ///< Requests in service at once; none: no limit.
  std::uint64_t queue = 1000;            ///< Requests that wait for a slot; beyond: 503 at once.
  std::optional<Thrash> thrash;          ///< Only with a limit: without one nothing waits.
  std::vector<BehaviourChange> changes;  ///< In order of time, at most `kMostChanges`.
  bool operator==(const Behaviour&) const = default;
};

/// The behaviours of a target: path prefix to behaviour. The longest matching prefix counts, as
/// plain text ("/a" also matches "/ab"); "/" is always there and matches everything.
using BehaviourTable = std::map<std::string, Behaviour, std::less<>>;

inline constexpr std::size_t kMostBehaviours = 256;  ///< Prefixes in one table.
inline constexpr std::size_t kMostPrefix = 1024;     ///< Bytes in one prefix.
inline constexpr std::size_t kMostChanges = 64;      ///< Of one behaviour.
inline constexpr std::string_view kAdminPrefix = "/.squall/";

/// Whether `prefix` can have a behaviour: it begins with "/", is not too long, is not the admin's.
Result<void> check_prefix(std::string_view prefix);
/// Whether the numbers of a behaviour are within their bounds.
Result<void> check(const Behaviour& behaviour);

/// Reads `{"/": {…}, "/slow": {…}}`. Keys left out have the defaults of `Behaviour`; a key that
/// nobody knows is an error. The keys are those that to_json() writes.
Result<BehaviourTable> parse_behaviours(std::string_view json);
/// Reads one behaviour; what `json` does not mention stays as in `base`.
Result<Behaviour> parse_behaviour(std::string_view json, const Behaviour& base);

/// All keys, durations in milliseconds; parse_behaviours() reads it back to the same table.
std::string to_json(const BehaviourTable& table);
std::string to_json(const Behaviour& behaviour);

}  // namespace squall::generators
