#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace squall::reports {

/// Why a request did not end well. `kNone` is a request that was ok.
enum class ErrorClass {
  kNone,
  kResolve,     ///< The name had no address.
  kConnect,     ///< No connection could be made.
  kTls,         ///< The TLS handshake failed.
  kTimeout,     ///< No whole answer within the target's `timeout`.
  kReset,       ///< The stream was reset (RFC 9113 §5.4.2).
  kClosed,      ///< The connection ended under the request.
  kGoaway,      ///< The server went away before it took the request (RFC 9113 §6.8).
  kProtocol,    ///< The server broke the protocol.
  kUnexpected,  ///< A whole answer, but an `expect` did not hold.
};
inline constexpr std::size_t kErrorClasses = 10;  ///< kNone included.

/// "timeout"; "none" for kNone. The keys of `errors` in results.json.
std::string_view to_string(ErrorClass error);
/// The class of that name, or kNone.
ErrorClass error_class(std::string_view name);

/// The latencies that are kept as histograms.
enum class Metric {
  kResponse,  ///< End − due. By the second in which the request was due.
  kService,   ///< End − sent. By due second.
  kTtfb,      ///< First byte of the answer − sent. By due second.
  kLateness,  ///< Sent − due where the generator alone was to blame for it. By due second.
  kResolve,   ///< Of a connection, by the second in which it was measured; so are the next ones.
  kConnect,
  kTls,
  kReconnect,  ///< From the loss of a connection until its place is filled again.
};
inline constexpr std::size_t kMetrics = 8;

/// "response": the keys of `latency_ms` in results.json.
std::string_view to_string(Metric metric);

}  // namespace squall::reports
