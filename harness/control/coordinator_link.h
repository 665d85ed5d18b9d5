#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <control.grpc.pb.h>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/control/agent_stream.h"
#include "harness/control/credentials.h"
#include "harness/control/gate.h"
#include "harness/control/mailbox.h"
#include "harness/control/refusals.h"

namespace squall::control {

/// The coordinator's side of the streams of its agents: a gRPC server.
///
/// Who does not shake hands within five seconds, or opens a stream and says no hello, is cut off;
/// so is who does not read. What is refused is told of in a few lines, however often it knocks.
///
/// Lifecycle:  listen → hear and tell → destroy, which ends all streams and joins all threads.
/// Threads:    one caller's thread; gRPC's own few threads read and write.
/// Errors:     listen() fails when the address cannot be had; tell() when that stream is gone.
class CoordinatorLink final : private wire::Coordinator::CallbackService {
 public:
  /// `address` as gRPC writes it: "unix:/path", whose path must not exist, or "10.0.0.1:7400", port
  /// 0 for any. Without credentials only a Unix socket or a loopback address is listened on.
  static Result<std::unique_ptr<CoordinatorLink>> listen(
      const std::string& address, const std::optional<Credentials>& credentials = {});
  ~CoordinatorLink() override;

  /// The port that is listened on; 0 for a Unix socket.
  int port() const { return port_; }
  /// Hands it over to be sent; it waits for nobody.
  Result<void> tell(StreamId stream, const wire::ToAgent& order);
  /// Ends a stream whose agent is not to be heard any more; its end is told as that of any other.
  void hang_up(StreamId stream);
  /// Its agent was refused, and has this long to go by itself.
  void show_out(StreamId stream);
  /// The next that is told, or nothing by `deadline`. To be called often: what has had its time is
  /// cut off here.
  std::optional<Told> hear(Instant deadline);
  /// TCP connections so far that spoke as an agent does, whether they were believed or not.
  std::uint64_t let_in() const { return let_in_; }

 private:
  using Stream = grpc::ServerBidiReactor<wire::FromAgent, wire::ToAgent>;

  CoordinatorLink() = default;
  Stream* Attend(grpc::CallbackServerContext* context) override;
  Result<std::optional<trust::Identity>> identify(const grpc::CallbackServerContext& context) const;
  std::shared_ptr<AgentStream> find(StreamId stream);
  /// Cuts off those that have had their time.
  void sweep();

  std::mutex mutex_;  // Guards the next two.
  std::map<StreamId, std::shared_ptr<AgentStream>> streams_;
  StreamId last_stream_ = 0;
  Mailbox<Told> told_;
  Refusals refusals_;
  Instant next_sweep_;
  bool needs_identity_ = false;  // Since before the server was started.
  std::atomic<std::uint64_t> let_in_ = 0;
  int port_ = 0;
  std::unique_ptr<Gate> gate_;  // Of TCP.
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace squall::control
