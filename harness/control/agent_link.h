#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <control.grpc.pb.h>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/control/credentials.h"
#include "harness/control/mailbox.h"

namespace squall::control {

/// What an agent hears: an order, or that the stream has ended, and as far as it can be told why.
struct Heard {
  wire::ToAgent order;
  bool ended = false;
  std::string why = {};
};

/// An agent's side of the stream to its coordinator.
///
/// Lifecycle:  dial → send and hear → destroy, which ends the stream, a moment after what was sent
///             last, and joins the threads.
/// Threads:    one caller's thread; threads of its own read and write, so that a stream that is
///             stuck holds nobody up.
/// Errors:     dial() fails when no coordinator answers, and says what it met instead; send() when
///             the stream is gone.
class AgentLink {
 public:
  /// `address` as gRPC writes it: "unix:/path", "coordinator.example:7400". Waits for the
  /// coordinator for `patience` at most, and no longer once `stop` is true. Without credentials
  /// only one on this machine is dialled.
  static Result<std::unique_ptr<AgentLink>> dial(const std::string& address, Duration patience,
                                                 const std::optional<Credentials>& credentials = {},
                                                 const std::atomic<bool>* stop = nullptr);
  ~AgentLink();
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  /// Hands the message to the stream.
  Result<void> send(wire::FromAgent message);
  /// Ends the stream now; what it has not carried yet is lost.
  void cut() { context_.TryCancel(); }
  /// Who the coordinator's certificate says it is; to be asked once something was heard.
  Result<trust::Identity> coordinator() const { return identity_of(*context_.auth_context()); }
  /// Where the coordinator is, once something was heard: "10.0.0.1:7400", "[::1]:7400"; empty for a
  /// Unix socket.
  std::string endpoint() const;
  /// The next order, or nothing by `deadline`. After `ended` nothing more comes.
  std::optional<Heard> hear(Instant deadline) { return heard_.take(deadline); }

 private:
  explicit AgentLink(std::shared_ptr<grpc::Channel> channel);

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<wire::Coordinator::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::FromAgent, wire::ToAgent>> stream_;
  void read_all();
  void write_all();

  Mailbox<Heard> heard_;
  Mailbox<std::optional<wire::FromAgent>> outgoing_;  // None: that was all.
  std::atomic<bool> is_broken_ = false;
  std::thread reader_;
  std::future<void> writer_;
};

}  // namespace squall::control
