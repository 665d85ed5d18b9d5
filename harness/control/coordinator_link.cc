#include "harness/control/coordinator_link.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/control/address.h"
#include "harness/control/frugal_grpc.h"

namespace squall::control {
namespace {

/// Bytes. A second of one load is some KiB; after a standstill many seconds come in one message.
constexpr int kLargestMessage = 16 << 20;
/// gRPC reads a message to its end before it looks at its size; of all that it reads together this
/// much may be in memory, and who wants more is cut off.
constexpr std::size_t kMostInMemory = std::size_t{512} << 20;
/// Until a connection has shaken hands, and until one that carries no stream is closed.
constexpr int kHandshakeWithin = 5'000;  // Milliseconds; so is the next.
constexpr int kIdleWithin = 30'000;
/// An agent has one stream, and for a moment two.
constexpr int kStreamsEach = 4;
/// Streams on which nothing was said yet.
constexpr std::ptrdiff_t kMostStrangers = 1000;
/// Who was refused may still read why.
constexpr std::chrono::seconds kGoWithin{5};
constexpr std::chrono::milliseconds kBetweenSweeps{500};

/// The answer to a call that is not taken.
///
/// Lifecycle:  deletes itself when gRPC is done with it.
/// Threads:    gRPC's. Errors: none.
class Refusal final : public grpc::ServerBidiReactor<wire::FromAgent, wire::ToAgent> {
 public:
  explicit Refusal(const grpc::Status& why) { Finish(why); }
  void OnDone() override { delete this; }
};

}  // namespace

Result<std::unique_ptr<CoordinatorLink>> CoordinatorLink::listen(
    const std::string& address, const std::optional<Credentials>& credentials) {
  if (!credentials && !is_on_this_machine(address)) {
    return reason(std::errc::permission_denied,
                  "listen on " + address + ": without certificates only on this machine");
  }
  std::unique_ptr<CoordinatorLink> link(new CoordinatorLink);
  link->needs_identity_ = credentials.has_value();
  be_frugal();
  grpc::ServerBuilder builder;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  if (address.starts_with("unix:")) {
    builder.AddListeningPort(address, to_server(credentials), &link->port_);
  } else {
    SQUALL_TRY(link->gate_, Gate::open(address));
    link->port_ = link->gate_->port();
    using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    acceptor =
        builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, to_server(credentials));
  }
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeWithin);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleWithin);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsEach);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, kNoProbes);
  builder.RegisterService(link.get());
  builder.SetMaxReceiveMessageSize(kLargestMessage);
  builder.SetResourceQuota(grpc::ResourceQuota("coordinator").Resize(kMostInMemory));
  link->server_ = builder.BuildAndStart();
  if (!link->server_) return error(std::errc::address_not_available, "listen on " + address);
  if (credentials) {
    hear_failed_handshakes([refusals = &link->refusals_](const std::string& why) {
      refusals->note("TLS handshake: " + why);
    });
  }
  if (link->gate_) {
    auto let_in = link->gate_->let_in(
        credentials ? Strangers::Speech::kTls : Strangers::Speech::kAny,
        [acceptor = std::shared_ptr(std::move(acceptor)), link = link.get()](UniqueFd connection) {
          ++link->let_in_;
          grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters one;
          one.fd = connection.release();
          acceptor->HandleNewConnection(&one);
        },
        link->refusals_);
    if (!let_in) return std::move(let_in).error();
  }
  return link;
}

CoordinatorLink::~CoordinatorLink() {
  if (!server_) return;  // The address could not be had.
  if (gate_) gate_->shut();
  hear_failed_handshakes(nullptr);
  // A deadline in the past cancels the streams that are still open.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  if (const std::string rest = refusals_.rest(); !rest.empty()) log_warning(rest);
}

Result<std::optional<trust::Identity>> CoordinatorLink::identify(
    const grpc::CallbackServerContext& context) const {
  if (!needs_identity_) return std::optional<trust::Identity>();
  SQUALL_TRY(trust::Identity identity, identity_of(*context.auth_context()));
  if (identity.role != trust::Identity::Role::kAgent) {
    return reason(std::errc::permission_denied, "its certificate is not an agent's");
  }
  return std::optional(std::move(identity));
}

CoordinatorLink::Stream* CoordinatorLink::Attend(grpc::CallbackServerContext* context) {
  auto peer = identify(*context);
  const auto refuse = [&](grpc::StatusCode code, const std::string& why) {
    refusals_.note(context->peer() + ": " + why);
    return new Refusal({code, why});
  };
  if (!peer) return refuse(grpc::StatusCode::PERMISSION_DENIED, peer.error().trail);
  std::shared_ptr<AgentStream> stream;
  {
    const std::lock_guard lock(mutex_);
    const auto strangers = std::count_if(streams_.begin(), streams_.end(),
                                         [](const auto& one) { return !one.second->is_greeted(); });
    if (strangers < kMostStrangers) {
      const StreamId id = ++last_stream_;
      const AgentStream::Ends ends{.told = [this](Told told) { told_.post(std::move(told)); },
                                   .greeted =
                                       [this, endpoint = endpoint_of(context->peer())] {
                                         if (gate_) gate_->admit(endpoint);
                                       },
                                   .gone =
                                       [this](StreamId gone) {
                                         if (gate_) gate_->leave();
                                         const std::lock_guard streams(mutex_);
                                         streams_.erase(gone);
                                       }};
      stream = std::make_shared<AgentStream>(id, *std::move(peer), *context, ends,
                                             std::chrono::steady_clock::now());
      streams_[id] = stream;
    }
  }
  if (!stream) {
    return refuse(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many others say nothing");
  }
  stream->open();
  return stream.get();
}

std::shared_ptr<AgentStream> CoordinatorLink::find(StreamId stream) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second;
}

Result<void> CoordinatorLink::tell(StreamId stream, const wire::ToAgent& order) {
  const auto found = find(stream);
  if (!found) return error(std::errc::broken_pipe, "send to an agent");
  return found->send(order);
}

void CoordinatorLink::hang_up(StreamId stream) {
  if (const auto found = find(stream)) found->cut();
}

void CoordinatorLink::show_out(StreamId stream) {
  if (const auto found = find(stream)) {
    found->must_end_by(std::chrono::steady_clock::now() + kGoWithin);
  }
}

std::optional<Told> CoordinatorLink::hear(Instant deadline) {
  sweep();
  auto told = told_.take(deadline);
  if (told && !told->ended) {
    if (const auto stream = find(told->stream)) stream->taken(told->bytes);
  }
  return told;
}

void CoordinatorLink::sweep() {
  const Instant now = std::chrono::steady_clock::now();
  if (now < next_sweep_) return;
  next_sweep_ = now + kBetweenSweeps;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, stream] : streams_) {
    if (stream->expire(now)) refusals_.note("no hello was said on a stream");
  }
}

}  // namespace squall::control
