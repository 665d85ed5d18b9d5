#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/control/agent_link.h"
#include "harness/control/outbox.h"

namespace squall::agent {

/// An agent's line to its coordinator, which outlives the streams that carry it: when one is cut
/// it is dialled anew, and all that the coordinator has not said it took is sent again.
///
/// Lifecycle:  made with the first stream → (resume_as) → destroyed, which waits for a call that is
///             under way, a moment.
/// Threads:    one caller's thread; a new stream is dialled on another.
/// Errors:     what cannot be sent is kept; whether the line is cut can be asked.
class Line {
 public:
  using Stream = std::unique_ptr<control::AgentLink>;
  /// How a new stream is had; gives up soon after the flag is set.
  using Dial = std::function<Result<Stream>(const std::atomic<bool>& abandon)>;
  /// Whether this stream's other end may give orders; asked once it has said something. Why not is
  /// told to it, too.
  using Trusts = std::function<Result<void>(const control::AgentLink&)>;

  /// Without `dial` the line ends with its stream. `hello` is said first on each stream.
  Line(Stream stream, wire::FromAgent hello, Trusts trusts, Dial dial = nullptr);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// From now on a stream that is cut is replaced, and one on which nothing was heard for `silence`
  /// too; the coordinator knows the agent by this run.
  void resume_as(const std::string& run_id, Duration silence);
  void send(wire::FromAgent message);
  /// The next order that is new, or nothing by `deadline`.
  std::optional<wire::ToAgent> hear(Instant deadline);

  /// Nothing more comes: the stream has ended and none will replace it.
  bool has_ended() const { return has_ended_; }
  /// Why, as far as it can be told.
  const std::string& ended_because() const { return ended_because_; }
  /// Something was heard, on any of its streams.
  bool was_heard() const { return was_heard_; }
  /// How much of what was said has not been acknowledged: it would be sent again.
  std::size_t untaken() const { return outbox_.waiting().size(); }
  /// All that was said has been taken.
  bool is_settled() const { return untaken() == 0; }
  /// Why the other end was not trusted, which ends the line.
  const std::optional<Error>& distrust() const { return distrust_; }
  std::string endpoint() const { return stream_ ? stream_->endpoint() : std::string(); }

 private:
  void lose_stream();
  void begin_dialling();
  void look_for_stream();
  /// The order, if it is one for the caller.
  std::optional<wire::ToAgent> take(control::Heard heard);
  void write(const wire::FromAgent& message);

  Stream stream_;
  wire::FromAgent hello_;
  const Trusts trusts_;
  const Dial dial_;
  control::Outbox<wire::FromAgent> outbox_;
  control::Inbox inbox_;
  std::atomic<bool> abandon_ = false;
  std::future<Result<Stream>> dialling_;
  bool may_resume_ = false;
  Duration silence_{};
  Instant heard_;            // When something was heard last, or a new stream was had.
  bool is_trusted_ = false;  // This stream's other end.
  bool has_ended_ = false;
  bool was_heard_ = false;
  std::string ended_because_;
  std::optional<Error> distrust_;
};

}  // namespace squall::agent
