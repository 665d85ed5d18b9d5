#pragma once

#include <chrono>
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

/// What an agent hears: an order, or that the stream has ended.
struct Heard {
  wire::ToAgent order;
  bool ended = false;
};

/// An agent's side of the stream to its coordinator.
///
/// Lifecycle:  dial → send and hear → destroy, which ends the stream and joins the reading thread.
/// Threads:    one caller's thread; a thread of its own reads.
/// Errors:     dial() fails when no coordinator answers; send() when the stream is gone.
class AgentLink {
 public:
  /// `address` as gRPC writes it: "unix:/path", "coordinator.example:7400". Waits for the
  /// coordinator for `patience` at most. Without credentials only one on this machine is dialled.
  static Result<std::unique_ptr<AgentLink>> dial(
      const std::string& address, Duration patience,
      const std::optional<Credentials>& credentials = {});
  ~AgentLink();
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  Result<void> send(const wire::FromAgent& message);
  /// Who the coordinator's certificate says it is; to be asked once something was heard.
  Result<trust::Identity> coordinator() const { return identity_of(*context_.auth_context()); }
  /// The next order, or nothing by `deadline`. After `ended` nothing more comes.
  std::optional<Heard> hear(Instant deadline) { return heard_.take(deadline); }

 private:
  explicit AgentLink(std::shared_ptr<grpc::Channel> channel);

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<wire::Coordinator::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::FromAgent, wire::ToAgent>> stream_;
  Mailbox<Heard> heard_;
  std::thread reader_;
};

}  // namespace squall::control
