#include "harness/trust/identity.h"

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "harness/base/reason.h"

namespace squall::trust {
namespace {

constexpr std::string_view kPrefix = "urn:squall:";
constexpr std::string_view kLabel = "label:";
constexpr std::size_t kLongest = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Error refused(std::string_view why) { return reason(std::errc::permission_denied, why); }

}  // namespace

std::string_view in_words(Identity::Role role) {
  return role == Identity::Role::kCoordinator ? "coordinator" : "agent";
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongest && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

std::vector<std::string> to_uris(const Identity& identity) {
  const auto joined = [](std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) text += part;
    return text;
  };
  std::vector<std::string> uris = {joined({kPrefix, in_words(identity.role), ":", identity.name})};
  for (const auto& [key, value] : identity.labels) {
    uris.push_back(joined({kPrefix, kLabel, key, "=", value}));
  }
  return uris;
}

Result<Identity> identity_of(const std::vector<std::string>& alternative_names) {
  Identity found;
  bool is_found = false;
  for (std::string_view text : alternative_names) {
    if (!text.starts_with(kPrefix)) continue;
    text.remove_prefix(kPrefix.size());
    if (text.starts_with(kLabel)) {
      text.remove_prefix(kLabel.size());
      const std::size_t equals = text.find('=');
      const std::string_view key = text.substr(0, equals);
      const std::string_view value =
          equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
      if (!is_name(key) || !is_name(value)) return refused("a label in its certificate is none");
      if (!found.labels.emplace(key, value).second) {
        return refused("its certificate has a label twice");
      }
      continue;
    }
    std::optional<Identity::Role> role;
    for (const auto one : {Identity::Role::kCoordinator, Identity::Role::kAgent}) {
      if (text.substr(0, text.find(':')) == in_words(one)) role = one;
    }
    if (!role || text.size() <= in_words(*role).size())
      return refused("its certificate has a role that is none");
    text.remove_prefix(in_words(*role).size() + 1);
    if (!is_name(text)) return refused("the name in its certificate is none");
    if (is_found) return refused("its certificate names more than one agent or coordinator");
    found.role = *role;
    found.name = text;
    is_found = true;
  }
  if (!is_found) return refused("its certificate names neither an agent nor a coordinator");
  return found;
}

}  // namespace squall::trust
