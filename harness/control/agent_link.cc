#include "harness/control/agent_link.h"

#include <chrono>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "harness/base/reason.h"
#include "harness/control/address.h"
#include "harness/control/frugal_grpc.h"

namespace squall::control {
namespace {

constexpr int kLargestMessage = 64 << 20;  // Bytes: a share may have rows of data.
constexpr int kBetweenAttempts = 250;      // Milliseconds; within the patience of one dial().
constexpr std::chrono::milliseconds kTick{50};
/// In this time at least one whole attempt is made, with the jitter of what is between two.
constexpr std::chrono::milliseconds kAgain{3 * kBetweenAttempts};
/// What was sent just before the end may still go out.
constexpr std::chrono::milliseconds kLastWords{500};
constexpr std::chrono::hours kLookAgain{1};
constexpr int kLookWithin = 500;  // Milliseconds.

/// gRPC's server closes the connection of whom it does not believe, without an alert of TLS.
constexpr const char* kTurnedAway =
    "it closes the connection: this agent's certificate may be of another authority than the "
    "coordinator's --ca, or expired by the coordinator's clock; it says which";

Error not_joined(const std::string& address, const std::string& why) {
  return reason(std::errc::timed_out, "join " + address + ": " + why);
}

}  // namespace

Result<std::unique_ptr<AgentLink>> AgentLink::dial(const std::string& address, Duration patience,
                                                   const std::optional<Credentials>& credentials,
                                                   const std::atomic<bool>* stop) {
  if (!credentials && !is_on_this_machine(address)) {
    return reason(std::errc::permission_denied,
                  "join " + address + ": without certificates only on this machine");
  }
  be_frugal();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, kNoProbes);
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  // Each attempt is a new one, and not held up by what became of the last.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kBetweenAttempts);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kBetweenAttempts);
  // A proxy in the environment is for the web.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (credentials) {
    // Wherever it is reached, it must be a coordinator: no agent's certificate has this name.
    arguments.SetSslTargetNameOverride(std::string(trust::kCoordinatorHost));
  }
  forget_failed_handshake();
  auto channel = grpc::CreateCustomChannel(address, to_channel(credentials), arguments);
  const Instant deadline = std::chrono::steady_clock::now() + patience;
  const Instant told_by =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kBetweenAttempts);
  std::string unreached;  // Why; empty: somebody takes the connection, or it is not known yet.
  Instant next_look = told_by;
  int looks_reached = 0;  // In a row.
  while (!channel->WaitForConnected(std::chrono::system_clock::now() + kTick)) {
    if (stop != nullptr && *stop) {
      return reason(std::errc::operation_canceled,
                    "join " + address + ": it was told to end before a coordinator answered");
    }
    const Instant now = std::chrono::steady_clock::now();
    const bool fails = channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE;
    if (now >= next_look && fails) {
      unreached = why_not_reached(address, kLookWithin);
      looks_reached = unreached.empty() ? looks_reached + 1 : 0;
      next_look = std::chrono::steady_clock::now() + kAgain;
    }
    // Who does not believe us, or is not believed, is not another one a moment later.
    std::string why = failed_handshake();
    // What failed before the first such look may have been tried while nobody listened.
    if (why.empty() && credentials && looks_reached > 1) why = kTurnedAway;
    if (now < deadline && (now < told_by || why.empty())) continue;
    if (why.empty()) {
      why = "no coordinator answers";
      if (!unreached.empty()) why.append(" (").append(unreached).append(")");
    }
    return not_joined(address, why);
  }
  return std::unique_ptr<AgentLink>(new AgentLink(std::move(channel)));
}

AgentLink::AgentLink(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)),
      stub_(wire::Coordinator::NewStub(channel_)),
      stream_(stub_->Attend(&context_)),
      reader_([this] { read_all(); }),
      writer_(std::async(std::launch::async, [this] { write_all(); })) {}

AgentLink::~AgentLink() {
  outgoing_.post(std::nullopt);
  writer_.wait_for(kLastWords);
  context_.TryCancel();
  writer_.wait();
  reader_.join();
}

std::string AgentLink::endpoint() const { return endpoint_of(context_.peer()); }

Result<void> AgentLink::send(wire::FromAgent message) {
  if (is_broken_) return error(std::errc::broken_pipe, "send to the coordinator");
  outgoing_.post(std::move(message));
  return {};
}

void AgentLink::read_all() {
  Heard heard;
  while (stream_->Read(&heard.order)) heard_.post(std::exchange(heard, {}));
  is_broken_ = true;
  const grpc::Status status = stream_->Finish();
  const std::string handshake = failed_handshake();
  heard_.post({.order = {},
               .ended = true,
               .why = !handshake.empty() && status.error_code() == grpc::StatusCode::UNAVAILABLE
                          ? handshake
                          : status.error_message()});
}

void AgentLink::write_all() {
  while (true) {
    const auto next = outgoing_.take(std::chrono::steady_clock::now() + kLookAgain);
    if (!next) continue;
    if (!*next) return;
    if (!is_broken_ && !stream_->Write(**next)) is_broken_ = true;
  }
}

}  // namespace squall::control
