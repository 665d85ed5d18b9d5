#include "harness/control/coordinator_link.h"

#include <chrono>
#include <utility>

#include <grpcpp/server_builder.h>

#include "harness/base/log.h"

namespace squall::control {
namespace {

constexpr int kLargestMessage = 64 << 20;  // Bytes.

}  // namespace

Result<std::unique_ptr<CoordinatorLink>> CoordinatorLink::listen(
    const std::string& address, const std::optional<Credentials>& credentials) {
  if (!credentials && !is_on_this_machine(address)) {
    return error(std::errc::permission_denied,
                 "listen on " + address + ": without certificates only on this machine");
  }
  std::unique_ptr<CoordinatorLink> link(new CoordinatorLink);
  link->needs_identity_ = credentials.has_value();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, to_server(credentials), &link->port_);
  // Two coordinators on one port would share their agents.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(link.get());
  builder.SetMaxReceiveMessageSize(kLargestMessage);
  link->server_ = builder.BuildAndStart();
  if (!link->server_) return error(std::errc::address_not_available, "listen on " + address);
  return link;
}

CoordinatorLink::~CoordinatorLink() {
  if (!server_) return;  // The address could not be had.
  // A deadline in the past cancels the streams that are still open, so that Attend returns.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

grpc::Status CoordinatorLink::Attend(grpc::ServerContext* context, Stream* stream) {
  std::optional<trust::Identity> peer;
  if (needs_identity_) {
    auto identity = identity_of(*context->auth_context());
    if (identity && identity->role != trust::Identity::Role::kAgent) {
      identity = error(std::errc::permission_denied, "its certificate is not an agent's");
    }
    if (!identity) {
      log_warning(context->peer() + " was refused: " + identity.error().trail);
      return {grpc::StatusCode::PERMISSION_DENIED, identity.error().trail};
    }
    peer = *std::move(identity);
  }
  StreamId id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_stream_;
    streams_[id] = stream;
  }
  Told told;
  while (stream->Read(&told.message)) {
    told.stream = id;
    told.at = std::chrono::steady_clock::now();
    told.peer = peer;
    told_.post(std::exchange(told, {}));
  }
  {
    const std::lock_guard lock(mutex_);
    streams_.erase(id);
  }
  told_.post({.stream = id,
              .message = {},
              .at = std::chrono::steady_clock::now(),
              .ended = true,
              .peer = std::move(peer)});
  return grpc::Status::OK;
}

Result<void> CoordinatorLink::tell(StreamId stream, const wire::ToAgent& order) {
  // Held while writing, so that the stream cannot end under it.
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second->Write(order)) {
    return error(std::errc::broken_pipe, "send to an agent");
  }
  return {};
}

}  // namespace squall::control
