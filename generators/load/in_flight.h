#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "generators/request/answer_reader.h"
#include "generators/request/prepared_request.h"
#include "harness/base/units.h"

namespace squall::generators {

/// A request that is due: all that is kept of it while it waits.
struct Job {
  Instant due{};
  std::uint64_t number = 0;  ///< Within the load.
  std::uint32_t user = 0;    ///< Who sends it: closed loads, and flows.
  std::uint32_t row = 0;     ///< Of the table of which it uses a row alone, if any.
  bool again = false;        ///< Sent once before, and not processed: see ShardLoad.
};

/// A request that has been sent and has not ended.
struct InFlight {
  Job job;
  Instant sent{};
  Instant first_byte{};  ///< The clock's epoch until there is one.
  int status = 0;
  std::uint32_t index = 0;    ///< Of its request within the load.
  std::uint32_t address = 0;  ///< Recorder::address() of where it went.
  const PreparedRequest* request = nullptr;
  /// Where the request is not constant, and where it wants more of its answer than a status. Both
  /// stay where they are while the table grows, and keep their memory for the next request.
  std::unique_ptr<RenderedRequest> rendered;
  std::unique_ptr<AnswerReader> answer;
};

/// True when an end at `now` is none in time, whether a sweep has come by or not.
inline bool is_too_late(const InFlight& request, Duration timeout, Instant now) {
  return now - request.sent >= timeout;
}

/// The requests in flight on one connection, in the order in which they were sent.
///
/// Each has a ticket, a small number that is used again. As all of them have the same timeout, the
/// oldest is the first to time out: no request needs a timer.
///
/// Lifecycle:  as long as its connection.
/// Threads:    one owner at a time.
/// Errors:     using a ticket that is not in flight is a programming error.
class InFlightTable {
 public:
  using Ticket = std::uint32_t;
  static constexpr Ticket kNone = std::numeric_limits<Ticket>::max();

  /// A ticket for a request that is the youngest from now on. It may hold what an earlier one left.
  Ticket add() {
    Ticket ticket = free_;
    if (ticket == kNone) {
      ticket = static_cast<Ticket>(entries_.size());
      entries_.emplace_back();
    } else {
      free_ = entries_[ticket].next;
    }
    Entry& entry = entries_[ticket];
    entry.previous = youngest_;
    entry.next = kNone;
    (youngest_ == kNone ? oldest_ : entries_[youngest_].next) = ticket;
    youngest_ = ticket;
    ++size_;
    return ticket;
  }

  void remove(Ticket ticket) {
    Entry& entry = entries_[ticket];
    (entry.previous == kNone ? oldest_ : entries_[entry.previous].next) = entry.next;
    (entry.next == kNone ? youngest_ : entries_[entry.next].previous) = entry.previous;
    entry.next = free_;
    free_ = ticket;
    --size_;
  }

  InFlight& operator[](Ticket ticket) { return entries_[ticket].request; }
  /// The one sent longest ago, or kNone.
  Ticket oldest() const { return oldest_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Entry {
    InFlight request;
    Ticket previous = kNone;
    Ticket next = kNone;  // Of one that is free: the next free one.
  };

  std::vector<Entry> entries_;
  Ticket oldest_ = kNone;
  Ticket youngest_ = kNone;
  Ticket free_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace squall::generators
