#pragma once

#include <string>

#include "harness/base/result.h"

namespace squall::generators {

/// A certificate and its key, both PEM.
struct CertificatePair {
  std::string certificate;
  std::string key;
};

/// Makes a self-signed certificate for this machine talking to itself: EC P-256, for localhost,
/// 127.0.0.1 and ::1, valid from an hour ago (clocks differ) for a year. It is its own authority: a
/// client that is given it as its CA file can verify the server.
Result<CertificatePair> make_self_signed_certificate();

}  // namespace squall::generators
