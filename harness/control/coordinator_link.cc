#include "harness/control/coordinator_link.h"

#include <chrono>
#include <utility>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

namespace squall::control {

Result<std::unique_ptr<CoordinatorLink>> CoordinatorLink::listen(const std::string& address) {
  std::unique_ptr<CoordinatorLink> link(new CoordinatorLink);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(link.get());
  builder.SetMaxReceiveMessageSize(64 << 20);
  link->server_ = builder.BuildAndStart();
  if (!link->server_) return error(std::errc::address_not_available, "listen on " + address);
  return link;
}

CoordinatorLink::~CoordinatorLink() {
  // A deadline in the past cancels the streams that are still open, so that Attend returns.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

grpc::Status CoordinatorLink::Attend(grpc::ServerContext* /*context*/, Stream* stream) {
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
    told_.post(std::exchange(told, {}));
  }
  {
    const std::lock_guard lock(mutex_);
    streams_.erase(id);
  }
  told_.post({.stream = id, .message = {}, .at = std::chrono::steady_clock::now(), .ended = true});
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
