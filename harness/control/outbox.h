#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include <control.pb.h>

namespace squall::control {

/// Whether a message must arrive although the stream that carried it is cut. What is sent each
/// second anew (a lease, and its answer) need not, nor what belongs to one stream alone.
inline bool is_numbered(const wire::FromAgent& message) {
  return !message.has_hello() && !message.has_lease_seen() && !message.has_taken();
}
inline bool is_numbered(const wire::ToAgent& order) {
  return !order.has_refused() && !order.has_lease() && !order.has_taken();
}

/// Messages of one side, numbered from 1, kept until the other side has said that it took them. On
/// a new stream what is left of them is sent again, in order and before anything new.
///
/// Lifecycle:  a value; lives as long as what is said matters, across streams.
/// Threads:    one owner at a time. Errors: none.
template <typename Message>
class Outbox {
 public:
  /// Numbers the message and keeps it; valid until the next call.
  const Message& put(Message message) {
    message.set_sequence(++last_);
    return waiting_.emplace_back(std::move(message));
  }
  /// The other side has all up to this number.
  void taken(std::uint64_t sequence) {
    while (!waiting_.empty() && waiting_.front().sequence() <= sequence) waiting_.pop_front();
  }
  const std::deque<Message>& waiting() const { return waiting_; }
  /// The number of the last message; 0: there was none.
  std::uint64_t last() const { return last_; }
  /// Whether the other side has said that it took this one.
  bool is_taken(std::uint64_t sequence) const {
    return waiting_.empty() || waiting_.front().sequence() > sequence;
  }

 private:
  std::uint64_t last_ = 0;
  std::deque<Message> waiting_;
};

/// Which of the other side's numbered messages have come: each is taken once, and in order.
///
/// Lifecycle:  a value; lives as long as the other side's Outbox.
/// Threads:    one owner at a time. Errors: none.
class Inbox {
 public:
  /// True for the next one; false for one that came before, and for one after a gap, which comes
  /// again behind what is missing.
  bool take(std::uint64_t sequence) {
    if (sequence != last_ + 1) return false;
    last_ = sequence;
    return true;
  }
  /// All up to this number have come.
  std::uint64_t last() const { return last_; }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace squall::control
