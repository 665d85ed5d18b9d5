#include "harness/control/agent_link.h"

#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

namespace squall::control {

Result<std::unique_ptr<AgentLink>> AgentLink::dial(const std::string& address, Duration patience,
                                                   const std::optional<Credentials>& credentials) {
  if (!credentials && !is_on_this_machine(address)) {
    return error(std::errc::permission_denied,
                 "join " + address + ": without certificates only on this machine");
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  if (credentials) {
    // Wherever it is reached, it must be a coordinator: no agent's certificate has this name.
    arguments.SetSslTargetNameOverride(std::string(trust::kCoordinatorHost));
  }
  auto channel = grpc::CreateCustomChannel(address, to_channel(credentials), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + patience)) {
    return error(std::errc::timed_out, "join " + address + ": no coordinator answers");
  }
  return std::unique_ptr<AgentLink>(new AgentLink(std::move(channel)));
}

AgentLink::AgentLink(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)),
      stub_(wire::Coordinator::NewStub(channel_)),
      stream_(stub_->Attend(&context_)),
      reader_([this] {
        Heard heard;
        while (stream_->Read(&heard.order)) heard_.post(std::exchange(heard, {}));
        heard_.post({.order = {}, .ended = true});
      }) {}

AgentLink::~AgentLink() {
  context_.TryCancel();
  reader_.join();
}

Result<void> AgentLink::send(const wire::FromAgent& message) {
  if (!stream_->Write(message)) {
    return error(std::errc::broken_pipe, "send to the coordinator");
  }
  return {};
}

}  // namespace squall::control
