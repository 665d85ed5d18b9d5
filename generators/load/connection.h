#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "generators/load/in_flight.h"
#include "generators/session/request_session.h"
#include "generators/transport/datagram_trouble.h"
#include "harness/base/units.h"
#include "reports/measure/outcome.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// One connection that is up, whatever it speaks: keeps what is in flight on a session. How the
/// session comes to what the server sent is a matter of StreamConnection and DatagramConnection.
///
/// While the socket takes no more, no further request is taken: what waits must wait where it is
/// counted from its due moment, not in a queue of ours.
///
/// Lifecycle:  made when it is up, then open(). Ends by itself (Owner::on_lost) or by close();
///             every request then in flight has ended. Handlers that are still queued hold it alive
///             and find it ended.
/// Threads:    its shard's.
/// Errors:     as ErrorClass of the requests in flight.
class Connection : public std::enable_shared_from_this<Connection>,
                   protected RequestSession::Observer {
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
    /// An answer's Alt-Svc header (RFC 7838).
    virtual void on_alternatives(const Connection& /*connection*/, std::string_view /*value*/,
                                 Instant /*now*/) {}
    virtual void on_bytes(std::uint64_t received, std::uint64_t sent, Instant now) = 0;
    /// Over UDP: so many datagrams came, and so many more the kernel had no room for.
    virtual void on_datagrams(std::uint64_t received, std::uint64_t dropped, Instant now) = 0;
    /// What only QUIC has to count.
    virtual void on_quic(const reports::QuicCounts& counts, Instant now) = 0;
    /// The handshake is done of a connection that was handed over before that.
    virtual void on_established(Connection& connection, Duration took, Instant now) = 0;
    /// Something was read or can be written again: streams may be free, the server may have gone
    /// away. Called last by the handler that saw it.
    virtual void on_progress(Connection& connection, Instant now) = 0;
    /// It ended, not by close(). Its requests have been told of before.
    virtual void on_lost(Connection& connection, Instant now) = 0;
  };

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override = default;

  /// Begins to speak.
  virtual void open(Instant now) = 0;
  /// True when a request can be sent now.
  bool can_take() const;
  void send(const Job& job, const PreparedRequest& request, const RenderContext& context,
            Instant now);
  /// Writes what is queued.
  virtual void flush(Instant now) = 0;
  /// Ends requests that were sent `timeout` ago or earlier as timed out, and cancels them.
  void expire(Duration timeout, Instant now);
  /// When the oldest request was sent; only when there is one.
  Instant oldest_sent() { return in_flight_[in_flight_.oldest()].sent; }
  /// Says goodbye and closes. What is in flight ends as kClosed.
  virtual void close(Instant now) = 0;

  bool is_ended() const { return ended_; }
  /// False while a handshake goes on, ahead of which requests may be sent.
  virtual bool is_established() const { return true; }
  virtual bool is_resumed() const { return false; }
  /// True when it was given up because nothing was heard any more.
  virtual bool went_silent() const { return false; }
  /// Over QUIC: from now on its datagrams meet with this; null: no more. The four that follow are
  /// called from the loop, not from a callback.
  virtual void disturb(std::shared_ptr<DatagramTrouble> /*trouble*/, Instant /*now*/) {}
  /// True from the first disturb() with trouble to the next without.
  virtual bool is_disturbed() const { return false; }
  /// While it is disturbed: goes on with another source port, of which the session is not told;
  virtual void rebind(Instant /*now*/) {}
  /// or the session goes on from this address.
  virtual void migrate(const std::string& /*address*/, Instant /*now*/) {}
  /// or it goes on with new keys.
  virtual void update_keys(Instant /*now*/) {}
  bool has_gone_away() const { return requests_->has_gone_away(); }
  bool has_left_in_good_order() const { return requests_->has_left_in_good_order(); }
  bool is_worn_out() const { return requests_->is_worn_out(); }
  /// In words, why requests end here with this error; empty where nobody knows more.
  virtual std::string complaint(reports::ErrorClass /*error*/) const {
    return requests_->complaint();
  }
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

 protected:
  Connection(std::size_t streams, std::size_t url, Instant opened, Owner& owner)
      : owner_(owner), streams_(streams), url_(url), opened_(opened) {}

  /// The session, which the derived class keeps; before open().
  void speak(RequestSession& session) { requests_ = &session; }
  /// Closes the socket; nothing is heard of it any more.
  virtual void release() = 0;
  /// The first byte of the first answer on this connection has come.
  virtual void on_first_answer(RequestSession::Ticket /*ticket*/, const InFlight& /*request*/) {}

  bool has_in_flight() const { return !in_flight_.empty(); }
  void count_bytes(std::uint64_t received, std::uint64_t sent);
  /// From now on gaps are looked for: for how long answers are owed, and no byte of any comes. A
  /// request that times out leaves its gap open.
  void watch_gaps();
  /// How long the gap is that goes on; nothing where there is none.
  Duration open_gap() const {
    return watches_gaps_ && now_ > owed_since_ ? Duration(now_ - owed_since_) : Duration::zero();
  }
  /// The longest since then, one that goes on included; looked for no more.
  Duration end_of_gaps();
  void end(reports::ErrorClass error, bool lost);

  Owner& owner_;          // NOLINT: the derived classes are this one's other half
  Instant now_{};         // NOLINT: of the batch of events at hand
  bool blocked_ = false;  // NOLINT: the socket takes no more; waiting until it does
  bool ended_ = false;    // NOLINT

 private:
  void end_gap();

  void on_answer(RequestSession::Ticket ticket) override;
  void on_status(RequestSession::Ticket ticket, int status) override;
  void on_header(RequestSession::Ticket ticket, std::string_view name,
                 std::string_view value) override;
  void on_body(RequestSession::Ticket ticket, std::string_view piece) override;
  void on_end(RequestSession::Ticket ticket, StreamEnd end) override;

  void finish(RequestSession::Ticket ticket, reports::ErrorClass error, int status);
  /// The same for what the server has not processed, which may be sent again.
  void finish_unprocessed(RequestSession::Ticket ticket, reports::ErrorClass error);
  bool is_stale_for(const InFlight& request) const;

  RequestSession* requests_ = nullptr;
  InFlightTable in_flight_;
  std::size_t streams_;
  std::size_t url_;
  Instant opened_;
  std::uint64_t requests_sent_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t turned_away_ = 0;
  std::uint64_t counted_received_ = 0;
  std::uint64_t counted_sent_ = 0;
  bool has_heard_ = false;  // The first byte of an answer.
  bool watches_gaps_ = false;
  Instant owed_since_ = Instant::max();  // While gaps are looked for.
  Duration longest_gap_{};
};

}  // namespace squall::generators
