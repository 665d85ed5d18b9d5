#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {

std::optional<std::string> read_service_name(Reading& reading, const Node& node,
                                             const std::string& what) {
  Node name = node;
  const std::size_t dot = node.is_scalar() ? node.text.find('.') : std::string::npos;
  name.text = node.text.substr(0, dot);
  const auto service = read_reference(reading, name, what, "service", "services");
  if (!service) return std::nullopt;
  const ServiceSpec* spec = reading.scenario.find_service(*service);
  if (dot == std::string::npos || spec == nullptr) return node.text;
  std::uint64_t number = 0;
  const char* begin = node.text.data() + dot + 1;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, failure] = std::from_chars(begin, end, number);
  if (failure != std::errc{} || stop != end || number < 1 || number > spec->count) {
    reading.mistakes.add(
        node.place,
        what + ": there is no " + in_quotes(node.text) + ": expected " + *service + ".1" +
            (spec->count > 1 ? " to " + *service + "." + std::to_string(spec->count) : ""));
  }
  return node.text;
}

void read_domains(Reading& reading, const Node& section) {
  for_each_named(reading, section, "domain", [&](const std::string& name, const Node& node) {
    DomainSpec domain;
    domain.name = name;
    const std::string what = "domain " + name;
    constexpr std::string_view kMembers =
        "a list of services and instances, such as [web.1, cache]";
    if (!node.is_list() || node.items.empty()) {
      if (node.broken) return;
      const std::string found = node.is_list() ? "an empty list" : in_words(node);
      reading.mistakes.add(node.place,
                           what + ": expected " + std::string(kMembers) + ", found " + found);
      return;
    }
    for (const Node& item : node.items) {
      auto member = read_service_name(reading, item, what);
      if (!member) continue;
      const std::string service = member->substr(0, member->find('.'));
      const bool is_there_twice =
          std::any_of(domain.members.begin(), domain.members.end(), [&](const std::string& other) {
            return other == *member || other == service || other.starts_with(*member + ".");
          });
      if (is_there_twice) {
        reading.mistakes.add(item.place, what + ": " + in_quotes(*member) +
                                             " is in it twice: name a service or its instances");
      }
      domain.members.push_back(*std::move(member));
    }
    // A domain shares its name's room with what it holds: results are told by these names.
    if (reading.scenario.find_service(name) != nullptr) {
      reading.mistakes.add(node.place, what + ": a service has this name: expected another");
    }
    reading.scenario.domains.push_back(std::move(domain));
  });
}

}  // namespace squall::scenarios
