#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "generators/http3/qlog_folder.h"
#include "generators/http3/quic_tls.h"
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
  std::shared_ptr<const TlsContext> tls;         ///< Null without TLS over TCP.
  std::shared_ptr<const QuicTls> quic;           ///< With HTTP/3, else null.
  std::shared_ptr<QlogFolder> qlog;              ///< Where its connections are written down.
  SourceAddresses source;                        ///< None: the kernel chooses.
  std::shared_ptr<const OpenSchedule> schedule;  ///< Of an OpenSpec, else null.
  std::shared_ptr<const std::vector<Duration>> moments;  ///< Of a ReplaySpec, else null.
  std::vector<std::vector<PreparedRequest>> requests;    ///< By URL, then as in the spec.
  RequestMix mix{{}, 0};
  std::uint64_t seed = 0;                    ///< Of this load; different loads have different ones.
  std::uint64_t values_seed = 0;             ///< For random values in requests.
  std::shared_ptr<const DataTables> tables;  ///< Those of the scenario; null: none.
  std::vector<std::string> taken;            ///< The values that a flow takes, in their slots.
  bool keeps_walkers = false;  ///< True for flows, and for users with cookies: see Walker.
  bool uses_rows = false;      ///< True when a request uses a row of a table alone (order once).
  const DataTable* once = nullptr;  ///< For a flow: the table of which each walk uses a row alone.
  /// What is said once for the load, whichever shard is the first to say it.
  struct Said {
    std::atomic<bool> take_failed{false};
    std::atomic<bool> rows_used_up{false};
  };
  std::shared_ptr<Said> said = std::make_shared<Said>();

  static Result<PreparedLoad> make(LoadSpec load, const TargetSpec& target, std::uint64_t seed,
                                   const std::filesystem::path& directory,
                                   std::shared_ptr<const DataTables> tables = nullptr);

  /// Request `number` of a mix.
  const PreparedRequest& request(std::uint64_t number, std::size_t url) const {
    return requests[url][mix.pick(number)];
  }
  /// A step of a flow.
  const PreparedRequest& step(std::size_t step, std::size_t url) const {
    return requests[url][step];
  }
  /// The request's index in the spec.
  std::uint32_t index_of(std::uint64_t number) const {
    return static_cast<std::uint32_t>(mix.pick(number));
  }
  /// The names of the requests, by index.
  std::vector<std::string> request_names() const;
};

}  // namespace squall::generators
