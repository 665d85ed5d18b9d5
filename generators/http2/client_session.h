#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generators/request/prepared_request.h"

struct nghttp2_session;

namespace squall::generators {

/// How a stream ended.
enum class StreamEnd {
  kWhole,     ///< With a whole answer.
  kReset,     ///< Reset by the server (RFC 9113 §5.4.2).
  kGoaway,    ///< Above the last stream that the server takes (RFC 9113 §6.8).
  kProtocol,  ///< What the server sent on it broke the protocol.
};

/// The client's side of one HTTP/2 connection (RFC 9113): bytes in, bytes out, events.
///
/// It holds no socket and no clock. Whoever owns it feeds receive() with what the server sent, and
/// sends what take_output() gives. Requests are known by tickets, small numbers of the caller's:
/// of every request submitted and not cancelled the observer hears exactly one on_end(), unless
/// the connection ends first. Flow control never holds up the server: the windows are the largest
/// that there are, and are topped up as data arrives.
///
/// Lifecycle:  made with the connection; the preface is the first output. is_over() says when
///             the connection has nothing more to do and is to be closed.
/// Threads:    one owner at a time. The observer must not call back into the session, except
///             cancel() and submit().
/// Errors:     receive() answers false when the server broke the protocol beyond repair.
class ClientSession {
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
    virtual void on_header(Ticket ticket, std::string_view name, std::string_view value) = 0;
    virtual void on_body(Ticket ticket, std::string_view piece) = 0;
    virtual void on_end(Ticket ticket, StreamEnd end) = 0;
  };

  explicit ClientSession(Observer& observer);
  ClientSession(ClientSession&&) = delete;
  ~ClientSession();

  /// True when a request may be submitted: the server has not gone away, and a stream is free.
  bool can_submit() const;
  /// Streams that are open or about to be.
  std::size_t open_streams() const { return open_streams_; }
  /// How many streams the server allows; 100 until it has said so (RFC 9113 §6.5.2).
  std::size_t peer_limit() const;
  bool has_gone_away() const { return gone_away_; }
  /// True when the server's SETTINGS have arrived: it speaks HTTP/2.
  bool is_confirmed() const { return confirmed_; }

  /// Queues a request. `request` must live until its on_end() or cancel(). False when it cannot:
  /// see can_submit().
  bool submit(Ticket ticket, const RenderedRequest& request, bool has_body);
  /// Gives a request up: RST_STREAM(CANCEL); nothing more is heard of the ticket.
  void cancel(Ticket ticket);

  /// Takes what the server sent. False when the connection cannot go on; what take_output() still
  /// has then says why to the server.
  bool receive(std::string_view bytes);
  /// Appends to `out` what is to be sent, until `out` has `enough` bytes or nothing is left. False
  /// when the connection cannot go on.
  bool take_output(std::string& out, std::size_t enough);
  /// Says goodbye: GOAWAY(NO_ERROR) is the next output.
  void say_goodbye();
  /// True when neither side has anything to do any more.
  bool is_over() const;

 private:
  struct Callbacks;  // nghttp2's, in the source file.

  struct Stream {
    std::int32_t id = 0;  // 0: the ticket is not in use.
    std::string_view body_left;
    bool peer_reset = false;
    bool whole = false;
    bool answered = false;
  };

  Stream* find(Ticket ticket);

  Observer& observer_;
  nghttp2_session* session_ = nullptr;
  std::vector<Stream> streams_;  // By ticket.
  std::size_t open_streams_ = 0;
  std::int32_t last_taken_ = 0;  // By the server, as its GOAWAY says.
  bool gone_away_ = false;
  bool confirmed_ = false;
};

}  // namespace squall::generators
