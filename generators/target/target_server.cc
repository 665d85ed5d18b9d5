#include "generators/target/target_server.h"

#include <utility>

#include "generators/target/target_loop.h"

namespace squall::generators {

TargetServer::TargetServer(std::unique_ptr<TargetLoop> loop) : loop_(std::move(loop)) {}
TargetServer::~TargetServer() = default;

Result<std::unique_ptr<TargetServer>> TargetServer::make(const TargetOptions& options) {
  auto loop = TargetLoop::make(options);
  if (!loop) return std::move(loop).error().within("target");
  return std::unique_ptr<TargetServer>(new TargetServer(*std::move(loop)));
}

std::uint16_t TargetServer::port() const { return bound().front().port; }
const std::vector<ListenAddress>& TargetServer::bound() const { return loop_->bound(); }
const std::string& TargetServer::certificate() const { return loop_->certificate(); }
std::vector<std::string> TargetServer::listening_lines() const {
  return generators::listening_lines(bound(), loop_->protocols());
}

void TargetServer::run() { loop_->run(); }
void TargetServer::stop() noexcept { loop_->stop(); }

}  // namespace squall::generators
