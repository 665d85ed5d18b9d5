#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/trust/identity.h"

namespace squall::trust {

/// A certificate and its key, both PEM.
struct Pem {
  std::string certificate;
  std::string key;
};

/// The DNS name that every coordinator's certificate has and no agent's: what an agent asks for
/// when it shakes hands, wherever the coordinator is. It is never looked up.
inline constexpr std::string_view kCoordinatorHost = "coordinator.squall.internal";

/// The authority of one fleet: it signs the certificates of its coordinators and agents, and nobody
/// believes another's. Keys are EC P-256; certificates are RFC 5280's, for their one purpose
/// (serverAuth or clientAuth), and begin an hour ago, because clocks differ.
///
/// Lifecycle:  make or read → issue, any number of times.
/// Threads:    one owner at a time.
/// Errors:     what is no certificate or key, or one of something else, is refused by read().
class Authority {
 public:
  static Result<Authority> make(std::string_view name, std::chrono::days valid);
  static Result<Authority> read(const Pem& pem);
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) = delete;
  ~Authority();

  const Pem& pem() const { return pem_; }
  /// All words of `identity` must be names (`is_name`), or it is an Error. Never valid for longer
  /// than the authority.
  Result<Pem> issue(const Identity& identity, std::chrono::days valid) const;

 private:
  struct Parts;
  Authority(Pem pem, std::unique_ptr<Parts> parts);

  Pem pem_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace squall::trust
