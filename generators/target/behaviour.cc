#include "generators/target/behaviour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace squall::generators {
namespace {

using Json = nlohmann::ordered_json;
using Distribution = ServiceTime::Distribution;

constexpr Duration kLongestService = std::chrono::hours(1);
constexpr std::uint64_t kLargestBody = std::uint64_t{1} << 40U;
constexpr std::uint64_t kLongestQueue = 1'000'000;
constexpr std::uint32_t kMostSlots = 1'000'000;
constexpr Duration kLatestChange = std::chrono::hours(100);

/// A distribution, its name, and the key that holds its length.
struct Naming {
  Distribution distribution;
  const char* name;
  const char* length_key;
};
constexpr std::array<Naming, 4> kNamings{{{Distribution::kNone, "none", ""},
                                          {Distribution::kConstant, "constant", "ms"},
                                          {Distribution::kExponential, "exponential", "mean_ms"},
                                          {Distribution::kLognormal, "lognormal", "median_ms"}}};

Error bad(const std::string& what) { return error(std::errc::invalid_argument, what); }

Result<Json> parse_object(std::string_view text) {
  try {
    Json parsed = Json::parse(text);
    if (!parsed.is_object()) return bad("expected a JSON object");
    return parsed;
  } catch (const std::exception& e) {
    return bad(e.what());
  }
}

Result<double> number(const Json& value, const std::string& key) {
  if (!value.is_number()) return bad(key + ": expected a number");
  return value.get<double>();
}

Result<std::uint64_t> whole(const Json& value, const std::string& key, std::uint64_t most) {
  if (!value.is_number_unsigned()) return bad(key + ": expected a whole number, 0 or more");
  const auto given = value.get<std::uint64_t>();
  if (given > most) return bad(fmt::format("{}: {} is more than {}", key, given, most));
  return given;
}

Result<ServiceTime> parse_service(const Json& value) {
  if (!value.is_object() || !value.contains("distribution")) {
    return bad(R"(service: expected an object like {"distribution": "constant", "ms": 10})");
  }
  const Json& named = value.at("distribution");
  const Naming* naming = nullptr;
  for (const Naming& known : kNamings) {
    if (named.is_string() && named.get_ref<const std::string&>() == known.name) naming = &known;
  }
  if (naming == nullptr) {
    return bad("service: distribution: expected none, constant, exponential or lognormal");
  }
  ServiceTime service{.distribution = naming->distribution, .length = {}, .sigma = 0};
  bool has_length = naming->distribution == Distribution::kNone;
  for (const auto& [key, part] : value.items()) {
    if (key == "distribution") continue;
    if (key == naming->length_key) {
      SQUALL_TRY(const double ms, number(part, "service: " + key));
      service.length = from_seconds(ms / 1e3);
      has_length = true;
    } else if (key == "sigma" && naming->distribution == Distribution::kLognormal) {
      SQUALL_TRY(service.sigma, number(part, "service: sigma"));
    } else {
      return bad(fmt::format("service: unknown key '{}' for {}", key, naming->name));
    }
  }
  if (!has_length) return bad(fmt::format("service: '{}' is missing", naming->length_key));
  return service;
}

Result<std::uint32_t> slots(const Json& value) {
  SQUALL_TRY(const auto limit, whole(value, "limit", kMostSlots));
  return static_cast<std::uint32_t>(limit);
}

Result<Thrash> parse_thrash(const Json& value) {
  if (!value.is_object() || value.size() != 2 || !value.contains("share") ||
      !value.contains("beyond")) {
    return bad(R"(thrash: expected an object like {"share": 0.03, "beyond": 50}, or null)");
  }
  Thrash thrash;
  SQUALL_TRY(thrash.each.value, number(value.at("share"), "thrash: share"));
  SQUALL_TRY(thrash.beyond, whole(value.at("beyond"), "thrash: beyond", kLongestQueue));
  return thrash;
}

Result<std::vector<BehaviourChange>> parse_changes(const Json& value) {
  if (!value.is_array()) {
    return bad(R"(changes: expected a list like [{"from_s": 60, "limit": 4}])");
  }
  std::vector<BehaviourChange> changes;
  for (const Json& item : value) {
    if (!item.is_object() || !item.contains("from_s")) {
      return bad(R"(changes: expected objects like {"from_s": 60, "limit": 4})");
    }
    BehaviourChange change;
    for (const auto& [key, part] : item.items()) {
      if (key == "from_s") {
        SQUALL_TRY(const double seconds, number(part, "changes: from_s"));
        change.from = from_seconds(seconds);
      } else if (key == "service") {
        SQUALL_TRY(change.service, parse_service(part));
      } else if (key == "limit") {
        SQUALL_TRY(change.limit, slots(part));
      } else {
        return bad(fmt::format("changes: unknown key '{}' (from_s, service, limit)", key));
      }
    }
    changes.push_back(change);
  }
  return changes;
}

Result<void> read_key(const std::string& key, const Json& value, Behaviour& into) {
  if (key == "status" || key == "error_status") {
    SQUALL_TRY(const auto status, whole(value, key, 599));
    (key == "status" ? into.status : into.error_status) = static_cast<int>(status);
  } else if (key == "body_bytes") {
    SQUALL_TRY(into.body.count, whole(value, key, kLargestBody));
  } else if (key == "service") {
    SQUALL_TRY(into.service, parse_service(value));
  } else if (key == "error_share") {
    SQUALL_TRY(into.errors.value, number(value, key));
  } else if (key == "reset_share") {
    SQUALL_TRY(into.resets.value, number(value, key));
  } else if (key == "silence_share") {
    SQUALL_TRY(into.silence.value, number(value, key));
  } else if (key == "limit") {
    into.limit.reset();
    if (!value.is_null()) {
      SQUALL_TRY(into.limit, slots(value));
    }
  } else if (key == "queue") {
    SQUALL_TRY(into.queue, whole(value, key, kLongestQueue));
  } else if (key == "thrash") {
    into.thrash.reset();
    if (!value.is_null()) {
      SQUALL_TRY(into.thrash, parse_thrash(value));
    }
  } else if (key == "changes") {
    SQUALL_TRY(into.changes, parse_changes(value));
  } else {
    return bad(fmt::format(
        "unknown key '{}' (status, body_bytes, service, error_share, error_status, reset_share, "
        "silence_share, limit, queue, thrash, changes)",
        key));
  }
  return {};
}

Result<Behaviour> read_behaviour(const Json& object, Behaviour behaviour) {
  if (!object.is_object()) return bad("expected a JSON object");
  for (const auto& [key, value] : object.items()) {
    if (auto read = read_key(key, value, behaviour); !read) return std::move(read).error();
  }
  if (auto sound = check(behaviour); !sound) return std::move(sound).error();
  return behaviour;
}

Json json_of(const ServiceTime& service) {
  for (const Naming& naming : kNamings) {
    if (naming.distribution != service.distribution) continue;
    Json json{{"distribution", naming.name}};
    if (service.distribution == Distribution::kNone) return json;
    json[naming.length_key] = to_milliseconds(service.length);
    if (service.distribution == Distribution::kLognormal) json["sigma"] = service.sigma;
    return json;
  }
  return {};
}

Json json_of(const BehaviourChange& change) {
  Json json{{"from_s", to_seconds(change.from)}};
  if (change.service) json["service"] = json_of(*change.service);
  if (change.limit) json["limit"] = *change.limit;
  return json;
}

Json json_of(const std::optional<Thrash>& thrash) {
  if (!thrash) return nullptr;
  return {{"share", thrash->each.value}, {"beyond", thrash->beyond}};
}

Json json_of(const Behaviour& behaviour) {
  Json changes = Json::array();
  for (const BehaviourChange& change : behaviour.changes) changes.push_back(json_of(change));
  return {{"status", behaviour.status},
          {"body_bytes", behaviour.body.count},
          {"service", json_of(behaviour.service)},
          {"error_share", behaviour.errors.value},
          {"error_status", behaviour.error_status},
          {"reset_share", behaviour.resets.value},
          {"silence_share", behaviour.silence.value},
          {"limit", behaviour.limit ? Json(*behaviour.limit) : Json(nullptr)},
          {"queue", behaviour.queue},
          {"thrash", json_of(behaviour.thrash)},
          {"changes", std::move(changes)}};
}

Result<void> check(const ServiceTime& service) {
  if (service.length < Duration::zero() || service.length > kLongestService) {
    return bad("service: not between 0 and 1 h");
  }
  if (!(service.sigma >= 0 && service.sigma <= 10)) {
    return bad("service: sigma is not between 0 and 10");
  }
  return {};
}

Result<void> check_limit(std::optional<std::uint32_t> limit) {
  if (limit && (*limit == 0 || *limit > kMostSlots)) {
    return bad("limit: not between 1 and 1000000 (null: no limit)");
  }
  return {};
}

Result<void> check(const std::vector<BehaviourChange>& changes) {
  if (changes.size() > kMostChanges) return bad("more than 64 changes");
  Duration before{};
  for (const BehaviourChange& change : changes) {
    if (change.from < Duration::zero() || change.from > kLatestChange) {
      return bad("a change is not between 0 and 100 h after the start");
    }
    if (change.from < before) return bad("the changes are not in order of time");
    before = change.from;
    if (!change.service && !change.limit) return bad("a change names neither service nor limit");
    if (change.service) {
      if (auto sound = check(*change.service); !sound) return sound;
    }
    if (auto sound = check_limit(change.limit); !sound) return sound;
  }
  return {};
}

}  // namespace

Result<void> check_prefix(std::string_view prefix) {
  if (prefix.empty() || prefix.front() != '/') {
    return bad(fmt::format("path '{}': must begin with '/'", prefix.substr(0, 80)));
  }
  if (prefix.size() > kMostPrefix) return bad("path: longer than 1024 bytes");
  if (prefix.starts_with(kAdminPrefix)) return bad("path: /.squall/ is the admin's own");
  for (const char c : prefix) {  // What a :path can hold; also keeps the JSON plain ASCII.
    if (c <= ' ' || c == '\x7f') return bad("path: only visible ASCII characters");
  }
  return {};
}

Result<void> check(const Behaviour& behaviour) {
  for (const int status : {behaviour.status, behaviour.error_status}) {
    if (status < 200 || status > 599) return bad(fmt::format("status {}: not 200..599", status));
  }
  double all = 0;
  for (const Share share : {behaviour.errors, behaviour.resets, behaviour.silence}) {
    if (!(share.value >= 0 && share.value <= 1)) return bad("a share is not between 0 and 1");
    all += share.value;
  }
  if (all > 1 + 1e-9) return bad("errors, resets and silence together are more than 1");
  if (auto sound = check(behaviour.service); !sound) return sound;
  if (auto sound = check_limit(behaviour.limit); !sound) return sound;
  if (auto sound = check(behaviour.changes); !sound) return sound;
  const auto limits = [](const BehaviourChange& change) { return change.limit.has_value(); };
  const bool is_limited =
      behaviour.limit || std::any_of(behaviour.changes.begin(), behaviour.changes.end(), limits);
  if (behaviour.thrash && !is_limited) return bad("thrash: without a limit nothing ever waits");
  if (behaviour.thrash) {
    if (!(behaviour.thrash->each.value >= 0 && behaviour.thrash->each.value <= 1)) {
      return bad("thrash: the share is not between 0 and 1");
    }
    if (behaviour.thrash->beyond > kLongestQueue) return bad("thrash: beyond more than 1000000");
  }
  if (behaviour.queue > kLongestQueue) return bad("queue: more than 1000000");
  if (behaviour.body.count > kLargestBody) return bad("body: more than 1 TiB");
  return {};
}

Result<Behaviour> parse_behaviour(std::string_view json, const Behaviour& base) {
  SQUALL_TRY(const Json parsed, parse_object(json));
  return read_behaviour(parsed, base);
}

Result<BehaviourTable> parse_behaviours(std::string_view json) {
  SQUALL_TRY(const Json parsed, parse_object(json));
  if (parsed.size() > kMostBehaviours) return bad("more than 256 paths");
  BehaviourTable table;
  for (const auto& [prefix, value] : parsed.items()) {
    if (auto sound = check_prefix(prefix); !sound) return std::move(sound).error();
    auto behaviour = read_behaviour(value, {});
    if (!behaviour) return std::move(behaviour).error().within(prefix);
    table[prefix] = *behaviour;
  }
  table.try_emplace("/");
  return table;
}

std::string to_json(const Behaviour& behaviour) { return json_of(behaviour).dump(2); }

std::string to_json(const BehaviourTable& table) {
  Json json = Json::object();
  for (const auto& [prefix, behaviour] : table) json[prefix] = json_of(behaviour);
  return json.dump(2);
}

}  // namespace squall::generators
