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
#include "harness/control/credentials.h"
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
  /// Who its certificate says it is; none: it is on this machine, and known by its socket.
  std::optional<trust::Identity> peer = {};
};

/// The coordinator's side of the streams of its agents: a gRPC server.
///
/// Lifecycle:  listen → hear and tell → destroy, which ends all streams and joins all threads.
/// Threads:    one caller's thread; gRPC's own threads read.
/// Errors:     listen() fails when the address cannot be had; tell() when that stream is gone.
class CoordinatorLink final : private wire::Coordinator::Service {
 public:
  /// `address` as gRPC writes it: "unix:/path", whose path must not exist, or "10.0.0.1:7400", port
  /// 0 for any. Without credentials only a Unix socket or a loopback address is listened on.
  static Result<std::unique_ptr<CoordinatorLink>> listen(
      const std::string& address, const std::optional<Credentials>& credentials = {});
  ~CoordinatorLink() override;

  /// The port that is listened on; 0 for a Unix socket.
  int port() const { return port_; }
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
  bool needs_identity_ = false;  // Since before the server was started.
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace squall::control
