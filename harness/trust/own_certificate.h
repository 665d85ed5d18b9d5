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

/// Whether those who believe `authority` (certificates, PEM) believe this one as that of `role`:
/// it is signed by one of them, by way of what stands below it in its own PEM, and is for that
/// purpose (RFC 5280 §4.2.1.12); a coordinator's has the name that agents ask for. The error's
/// trail says what is not so.
Result<void> check_believed(const Pem& own, Identity::Role role, const std::string& authority);

}  // namespace squall::trust
