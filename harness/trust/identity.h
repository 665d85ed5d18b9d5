#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace squall::trust {

/// Who the holder of a certificate is. It stands in the certificate as URIs among its alternative
/// names (RFC 5280 §4.2.1.6): `urn:squall:agent:fra-1`, `urn:squall:label:zone=fra`.
struct Identity {
  enum class Role { kCoordinator, kAgent };

  Role role = Role::kAgent;
  std::string name;
  std::map<std::string, std::string> labels;  ///< None: whatever the agent says of itself.

  bool operator==(const Identity&) const = default;
};

/// "coordinator" or "agent".
std::string_view in_words(Identity::Role role);

/// True for what a name, a label's key or its value may be: 1 to 63 letters, digits, dots, dashes
/// and underscores, a letter or digit first.
bool is_name(std::string_view text);

/// The URIs of an identity whose words are all names.
std::vector<std::string> to_uris(const Identity& identity);

/// The identity that is among a certificate's alternative names, which may be anything. An Error
/// where there is none or more than one, or a word is no name.
Result<Identity> identity_of(const std::vector<std::string>& alternative_names);

}  // namespace squall::trust
