#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include <control.grpc.pb.h>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/trust/identity.h"

namespace squall::control {

/// Which stream a message came by; never used twice in a process.
using StreamId = std::uint64_t;

/// What a coordinator hears: a message, or that a stream has ended.
struct Told {
  StreamId stream = 0;
  wire::FromAgent message;
  Instant at;  ///< When it arrived.
  bool ended = false;
  std::size_t bytes = 0;  ///< That the message came in.
  /// Who its certificate says it is; none: it is on this machine, and known by its socket.
  std::optional<trust::Identity> peer = {};
};

/// The coordinator's end of one agent's stream, without a thread of its own: gRPC calls back.
///
/// What comes is read a few messages ahead of whoever takes it, and no further; what is to go out
/// waits here, and a stream whose other end does not read is ended.
///
/// Lifecycle:  made when the stream is opened → open() → its last word is `ended` → gone() is
///             called, when gRPC is done with it.
/// Threads:    any; the callbacks come on gRPC's threads, one at a time.
/// Errors:     send() when the stream has ended.
class AgentStream final : public grpc::ServerBidiReactor<wire::FromAgent, wire::ToAgent> {
 public:
  /// So many messages are read before the first of them is taken.
  static constexpr std::size_t kReadAhead = 16;
  /// Nor more of them than these and one message: whoever says more is left to wait.
  static constexpr std::size_t kReadAheadBytes = std::size_t{4} << 20;
  /// So many wait to be written before the other end counts as one that does not read.
  static constexpr std::size_t kMostWaiting = 4096;
  /// A stream on which nothing is said counts as none after this.
  static constexpr Duration kHelloWithin = std::chrono::seconds(5);

  /// Where to what was heard; and what to do when it has said hello, before more of it is read, and
  /// when gRPC is done with it.
  struct Ends {
    std::function<void(Told)> told;
    std::function<void()> greeted;
    std::function<void(StreamId)> gone;
  };

  AgentStream(StreamId id, std::optional<trust::Identity> peer,
              grpc::CallbackServerContext& context, Ends ends, Instant now);

  /// Begins to read; to be called once, when it can be found by its id.
  void open() { StartRead(&reading_); }
  Result<void> send(const wire::ToAgent& order);
  /// One message that was told has been taken, which had so many bytes.
  void taken(std::size_t bytes);
  void cut();
  /// What is not ended by then is cut off by expire().
  void must_end_by(Instant deadline);
  /// Cuts it off if it has had its time; true when it did so because nothing was said on it.
  bool expire(Instant now);
  /// Whether it has said hello.
  bool is_greeted() const;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  /// Also where no read is under way that would tell of it.
  void OnCancel() override { end(grpc::Status::CANCELLED); }
  void OnDone() override;

 private:
  void end(const grpc::Status& status);

  const StreamId id_;
  const std::optional<trust::Identity> peer_;
  grpc::CallbackServerContext& context_;
  const Ends ends_;
  wire::FromAgent reading_;  // gRPC's while a read is under way.

  mutable std::mutex mutex_;            // Guards all below.
  std::deque<wire::ToAgent> outgoing_;  // The first is being written.
  std::size_t untaken_ = 0;
  std::size_t untaken_bytes_ = 0;
  bool is_paused_ = false;  // No read is under way: too much is untaken.
  bool is_greeted_ = false;
  bool is_ended_ = false;  // Nothing more may be begun.
  bool is_gone_ = false;   // gRPC is done with it, and with its context.
  std::optional<Instant> ends_by_;
};

}  // namespace squall::control
