#include "generators/target/behaviour.h"

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
      SQUALL_TRY(const auto limit, whole(value, key, kMostSlots));
      into.limit = static_cast<std::uint32_t>(limit);
    }
  } else if (key == "queue") {
    SQUALL_TRY(into.queue, whole(value, key, kLongestQueue));
  } else {
    return bad(fmt::format(
        "unknown key '{}' (status, body_bytes, service, error_share, error_status, reset_share, "
        "silence_share, limit, queue)",
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

Json json_of(const Behaviour& behaviour) {
  return {{"status", behaviour.status},
          {"body_bytes", behaviour.body.count},
          {"service", json_of(behaviour.service)},
          {"error_share", behaviour.errors.value},
          {"error_status", behaviour.error_status},
          {"reset_share", behaviour.resets.value},
          {"silence_share", behaviour.silence.value},
          {"limit", behaviour.limit ? Json(*behaviour.limit) : Json(nullptr)},
          {"queue", behaviour.queue}};
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
  if (behaviour.service.length < Duration::zero() || behaviour.service.length > kLongestService) {
    return bad("service: not between 0 and 1 h");
  }
  if (!(behaviour.service.sigma >= 0 && behaviour.service.sigma <= 10)) {
    return bad("service: sigma is not between 0 and 10");
  }
  if (behaviour.limit && (*behaviour.limit == 0 || *behaviour.limit > kMostSlots)) {
    return bad("limit: not between 1 and 1000000 (null: no limit)");
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
