#pragma once

#include <string>

#include "harness/trust/identity.h"

namespace squall::trust {

/// The name by which both ends know an agent that shows this certificate and says that it is called
/// `said`: the certificate's, or one below it ("fra-1.second" for a certificate of "fra-1").
inline std::string known_name(const Identity& certified, const std::string& said) {
  return said.starts_with(certified.name + ".") ? said : certified.name;
}

}  // namespace squall::trust
