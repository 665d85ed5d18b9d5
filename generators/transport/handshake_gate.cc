#include "generators/transport/handshake_gate.h"

#include <algorithm>
#include <utility>

namespace squall::generators {

using Clock = std::chrono::steady_clock;

HandshakeGate::Pass::Pass(HandshakeGate& gate, std::function<void()> go)
    : gate_(gate), go_(std::move(go)) {}

HandshakeGate::Pass::~Pass() { gate_.leave(*this); }

HandshakeGate::HandshakeGate(asio::io_context& loop, std::size_t most, Duration is_long)
    : timer_(loop), most_(most), long_(is_long) {}

std::unique_ptr<HandshakeGate::Pass> HandshakeGate::enter(std::function<void()> go) {
  auto pass = std::make_unique<Pass>(*this, std::move(go));
  look();  // So that what room there is is known, and those who came before have had theirs.
  if (inside_.size() < most_) {
    let_in(*pass);
  } else {
    waiting_.push_back(pass.get());
    arm();
  }
  return pass;
}

void HandshakeGate::let_in(Pass& pass) {
  pass.go_ = nullptr;
  pass.since_ = Clock::now();
  inside_.push_back(&pass);
}

void HandshakeGate::leave(Pass& pass) {
  if (!pass.is_inside()) {
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &pass));
    return;
  }
  inside_.remove(&pass);
  look();
}

void HandshakeGate::look() {
  const Instant now = Clock::now();
  while (!inside_.empty() && now - inside_.front()->since_ >= long_) inside_.pop_front();
  while (!waiting_.empty() && inside_.size() < most_) {
    Pass& next = *waiting_.front();
    waiting_.pop_front();
    const auto go = std::exchange(next.go_, nullptr);
    let_in(next);
    go();
  }
  arm();
}

void HandshakeGate::arm() {
  if (waiting_.empty() || is_armed_) return;
  is_armed_ = true;
  timer_.expires_at(inside_.front()->since_ + long_);
  timer_.async_wait([this](const boost::system::error_code& aborted) {
    if (aborted) return;
    is_armed_ = false;
    look();
  });
}

}  // namespace squall::generators
