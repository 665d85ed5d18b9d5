#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generators/load/in_flight.h"
#include "generators/session/client_session.h"
#include "generators/spec/target_spec.h"
#include "generators/transport/byte_stream.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"
#include "reports/measure/outcome.h"

namespace squall::generators {

/// One connection that is up, whatever it speaks: moves bytes between a stream and a session, and
/// keeps what is in flight.
///
/// Reads until there is nothing more, with a timestamp per read; writes when told to flush(), all
/// that is queued at once. While the socket takes no more, no further request is taken: what waits
/// must wait where it is counted from its due moment, not in a queue of ours.
///
/// Lifecycle:  made with a connected stream, then open(). Ends by itself (Owner::on_lost) or by
///             close(); every request then in flight has ended. Handlers that are still queued
///             hold it alive and find it ended.
/// Threads:    its shard's.
/// Errors:     as ErrorClass of the requests in flight.
class Connection final : public std::enable_shared_from_this<Connection>,
                         private ClientSession::Observer {
 public:
  /// Hears of what happens. It may call send() and flush() only from on_progress().
  class Owner {
   public:
    virtual ~Owner() = default;
    /// A request ended. `status` is 0 when there was no whole answer.
    virtual void on_end(const InFlight& request, reports::ErrorClass error, int status,
                        Instant now) = 0;
    /// The server did not process a request that was sent for the first time. True: it is to be
    /// sent again, and has not ended. False: it ends as an error, next.
    virtual bool on_unprocessed(const Connection& connection, const InFlight& request,
                                Instant now) = 0;
    /// Comes before on_end() of a request that ends so, where complaint() may say why.
    virtual void on_trouble(const Connection& connection, reports::ErrorClass error) = 0;
    virtual void on_bytes(std::uint64_t received, std::uint64_t sent, Instant now) = 0;
    /// Something was read or can be written again: streams may be free, the server may have gone
    /// away. Called last by the handler that saw it.
    virtual void on_progress(Connection& connection, Instant now) = 0;
    /// It ended, not by close(). Its requests have been told of before.
    virtual void on_lost(Connection& connection, Instant now) = 0;
  };

  Connection(asio::io_context& loop, std::unique_ptr<ByteStream> stream, Protocol protocol,
             std::size_t streams, std::size_t url, Instant opened, Owner& owner,
             std::int32_t first_stream = 1);

  /// Begins to speak.
  void open(Instant now);
  /// True when a request can be sent now.
  bool can_take() const;
  void send(const Job& job, const PreparedRequest& request, const RenderContext& context,
            Instant now);
  /// Writes what is queued.
  void flush(Instant now);
  /// Ends requests that were sent `timeout` ago or earlier as timed out, and cancels them.
  void expire(Duration timeout, Instant now);
  /// When the oldest request was sent; only when there is one.
  Instant oldest_sent() { return in_flight_[in_flight_.oldest()].sent; }
  /// Says goodbye and closes. What is in flight ends as kClosed.
  void close(Instant now);

  bool is_ended() const { return ended_; }
  bool has_gone_away() const { return session_->has_gone_away(); }
  bool has_left_in_good_order() const { return session_->has_left_in_good_order(); }
  bool is_worn_out() const { return session_->is_worn_out(); }
  /// In words, why requests end here with this error; empty where nobody knows more.
  std::string complaint(reports::ErrorClass error) const;
  std::size_t in_flight() const { return in_flight_.size(); }
  std::size_t url() const { return url_; }
  Instant opened() const { return opened_; }
  std::uint64_t requests_sent() const { return requests_sent_; }
  std::uint64_t answers() const { return answers_; }
  /// Requests sent, without those that the server left unprocessed when it went away.
  std::uint64_t taken() const { return requests_sent_ - turned_away_; }

  /// The owner's notes: where it keeps this connection among those with a free stream and those to
  /// be flushed, and which of its places it fills.
  std::size_t free_index = kNowhere;
  bool is_dirty = false;
  std::size_t place = 0;
  /// Recorder::address() of where it goes.
  std::uint32_t address = 0;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

 private:
  void on_answer(ClientSession::Ticket ticket) override;
  void on_status(ClientSession::Ticket ticket, int status) override;
  void on_header(ClientSession::Ticket ticket, std::string_view name,
                 std::string_view value) override;
  void on_body(ClientSession::Ticket ticket, std::string_view piece) override;
  void on_end(ClientSession::Ticket ticket, StreamEnd end) override;

  void wait_readable();
  void wait_writable();
  void on_readable();
  /// One read; false when there is nothing more to read for now, or ever.
  bool read_some();
  /// Reads, but no longer than a turn lasts. False as read_some().
  bool read_turn();
  void finish(ClientSession::Ticket ticket, reports::ErrorClass error, int status);
  /// The same for what the server has not processed, which may be sent again.
  void finish_unprocessed(ClientSession::Ticket ticket, reports::ErrorClass error);
  bool is_stale_for(const InFlight& request) const;
  void count_bytes();
  void end(reports::ErrorClass error, bool lost);

  std::unique_ptr<ByteStream> stream_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  std::unique_ptr<ClientSession> session_;
  Owner& owner_;
  InFlightTable in_flight_;
  std::string out_;  // Taken from the session, not yet written: from written_ on.
  std::size_t written_ = 0;
  std::size_t streams_;
  std::size_t url_;
  Instant opened_;
  Instant now_{};  // Of the batch of events at hand.
  std::uint64_t requests_sent_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t turned_away_ = 0;
  std::uint64_t counted_received_ = 0;
  std::uint64_t counted_sent_ = 0;
  bool blocked_ = false;  // The socket takes no more; waiting until it does.
  bool write_wants_read_ = false;
  bool ended_ = false;
};

}  // namespace squall::generators
