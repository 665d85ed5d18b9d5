#include "harness/control/agent_stream.h"

#include <chrono>
#include <utility>

namespace squall::control {

AgentStream::AgentStream(StreamId id, std::optional<trust::Identity> peer,
                         grpc::CallbackServerContext& context, Ends ends, Instant now)
    : id_(id),
      peer_(std::move(peer)),
      context_(context),
      ends_(std::move(ends)),
      ends_by_(now + kHelloWithin) {}

Result<void> AgentStream::send(const wire::ToAgent& order) {
  const std::lock_guard lock(mutex_);
  if (is_ended_) return error(std::errc::broken_pipe, "send to an agent");
  if (outgoing_.size() >= kMostWaiting) {
    context_.TryCancel();
    return error(std::errc::no_buffer_space, "send to an agent, which does not read");
  }
  outgoing_.push_back(order);
  if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  return {};
}

void AgentStream::taken(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  --untaken_;
  untaken_bytes_ -= bytes;
  if (!is_paused_ || is_ended_ || untaken_bytes_ >= kReadAheadBytes) return;
  is_paused_ = false;
  StartRead(&reading_);
}

void AgentStream::cut() {
  const std::lock_guard lock(mutex_);
  if (!is_gone_) context_.TryCancel();
}

void AgentStream::must_end_by(Instant deadline) {
  const std::lock_guard lock(mutex_);
  ends_by_ = deadline;
}

bool AgentStream::expire(Instant now) {
  const std::lock_guard lock(mutex_);
  if (is_gone_ || !ends_by_ || now < *ends_by_) return false;
  ends_by_.reset();
  context_.TryCancel();
  return !is_greeted_;
}

bool AgentStream::is_greeted() const {
  const std::lock_guard lock(mutex_);
  return is_greeted_;
}

void AgentStream::OnReadDone(bool ok) {
  if (!ok) return end(grpc::Status::OK);
  Told told{.stream = id_,
            .message = std::exchange(reading_, {}),
            .at = std::chrono::steady_clock::now(),
            .ended = false,
            .bytes = 0,
            .peer = peer_};
  const std::size_t bytes = told.bytes = told.message.ByteSizeLong();
  bool is_hello = false;
  {
    const std::lock_guard lock(mutex_);
    if (!is_greeted_) {
      if (!told.message.has_hello()) {
        is_ended_ = true;
        Finish({grpc::StatusCode::INVALID_ARGUMENT, "the first word must be hello"});
        return;
      }
      is_greeted_ = is_hello = true;
      ends_by_.reset();
    }
    ++untaken_;
    untaken_bytes_ += bytes;
  }
  if (is_hello) ends_.greeted();
  ends_.told(std::move(told));
  const std::lock_guard lock(mutex_);
  if (is_ended_) return;
  is_paused_ = untaken_ >= kReadAhead || untaken_bytes_ >= kReadAheadBytes;
  if (!is_paused_) StartRead(&reading_);
}

void AgentStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  outgoing_.pop_front();
  // What could not be written is noticed where it is read.
  if (ok && !is_ended_ && !outgoing_.empty()) StartWrite(&outgoing_.front());
}

void AgentStream::end(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(is_ended_, true)) return;
  Finish(status);
}

void AgentStream::OnDone() {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    is_gone_ = true;
  }
  ends_.told({.stream = id_,
              .message = {},
              .at = std::chrono::steady_clock::now(),
              .ended = true,
              .bytes = 0,
              .peer = peer_});
  ends_.gone(id_);  // Nothing of this may be touched after it.
}

}  // namespace squall::control
