#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "generators/request/prepared_request.h"
#include "generators/request/request_mix.h"
#include "generators/schedule/open_schedule.h"
#include "generators/spec/load_spec.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/source_addresses.h"
#include "generators/transport/tls.h"
#include "harness/base/result.h"

namespace squall::generators {

/// A load and its target, checked and made ready: what all shards share of it.
///
/// Lifecycle:  made once, before the run; then shared.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for what cannot work, or not yet, and says which.
struct PreparedLoad {
  LoadSpec load;
  TargetSpec target;
  std::shared_ptr<const TlsContext> tls;               ///< Null without TLS.
  SourceAddresses source;                              ///< None: the kernel chooses.
  std::shared_ptr<const OpenSchedule> schedule;        ///< Null for a closed load.
  std::vector<std::vector<PreparedRequest>> requests;  ///< By URL, then as in the spec.
  RequestMix mix{{}, 0};
  std::uint64_t seed = 0;         ///< Of this load; different loads have different ones.
  std::uint64_t values_seed = 0;  ///< For random values in requests.

  static Result<PreparedLoad> make(LoadSpec load, const TargetSpec& target, std::uint64_t seed,
                                   const std::filesystem::path& directory);

  const PreparedRequest& request(std::uint64_t number, std::size_t url) const {
    return requests[url][mix.pick(number)];
  }
  /// The request's index in the spec.
  std::uint32_t index_of(std::uint64_t number) const {
    return static_cast<std::uint32_t>(mix.pick(number));
  }
  /// The names of the requests, by index.
  std::vector<std::string> request_names() const;
};

}  // namespace squall::generators
