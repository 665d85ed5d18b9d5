#include "harness/agent/line.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "harness/base/log.h"
#include "harness/base/reason.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often it is looked for a new stream while there is none.
constexpr Duration kTick = 20ms;

}  // namespace

Line::Line(Stream stream, wire::FromAgent hello, Trusts trusts, Dial dial)
    : stream_(std::move(stream)),
      hello_(std::move(hello)),
      trusts_(std::move(trusts)),
      dial_(std::move(dial)) {
  write(hello_);
}

Line::~Line() {
  abandon_ = true;
  if (dialling_.valid()) dialling_.wait();
}

void Line::resume_as(const std::string& run_id, Duration silence) {
  silence_ = silence;
  heard_ = Clock::now();
  hello_.mutable_hello()->set_run_id(run_id);
  may_resume_ = dial_ != nullptr;
}

void Line::send(wire::FromAgent message) {
  write(control::is_numbered(message) ? outbox_.put(std::move(message)) : message);
}

std::optional<wire::ToAgent> Line::hear(Instant deadline) {
  do {
    if (has_ended_) {
      std::this_thread::sleep_until(deadline);
      return {};
    }
    look_for_stream();
    if (!stream_) {
      std::this_thread::sleep_until(std::min<Instant>(deadline, Clock::now() + kTick));
      continue;
    }
    auto heard = stream_->hear(deadline);
    if (heard && !heard->ended) {
      heard_ = Clock::now();
      was_heard_ = true;
    } else if (may_resume_ && Clock::now() - heard_ > silence_) {
      stream_->cut();  // The network between may drop all that is sent, and say nothing.
      lose_stream();
      continue;
    }
    if (!heard) return {};
    if (heard->ended) {
      ended_because_ = heard->why;
      lose_stream();
      continue;
    }
    if (auto order = take(*std::move(heard))) return order;
  } while (Clock::now() < deadline);
  return {};
}

std::optional<wire::ToAgent> Line::take(control::Heard heard) {
  if (!is_trusted_) {
    if (auto trusted = trusts_(*stream_); !trusted) {
      distrust_ = std::move(trusted).error();
      // Said to whom it does not obey, so that somebody there can mend it.
      wire::FromAgent leaving;
      leaving.mutable_leaving()->set_why(in_words(*distrust_));
      send(std::move(leaving));
      has_ended_ = true;
      return {};
    }
    is_trusted_ = true;
  }
  wire::ToAgent& order = heard.order;
  if (order.has_taken()) {
    outbox_.taken(order.taken().sequence());
    return {};
  }
  if (order.has_lease()) outbox_.taken(order.lease().taken());
  if (order.sequence() == 0) return std::move(order);
  const bool is_new = inbox_.take(order.sequence());
  wire::FromAgent answer;
  answer.mutable_taken()->set_sequence(inbox_.last());
  write(answer);
  if (!is_new) return {};
  return std::move(order);
}

void Line::write(const wire::FromAgent& message) {
  if (!stream_) return;
  // The stream's end is noticed where it is read.
  if (auto sent = stream_->send(message); !sent) log_debug(sent.error().message());
}

void Line::lose_stream() {
  stream_.reset();
  if (!may_resume_) {
    has_ended_ = true;
    return;
  }
  log_warning("the connection to the coordinator was cut: it is dialled again");
  begin_dialling();
}

void Line::begin_dialling() {
  dialling_ = std::async(std::launch::async, [this] { return dial_(abandon_); });
}

void Line::look_for_stream() {
  if (stream_ || !dialling_.valid() || dialling_.wait_for(0s) != std::future_status::ready) return;
  Result<Stream> dialled = dialling_.get();
  if (!dialled) return begin_dialling();
  stream_ = *std::move(dialled);
  heard_ = Clock::now();
  is_trusted_ = false;
  write(hello_);
  for (const wire::FromAgent& message : outbox_.waiting()) write(message);
}

}  // namespace squall::agent
