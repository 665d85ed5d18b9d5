#include <limits>

#include "generators/spec/target_spec.h"
#include "scenarios/parse/numbers.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using generators::Balance;
using generators::Protocol;
using generators::TargetSpec;
using generators::TlsSpec;

constexpr std::uint64_t kMostConnections = 100'000;
constexpr std::uint64_t kMostStreams = 0x7fffffff;  // RFC 9113 §5.1.1: 31 bits name a stream.

void read_count(const MapReader& map, std::size_t& into, const char* key, std::uint64_t most) {
  const auto count = map.get(key, kCount);
  if (count && *count > most) {
    map.mistake_at(key, in_quotes(map.find(key)->text) + " is too many: expected at most " +
                            std::to_string(most));
  } else if (count) {
    into = static_cast<std::size_t>(*count);
  }
}

void read_urls(Reading& reading, const MapReader& map, TargetSpec& target) {
  const auto key = map.exactly_one({"url", "urls"});
  if (!key) return;
  const Node& node = *map.find(*key);
  std::vector<const Node*> nodes;
  if (*key == "url") {
    nodes.push_back(&node);
  } else if (node.is_list() && !node.items.empty()) {
    for (const Node& item : node.items) nodes.push_back(&item);
  } else if (!node.broken) {
    map.mistake_at(*key, std::string("'urls' must be a list of URLs; found ") +
                             (node.is_list() ? "an empty list" : in_words(node)));
  }
  for (const Node* one : nodes) {
    auto url = read_url(reading, *one);
    if (!url) continue;
    if (url->path != "/") {
      reading.mistakes.add(one->place, map.what() + ": a target's URL has no path: write " +
                                           in_quotes(url->path) + " into the requests");
    }
    if (!target.urls.empty() && url->scheme != target.urls.front().scheme) {
      reading.mistakes.add(one->place, map.what() + ": URLs of different schemes: expected all " +
                                           target.urls.front().scheme + "://, or all the other");
      continue;
    }
    target.urls.push_back(std::move(*url));
  }
}

void read_protocol(const MapReader& map, TargetSpec& target) {
  const bool is_tls = !target.urls.empty() && target.urls.front().scheme == "https";
  target.protocol = is_tls ? Protocol::kH2 : Protocol::kH2c;
  const Node* node = map.find("protocol");
  if (node == nullptr) return;
  map.set_word(target.protocol, "protocol", "protocol",
               {{"h1", Protocol::kH1},
                {"h2", Protocol::kH2},
                {"h2c", Protocol::kH2c},
                {"h3", Protocol::kH3},
                {"auto", Protocol::kAuto}});
  if (target.urls.empty()) return;
  const std::string& scheme = target.urls.front().scheme;
  if ((target.protocol == Protocol::kH2 || target.protocol == Protocol::kH3) && !is_tls) {
    map.mistake_at("protocol",
                   node->text + " is spoken over TLS, but the URL is http://: expected " +
                       (target.protocol == Protocol::kH2 ? "h2c, or " : "") + "an https:// URL");
  } else if (target.protocol == Protocol::kH2c && is_tls) {
    map.mistake_at("protocol", "h2c is spoken in clear text, but the URL is " + scheme +
                                   "://: expected h2, or an http:// URL");
  }
}

void read_tls(Reading& reading, const MapReader& target_map, const Node& node, TargetSpec& target) {
  TlsSpec& tls = target.tls;
  const MapReader map(
      reading, node, target_map.what() + ".tls",
      {"ca", "verify", "server_name", "min", "session", "early_data", "cert", "key"});
  if (!map.is_map()) return;
  if (!target.urls.empty() && target.urls.front().scheme == "http") {
    target_map.mistake_at("tls", "'tls' says nothing where the URL is http://: leave it away");
  }
  const auto set_file = [&](std::optional<std::string>& into, const char* key) {
    if (const Node* file = map.find(key)) into = read_file_name(reading, *file);
  };
  set_file(tls.ca, "ca");
  set_file(tls.certificate, "cert");
  set_file(tls.key, "key");
  if (map.find("cert") != nullptr) map.require("key", "the file of the certificate's key");
  if (map.find("key") != nullptr) map.require("cert", "the file of the key's certificate");
  map.set(tls.verify, "verify", kBoolean);
  map.set(tls.server_name, "server_name", kLine);
  map.set_word<std::string>(tls.min_version, "min", "TLS version",
                            {{"1.2", "1.2"}, {"1.3", "1.3"}});
  map.set_word(tls.resume_sessions, "session", "session policy",
               {{"resume", true}, {"none", false}});
  map.set(tls.early_data, "early_data", kBoolean);
  if (tls.early_data && !tls.resume_sessions) {
    map.mistake_at("early_data", "early data needs a session to resume: add 'session: resume'");
  } else if (tls.early_data && target.protocol != Protocol::kH3) {
    map.mistake_at("early_data",
                   "early data is sent over QUIC alone: expected 'protocol: h3', or no early_data");
  }
}

void read_quic(Reading& reading, const MapReader& target_map, const Node& node,
               TargetSpec& target) {
  using Congestion = generators::QuicSpec::Congestion;
  constexpr std::uint64_t kLeastPayload = 1200;  // RFC 9000 §14: a path must carry as much.
  constexpr std::uint64_t kMostPayload = 16'000;
  constexpr std::uint64_t kLeastWindow = 16 * 1024;
  constexpr std::uint64_t kMostWindow = std::uint64_t{1} << 32U;
  generators::QuicSpec& quic = target.quic;
  const MapReader map(reading, node, target_map.what() + ".quic",
                      {"congestion", "window", "stream_window", "max_udp_payload", "mtu_discovery",
                       "pacing", "ecn", "shared_socket", "qlog"});
  if (!map.is_map()) return;
  if (target.protocol != Protocol::kH3 && target.protocol != Protocol::kAuto) {
    target_map.mistake_at("quic",
                          "'quic' says nothing without 'protocol: h3' or auto: leave it away");
  }
  map.set_word(
      quic.congestion, "congestion", "congestion control",
      {{"cubic", Congestion::kCubic}, {"bbr", Congestion::kBbr}, {"reno", Congestion::kReno}});
  const auto read_window = [&](Bytes& into, const char* key) {
    const auto size = map.get(key, kSize);
    if (size && (size->count < kLeastWindow || size->count > kMostWindow)) {
      map.mistake_at(key, std::string(key) + " " + in_quotes(map.find(key)->text) +
                              ": expected 16KiB to 4GiB");
    } else if (size) {
      into = *size;
    }
  };
  read_window(quic.window, "window");
  read_window(quic.stream_window, "stream_window");
  if (const auto size = map.get("max_udp_payload", kSize)) {
    if (size->count < kLeastPayload || size->count > kMostPayload) {
      map.mistake_at("max_udp_payload", "max_udp_payload " +
                                            in_quotes(map.find("max_udp_payload")->text) +
                                            ": expected 1200B to 16000B");
    }
    quic.max_udp_payload = *size;
  }
  map.set(quic.discovers_mtu, "mtu_discovery", kBoolean);
  map.set(quic.is_paced, "pacing", kBoolean);
  map.set(quic.marks_ecn, "ecn", kBoolean);
  map.set(quic.shares_socket, "shared_socket", kBoolean);
  if (const Node* folder = map.find("qlog")) quic.qlog = read_folder_name(reading, *folder);
}

void read_resolve(Reading& reading, const Node& node, const std::string& what, TargetSpec& target) {
  if (!node.is_map() || node.entries.empty()) {
    if (!node.broken) {
      reading.mistakes.add(node.place, what + ": 'resolve' must be a map from a host to its" +
                                           " addresses; found " +
                                           (node.is_map() ? "an empty map" : in_words(node)));
    }
    return;
  }
  for (const Node::Entry& entry : node.entries) {
    auto addresses = read_list(reading, entry.value, kAddress);
    bool is_used = target.urls.empty();
    std::vector<std::string> hosts;
    for (const generators::Url& url : target.urls) {
      hosts.push_back(url.host);
      is_used = is_used || url.host == entry.key;
    }
    if (!is_used) {
      reading.mistakes.add(entry.place, what + ": no URL has the host " + in_quotes(entry.key) +
                                            hint(entry.key, hosts));
    }
    target.resolve[entry.key] = std::move(addresses);
  }
}

void read_reconnect(Reading& reading, const Node& node, const std::string& what,
                    TargetSpec& target) {
  const MapReader map(reading, node, what + ".reconnect", {"after", "up_to"});
  map.set(target.reconnect.after, "after", kPositiveDuration);
  map.set(target.reconnect.up_to, "up_to", kPositiveDuration);
  if (target.reconnect.after <= target.reconnect.up_to) return;
  if (map.find("up_to") == nullptr) {
    target.reconnect.up_to = target.reconnect.after;
  } else if (map.find("after") == nullptr) {
    target.reconnect.after = target.reconnect.up_to;
  } else {
    map.mistake_at("up_to", "'up_to' is less than 'after'");
  }
}

/// "100 requests", or the greatest age of a connection.
void read_renewal(Reading& reading, const Node& node, TargetSpec& target) {
  constexpr std::string_view kRequests = "requests";
  constexpr std::string_view kRequest = "request";
  generators::RenewSpec renew;
  const std::string_view text = trimmed(node.text);
  const std::string_view unit = text.ends_with(kRequests) ? kRequests : kRequest;
  if (node.is_scalar() && text.ends_with(unit)) {
    Node number = node;
    number.text = std::string(trimmed(text.substr(0, text.size() - unit.size())));
    renew.requests = read(reading, number, kCount);
  } else {
    renew.age = read(
        reading, node,
        Kind<Duration>{"'100 requests' or an age such as 30s", [](std::string_view age) {
                         auto parsed = parse_positive_duration(age);
                         if (!parsed.value) {
                           parsed.mistake = is_not(age, "'100 requests' or an age such as 30s");
                         }
                         return parsed;
                       }});
  }
  target.new_connection_every = renew;
}

void read_target(Reading& reading, const std::string& name, const Node& node) {
  TargetSpec target;
  target.name = name;
  const std::string what = "target " + name;
  const MapReader map(
      reading, node, what,
      {"url", "urls", "balance", "protocol", "connections", "streams", "tls", "resolve", "timeout",
       "deadline", "reconnect", "new_connection_every", "source", "connect_over", "quic"});
  read_urls(reading, map, target);
  map.set_word(target.balance, "balance", "balance",
               {{"round-robin", Balance::kRoundRobin}, {"random", Balance::kRandom}});
  read_protocol(map, target);
  read_count(map, target.connections, "connections", kMostConnections);
  map.set(target.connect_over, "connect_over", kDuration);
  read_count(map, target.streams, "streams", kMostStreams);
  if (target.protocol == Protocol::kH1) {
    if (map.find("streams") != nullptr && target.streams > 1) {
      map.mistake_at("streams",
                     "HTTP/1.1 has one request at a time for each connection: expected"
                     " 1, or more connections");
    }
    target.streams = 1;
  }
  if (const Node* tls = map.find("tls")) read_tls(reading, map, *tls, target);
  if (const Node* quic = map.find("quic")) read_quic(reading, map, *quic, target);
  if (const Node* resolve = map.find("resolve")) read_resolve(reading, *resolve, what, target);
  map.set(target.timeout, "timeout", kPositiveDuration);
  map.set(target.deadline, "deadline", kPositiveDuration);
  if (const Node* reconnect = map.find("reconnect")) {
    read_reconnect(reading, *reconnect, what, target);
  }
  if (const Node* renewal = map.find("new_connection_every")) {
    read_renewal(reading, *renewal, target);
  }
  if (const Node* source = map.find("source")) {
    target.source = read_list(reading, *source, kAddressBlock);
  }
  reading.scenario.targets.push_back(std::move(target));
}

}  // namespace

void read_targets(Reading& reading, const Node& section) {
  for_each_named(reading, section, "target", [&](const std::string& name, const Node& node) {
    read_target(reading, name, node);
  });
}

}  // namespace squall::scenarios
