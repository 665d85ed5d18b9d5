#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generators/request/alt_svc.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/https_record.h"
#include "harness/base/units.h"

namespace squall::generators {

/// Where origins have said that they speak HTTP/3, by answers (RFC 7838) or in the DNS (RFC 9460),
/// and whether that was found to be so.
///
/// Followed are alternatives on the origin's own host alone, of https origins. What answers say
/// goes before what the DNS does. One that could not
/// be reached is left alone for a while: a second, and twice as long each time, a minute at most.
///
/// Lifecycle:  of a target on a shard.
/// Threads:    its shard's.
/// Errors:     none: what is malformed is ignored.
class Alternatives {
 public:
  /// The value of an answer's Alt-Svc header. It replaces all that the origin has said before.
  void heard(const Url& origin, std::string_view value, Instant now) {
    if (origin.scheme != "https") return;
    const auto all = parse_alt_svc(value);
    if (!all) return;
    const auto h3 = std::find_if(all->begin(), all->end(), [&](const Alternative& one) {
      return one.protocol == "h3" && (one.host.empty() || one.host == host_of(origin));
    });
    if (h3 == all->end()) {
      known_.erase(origin.authority());
      return;
    }
    Known& known = known_[origin.authority()];
    if (known.port != h3->port) known = {};  // Another place: how the old one fared says nothing.
    known.port = h3->port;
    known.until = now + h3->max_age;
    known.by_record = false;
  }

  /// The origin's HTTPS records, best first. True when one of them was for another host, and is
  /// not followed therefore.
  bool heard(const Url& origin, const std::vector<ServiceRecord>& records, Instant now) {
    if (origin.scheme != "https") return false;
    Known& known = known_[origin.authority()];
    const bool has_answers_word = !known.by_record && now < known.until;
    bool leads_elsewhere = false;
    for (const ServiceRecord& record : records) {
      const bool is_own =
          !record.is_alias() && (record.target.empty() || is_same_name(record.target, origin.host));
      leads_elsewhere = leads_elsewhere || !is_own;
      const bool has_h3 =
          std::find(record.alpn.begin(), record.alpn.end(), "h3") != record.alpn.end();
      if (record.is_alias()) break;  // Then the others do not count (RFC 9460 §2.4.1).
      if (!is_own || !has_h3 || !record.is_understood || has_answers_word) continue;
      const std::uint16_t port = record.port.value_or(origin.port);
      if (known.port != port) known = {};
      known.port = port;
      known.until = now + record.holds;
      known.by_record = true;
      break;
    }
    return leads_elsewhere;
  }
  /// True when what is known of the origin's HTTP/3 is from the DNS.
  bool is_by_record(const Url& origin) const {
    const auto found = known_.find(origin.authority());
    return found != known_.end() && found->second.by_record;
  }

  /// The port at which HTTP/3 is to be tried now; none: it is not.
  std::optional<std::uint16_t> port(const Url& origin, Instant now) const {
    const auto found = known_.find(origin.authority());
    if (found == known_.end() || origin.scheme != "https") return std::nullopt;
    const Known& known = found->second;
    if (now >= known.until || now < known.broken_until) return std::nullopt;
    return known.port;
  }

  /// True while one is known, and left alone.
  bool is_avoided(const Url& origin, Instant now) const {
    const auto found = known_.find(origin.authority());
    return found != known_.end() && now < found->second.until && now < found->second.broken_until;
  }

  void worked(const Url& origin) {
    const auto found = known_.find(origin.authority());
    if (found != known_.end()) found->second.failures = 0;
  }
  void failed(const Url& origin, Instant now) {
    const auto found = known_.find(origin.authority());
    // Connections that were tried together count once.
    if (found == known_.end() || now < found->second.broken_until) return;
    constexpr unsigned kMostDoublings = 6;
    const unsigned doublings = std::min(found->second.failures++, kMostDoublings);
    found->second.broken_until =
        now + std::min<Duration>(std::chrono::seconds(1) * (1U << doublings), kLongest);
  }

 private:
  static constexpr Duration kLongest = std::chrono::minutes(1);
  struct Known {
    std::uint16_t port = 0;
    Instant until{};
    Instant broken_until{};
    unsigned failures = 0;
    bool by_record = false;
  };

  /// Names have no case (RFC 4343); that of a record is in lower case already.
  static bool is_same_name(const std::string& record, const std::string& host) {
    return std::equal(record.begin(), record.end(), host.begin(), host.end(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
  }

  static std::string host_of(const Url& origin) {
    const bool is_v6 = origin.host.find(':') != std::string::npos;
    return is_v6 ? "[" + origin.host + "]" : origin.host;
  }

  std::map<std::string, Known> known_;  // By authority: the scheme is https.
};

}  // namespace squall::generators
