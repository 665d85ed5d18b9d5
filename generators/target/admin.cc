#include "generators/target/admin.h"

#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "generators/target/behaviour.h"

namespace squall::generators {
namespace {

using Json = nlohmann::ordered_json;

AdminReply say(int status, const std::string& what) {
  AdminReply reply;
  reply.status = status;
  // What a client sent may not be UTF-8; it is shown as well as it can be.
  reply.body = Json{{status < 400 ? "ok" : "error", what}}.dump(2, ' ', false,
                                                                Json::error_handler_t::replace) +
               "\n";
  return reply;
}

AdminReply wrong_method(std::string_view allowed) {
  return say(405, fmt::format("only {} here", allowed));
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// Undoes percent-encoding (RFC 3986 §2.1); what is not one stays as it is.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (high && low) {
        plain += static_cast<char>(*high * 16 + *low);
        at += 2;
        continue;
      }
    }
    plain += text[at];
  }
  return plain;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) {
      return decoded(part.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

/// PATCH changes what the body mentions, PUT and POST replace, DELETE takes away.
AdminReply change_one(const AdminRequest& request, const std::string& prefix, Backend& backend,
                      Instant now) {
  if (auto sound = check_prefix(prefix); !sound) return say(400, sound.error().message());
  BehaviourTable table = backend.behaviours();
  const auto present = table.find(prefix);
  if (request.method == "DELETE") {
    if (present == table.end()) return say(404, "no behaviour for that path");
    table.erase(present);
  } else {
    const bool keeps = request.method == "PATCH" && present != table.end();
    const auto behaviour = parse_behaviour(request.body, keeps ? present->second : Behaviour{});
    if (!behaviour) return say(400, behaviour.error().message());
    table[prefix] = *behaviour;
    if (table.size() > kMostBehaviours) return say(400, "more than 256 paths");
  }
  backend.set_behaviours(table, now);
  return say(200, "changed " + prefix);
}

AdminReply behaviour(const AdminRequest& request, std::string_view query, Backend& backend,
                     Instant now) {
  const auto prefix = query_value(query, "path");
  if (request.method == "GET" || request.method == "HEAD") {
    AdminReply reply;
    if (!prefix) {
      reply.body = to_json(backend.behaviours()) + "\n";
      return reply;
    }
    const auto found = backend.behaviours().find(*prefix);
    if (found == backend.behaviours().end()) return say(404, "no behaviour for that path");
    reply.body = to_json(found->second) + "\n";
    return reply;
  }
  const bool changes = request.method == "PATCH" || request.method == "POST" ||
                       request.method == "PUT" || request.method == "DELETE";
  if (!changes) return wrong_method("GET, PUT, POST, PATCH and DELETE");
  if (prefix) return change_one(request, *prefix, backend, now);
  if (request.method != "PUT") return say(400, "which path? (behaviour?path=/…)");
  const auto table = parse_behaviours(request.body);
  if (!table) return say(400, table.error().message());
  backend.set_behaviours(*table, now);
  return say(200, "changed all");
}

AdminReply stats(const Backend& backend, const ConnectionCounts& connections) {
  const RequestCounts requests = backend.counts();
  const QuicCounts& quic = connections.quic;
  Json by_status = Json::object();
  for (const auto& [status, count] : requests.status) by_status[std::to_string(status)] = count;
  AdminReply reply;
  reply.body =
      Json{{"requests", requests.requests},
           {"status", by_status},
           {"errors", requests.errors},
           {"refused", requests.refused},
           {"resets", requests.resets},
           {"silenced", requests.silenced},
           {"abandoned", requests.abandoned},
           {"in_service", requests.in_service},
           {"queued", requests.queued},
           {"held", requests.held},
           {"connections",
            {{"open", connections.open},
             {"accepted", connections.accepted},
             {"tls", connections.tls},
             {"h2", connections.h2},
             {"h1", connections.h1},
             {"h3", connections.h3},
             {"refused", connections.refused},
             {"silenced", connections.silenced},
             {"dropped", connections.dropped}}},
           {"bytes",
            {{"received", connections.bytes_received + quic.bytes_received},
             {"sent", connections.bytes_sent + quic.bytes_sent},
             {"bodies_received", connections.body_bytes_received + quic.body_bytes_received}}},
           {"quic",
            {{"datagrams_received", quic.datagrams_received},
             {"datagrams_sent", quic.datagrams_sent},
             {"dropped_by_kernel", quic.dropped_by_kernel},
             {"handshakes", quic.handshakes},
             {"resumed", quic.resumed},
             {"early_data", quic.early},
             {"retries", quic.retries},
             {"version_negotiations", quic.version_negotiations},
             {"stateless_resets", quic.stateless_resets},
             {"ignored", quic.ignored}}},
           {"admin_requests", connections.admin_requests}}
          .dump(2) +
      "\n";
  return reply;
}

/// The `for_ms` of a body: above 0, an hour at most.
Result<Duration> length_in(std::string_view body) {
  constexpr double kHourMs = 3.6e6;
  const auto wrong = [](const std::string& what) {
    return error(std::errc::invalid_argument, what);
  };
  try {
    const Json parsed = Json::parse(body);
    if (!parsed.is_object() || parsed.size() != 1 || !parsed.contains("for_ms") ||
        !parsed.at("for_ms").is_number()) {
      return wrong(R"(expected {"for_ms": 1000})");
    }
    const double ms = parsed.at("for_ms").get<double>();
    if (!(ms > 0 && ms <= kHourMs)) return wrong("for_ms: not between 0 and 3600000");
    return from_seconds(ms / 1e3);
  } catch (const std::exception& e) {
    return wrong(e.what());
  }
}

AdminReply act(AdminReply::Action action, const std::string& what, Duration length = {}) {
  AdminReply reply = say(200, what);
  reply.action = action;
  reply.silence = length;
  return reply;
}

}  // namespace

AdminReply administer(const AdminRequest& request, Backend& backend,
                      const ConnectionCounts& connections, Instant now) {
  std::string_view path = request.path.substr(std::min(kAdminPrefix.size(), request.path.size()));
  const auto question = path.find('?');
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : path.substr(question + 1);
  path = path.substr(0, question);

  if (!request.is_body_complete) return say(413, "the body is larger than 64 KiB");
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (path == "health") {
    if (!reads) return wrong_method("GET");
    AdminReply healthy;
    healthy.type = "text/plain";
    healthy.body = "ok\n";
    return healthy;
  }
  if (path == "stats") return reads ? stats(backend, connections) : wrong_method("GET");
  if (path == "behaviour") return behaviour(request, query, backend, now);

  const bool is_action =
      path == "goaway" || path == "drop-connections" || path == "stall" || path == "silence";
  if (!is_action) {
    return say(404,
               "no such thing; there are health, stats, behaviour, stall, silence, goaway and "
               "drop-connections");
  }
  if (request.method != "POST") return wrong_method("POST");
  if (path == "goaway") return act(AdminReply::Action::kGoAway, "GOAWAY on all connections");
  if (path == "drop-connections") {
    return act(AdminReply::Action::kDropConnections, "all other connections dropped");
  }
  const auto length = length_in(request.body);
  if (!length) return say(400, length.error().message());
  if (path == "silence") return act(AdminReply::Action::kSilence, "silent", *length);
  backend.stall(*length, now);
  return say(200, "stalled");
}

}  // namespace squall::generators
