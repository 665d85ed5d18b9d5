#pragma once

namespace squall::test {

/// A certificate of a test's own for localhost and 127.0.0.1, Ed25519, valid until 2126, so that a
/// handshake is always of the same length. It is its own authority.
inline constexpr const char* kTestCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBWzCCAQ2gAwIBAgIUa2V8E2NcS5ecH8p+hQuUxKtpNnowBQYDK2VwMBQxEjAQ
BgNVBAMMCWxvY2FsaG9zdDAgFw0yNjExMjExNTMwMDJaGA8yMTI2MTAyODE1MzAw
MlowFDESMBAGA1UEAwwJbG9jYWxob3N0MCowBQYDK2VwAyEANJ25KftfuMCT7mo2
R60mnfjJkz85N6QuTg0vs1bPvAijbzBtMB0GA1UdDgQWBBQBEDGaLnAiyGuwK7Fj
S3K+SbeuLDAfBgNVHSMEGDAWgBQBEDGaLnAiyGuwK7FjS3K+SbeuLDAPBgNVHRMB
Af8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAFBgMrZXADQQDt
vxkdy1HQMNAPecKmbJZvD/USdS7ve3T0jhfaR+1gWXnr34AupZHJbb1cH7i1p/xx
0cg8NjE2dckD1u30w+cL
-----END CERTIFICATE-----
)";
/// Its key, which is no secret.
inline constexpr const char* kTestKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFNQEB9ZgMJprXxxtyzKRiMAzvlRXFuL6zR+RW3srrwH
-----END PRIVATE KEY-----
)";

}  // namespace squall::test
