#include <algorithm>
#include <charconv>
#include <system_error>

#include "generators/spec/target_spec.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

constexpr std::uint64_t kMostInstances = 1000;
constexpr std::uint64_t kHighestPort = 65535;

/// Tells a `${port(BASE)}` whose last instance would have no port.
void check_ports(Reading& reading, const Node& node, std::uint64_t count) {
  constexpr std::string_view kPort = "${port(";
  const std::string_view text = node.broken ? std::string_view{} : node.text;
  for (std::size_t at = text.find(kPort); at != std::string_view::npos;
       at = text.find(kPort, at + 1)) {
    const char* begin = text.data() + at + kPort.size();
    std::uint64_t base = 0;
    const auto [end, failure] = std::from_chars(begin, text.data() + text.size(), base);
    if (failure != std::errc{} || base == 0 || base > kHighestPort ||
        base + count - 1 > kHighestPort) {
      reading.mistakes.add(node.place,
                           "the ports of ${port(" +
                               std::string(begin, static_cast<std::size_t>(end - begin)) +
                               ")} are not all from 1 to 65535");
      return;
    }
  }
}

ReadySpec read_ready(Reading& reading, const Node& node, const std::string& what) {
  ReadySpec ready;
  const MapReader map(reading, node, what + ".ready", {"url", "within", "status"});
  map.set_required(ready.url, "url", Kind<std::string>{"a URL", parse_line});
  map.set(ready.within, "within", kPositiveDuration);
  map.set(ready.status, "status", kOneStatus);
  if (ready.url.empty()) return ready;
  constexpr std::string_view kTcp = "tcp://";
  std::string url = expand_for_instance(ready.url, 1);
  const bool is_tcp = url.starts_with(kTcp);
  if (is_tcp) url.replace(0, kTcp.size(), "http://");
  const auto parsed = generators::parse_url(url);
  const Node& place = *map.find("url");
  if (!parsed) {
    reading.mistakes.add(place.place, in_quotes(ready.url) +
                                          " is not a URL: " + parsed.error().trail +
                                          (is_tcp ? "" : " (tcp:// is possible here, too)"));
  } else if (is_tcp && url.find(':', std::string_view("http://").size()) == std::string::npos) {
    reading.mistakes.add(place.place,
                         in_quotes(ready.url) + " has no port: expected tcp://HOST:PORT");
  } else if (is_tcp && map.find("status") != nullptr) {
    map.mistake_at("status", "a tcp:// URL answers with no status: leave it away");
  }
  return ready;
}

void read_service(Reading& reading, const std::string& name, const Node& node) {
  ServiceSpec service;
  service.name = name;
  const std::string what = "service " + name;
  const MapReader map(reading, node, what,
                      {"command", "environment", "count", "ready", "restart", "stop_within"});
  map.set(service.count, "count", kCount);
  if (service.count > kMostInstances) {
    map.mistake_at("count", in_quotes(map.find("count")->text) + " is too many: expected at most " +
                                std::to_string(kMostInstances));
    service.count = 1;
  }
  const auto check = [&](const Node& text) { check_ports(reading, text, service.count); };

  constexpr std::string_view kCommand = "a list: the program and its arguments";
  if (const Node* command = map.require("command", kCommand)) {
    if (!command->is_list() || command->items.empty()) {
      if (!command->broken) {
        map.mistake_at("command", "'command' must be " + std::string(kCommand) +
                                      " (no shell reads it); found " +
                                      (command->is_list() ? "an empty list" : in_words(*command)));
      }
    } else {
      service.command = read_list(reading, *command, kText);
      if (!service.command.empty() && service.command.front().empty()) {
        map.mistake(command->items.front().place, what + ": the program's name is empty");
      }
      std::for_each(command->items.begin(), command->items.end(), check);
    }
  }
  if (const Node* environment = map.find("environment")) {
    service.environment = read_texts(reading, *environment, "a map of variables to their values");
    for (const Node::Entry& entry : environment->entries) {
      check(entry.value);
      if (entry.key.find('=') != std::string::npos || entry.key.find('\0') != std::string::npos) {
        reading.mistakes.add(entry.place,
                             in_quotes(entry.key) + " is no name of a variable: it holds '='");
      }
    }
  }
  if (const Node* ready = map.find("ready")) {
    service.ready = read_ready(reading, *ready, what);
    if (const Node* url = ready->find("url")) check(*url);
  }
  map.set_word(
      service.restart, "restart", "restart policy",
      {{"never", ServiceSpec::Restart::kNever}, {"always", ServiceSpec::Restart::kAlways}});
  map.set(service.stop_within, "stop_within", kPositiveDuration);
  reading.scenario.services.push_back(std::move(service));
}

}  // namespace

void read_services(Reading& reading, const Node& section) {
  for_each_named(reading, section, "service", [&](const std::string& name, const Node& node) {
    read_service(reading, name, node);
  });
}

}  // namespace squall::scenarios
