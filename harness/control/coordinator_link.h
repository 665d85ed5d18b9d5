#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <control.grpc.pb.h>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/control/mailbox.h"

namespace squall::control {

/// Which stream a message came by; never used twice in a process.
using StreamId = std::uint64_t;

/// What a coordinator hears: a message, or that a stream has ended.
struct Told {
  StreamId stream = 0;
  wire::FromAgent message;
  Instant at;  ///< When it arrived.
  bool ended = false;
};

/// The coordinator's side of the streams of its agents: a gRPC server.
///
/// Lifecycle:  listen → hear and tell → destroy, which ends all streams and joins all threads.
/// Threads:    one caller's thread; gRPC's own threads read.
/// Errors:     listen() fails when the address cannot be had; tell() when that stream is gone.
class CoordinatorLink final : private wire::Coordinator::Service {
 public:
  /// `address` as gRPC writes it: "unix:/path". The path must not exist.
  static Result<std::unique_ptr<CoordinatorLink>> listen(const std::string& address);
  ~CoordinatorLink() override;

  Result<void> tell(StreamId stream, const wire::ToAgent& order);
  std::optional<Told> hear(Instant deadline) { return told_.take(deadline); }

 private:
  using Stream = grpc::ServerReaderWriter<wire::ToAgent, wire::FromAgent>;

  CoordinatorLink() = default;
  grpc::Status Attend(grpc::ServerContext* context, Stream* stream) override;

  std::mutex mutex_;  // Guards the next two.
  std::map<StreamId, Stream*> streams_;
  StreamId last_stream_ = 0;
  Mailbox<Told> told_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace squall::control
