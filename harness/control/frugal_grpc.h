#pragma once

namespace squall::control {

/// gRPC measures a link by a ping for nearly each message, so as to choose its windows
/// (GRPC_ARG_HTTP2_BDP_PROBE). Ours are small, a few a second, and far within the smallest window:
/// this is the argument that says not to.
inline constexpr int kNoProbes = 0;

/// Ends the search for deadlocks that Abseil's mutexes, which are gRPC's, make at each lock in
/// libraries built without NDEBUG, as Debian's are (absl/synchronization/mutex.h,
/// SetMutexDeadlockDetectionMode): a tenth of what a coordinator of many agents costs.
///
/// Threads:    any, any number of times; before the first link. Errors: none.
void be_frugal();

}  // namespace squall::control
