#pragma once

#include "harness/base/result.h"
#include "harness/trust/authority.h"
#include "harness/trust/identity.h"

namespace squall::trust {

/// Whether somebody can show this certificate, with this key, as one of `role`: it is what it says
/// it is, belongs to the key, and holds today. What the other end would refuse without a word is
/// told here, before anybody is asked; the error's trail says what is wrong with the one or the
/// other. Who that is.
Result<Identity> check_own(const Pem& own, Identity::Role role);

}  // namespace squall::trust
