#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "generators/request/prepared_request.h"

namespace squall::generators {

/// How a request ended, as its session sees it.
enum class StreamEnd {
  kWhole,     ///< With a whole answer.
  kReset,     ///< Reset by the server (RFC 9113 §5.4.2, RFC 9114 §4.1.1).
  kRefused,   ///< Refused before any of it was processed (RFC 9113 §8.7, RFC 9114 §8.1).
  kGoaway,    ///< Above the last stream that the server takes (RFC 9113 §6.8, RFC 9114 §5.2).
  kProtocol,  ///< What the server sent on it broke the protocol.
};

/// The client's side of one connection, whatever it speaks and over whatever: requests in, events
/// out. How it comes to bytes is a matter of ClientSession and DatagramSession.
///
/// It holds no socket and no clock. Requests are known by tickets, small numbers of the caller's:
/// of every request submitted and not cancelled the observer hears exactly one on_end(), unless
/// the connection ends first. A request counts as one stream, also where the protocol has none.
///
/// Lifecycle:  is_over() says when the connection has nothing more to do and is to be closed.
/// Threads:    one owner at a time. The observer must not call back into the session, except
///             cancel() and submit().
/// Errors:     in StreamEnd.
class RequestSession {
 public:
  using Ticket = std::uint32_t;

  /// Hears what happens on the streams.
  class Observer {
   public:
    virtual ~Observer() = default;
    /// The first byte of an answer has arrived.
    virtual void on_answer(Ticket ticket) = 0;
    /// A status; of several, interim ones (1xx) first, the last counts.
    virtual void on_status(Ticket ticket, int status) = 0;
    /// A header of the answer; its name is in lower case.
    virtual void on_header(Ticket ticket, std::string_view name, std::string_view value) = 0;
    virtual void on_body(Ticket ticket, std::string_view piece) = 0;
    virtual void on_end(Ticket ticket, StreamEnd end) = 0;
  };

  RequestSession(const RequestSession&) = delete;
  RequestSession& operator=(const RequestSession&) = delete;
  virtual ~RequestSession() = default;

  /// True when a request may be submitted: the server has not gone away, and a stream is free.
  virtual bool can_submit() const = 0;
  /// Streams that are open or about to be.
  virtual std::size_t open_streams() const = 0;
  /// True when the server has said that no further request will be answered here.
  virtual bool has_gone_away() const = 0;
  /// True when it has gone away for no fault, so that the next connection may be made at once.
  virtual bool has_left_in_good_order() const { return has_gone_away(); }
  /// True when the protocol has no number left for another request: another connection does.
  virtual bool is_worn_out() const { return false; }
  /// True where the protocol has no word for that: a server may close a connection which it holds
  /// for idle while a request is on its way (RFC 9112 §9.3.1).
  virtual bool closes_unsaid() const { return false; }
  /// True when the server has said something in the protocol: it speaks it.
  virtual bool is_confirmed() const = 0;

  /// Queues a request. `request` must live until its on_end() or cancel(). False when it cannot:
  /// see can_submit().
  virtual bool submit(Ticket ticket, const RenderedRequest& request, bool has_body) = 0;
  /// Gives a request up; nothing more is heard of the ticket. Where the protocol cannot take a
  /// single request back, the session is over when this answers.
  virtual void cancel(Ticket ticket) = 0;
  /// Says goodbye, where the protocol has a word for it: that is the next output.
  virtual void say_goodbye() = 0;
  /// True when neither side has anything to do any more.
  virtual bool is_over() const = 0;
  /// In words, what the server did last that ended a request or the connection badly: the rule that
  /// it broke, or the code of its reset or GOAWAY. Empty where it did nothing of the kind.
  virtual std::string complaint() const { return {}; }

 protected:
  RequestSession() = default;
};

}  // namespace squall::generators
