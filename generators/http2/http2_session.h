#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generators/http2/answer_rules.h"
#include "generators/http2/complaint.h"
#include "generators/http2/frame.h"
#include "generators/http2/header_encoder.h"
#include "generators/http2/stream_table.h"
#include "generators/session/client_session.h"

struct nghttp2_hd_inflater;

namespace squall::generators {

/// The client's side of one HTTP/2 connection (RFC 9113); header compression is libnghttp2's.
///
/// Flow control never holds up the server: the windows are the largest that there are, and are
/// topped up as data arrives. Frames are taken whole, none is larger than 16 KB.
///
/// What a server may make us keep or do is bounded: 256 KB for the headers of one answer, interim
/// ones and trailers included, 64 CONTINUATION frames, 1000 acknowledgements that nobody has
/// fetched. More is an error of the connection, as every breach of the protocol that the RFC calls
/// one: a GOAWAY says which, then the session is over.
///
/// Lifecycle:  the preface is the first output.
/// Threads:    one owner at a time.
/// Errors:     as ClientSession.
class Http2Session final : public ClientSession {
 public:
  /// Streams are numbered from `first_stream` on, which is odd: the later, the fewer there are.
  explicit Http2Session(Observer& observer, std::int32_t first_stream = 1);
  ~Http2Session() override;

  bool can_submit() const override;
  std::size_t open_streams() const override { return numbers_.size(); }
  /// How many streams the server allows; 100 until it has said so (RFC 9113 §6.5.2).
  std::size_t peer_limit() const { return peer_limit_; }
  bool has_gone_away() const override { return gone_away_; }
  /// True when the server's GOAWAYs said NO_ERROR.
  bool has_left_in_good_order() const override { return gone_away_ && goaway_code_ == 0; }
  /// The error code of the server's first GOAWAY that had one (RFC 9113 §7); else 0.
  std::uint32_t goaway_code() const { return goaway_code_; }
  /// True when there is no number left for a stream (RFC 9113 §5.1.1).
  bool is_worn_out() const override { return next_id_ < 0; }
  /// Streams with a body that is to be sent as soon as the connection's window lets it go.
  std::size_t bodies_waiting() const { return uploads_.size(); }
  /// True when the server's SETTINGS have arrived.
  bool is_confirmed() const override { return confirmed_; }

  bool submit(Ticket ticket, const RenderedRequest& request, bool has_body) override;
  /// Sends RST_STREAM(CANCEL).
  void cancel(Ticket ticket) override;

  bool receive(std::string_view bytes) override;
  void receive_end() override {}  // An HTTP/2 answer says itself where it ends.
  bool take_output(std::string& out, std::size_t enough) override;
  /// GOAWAY(NO_ERROR).
  void say_goodbye() override;
  bool is_over() const override;
  bool has_failed() const override { return failed_; }
  std::string complaint() const override { return complaint_.text(); }

 private:
  struct Stream {
    std::int32_t id = 0;  // 0: the ticket is not in use.
    bool answered = false;
    bool whole = false;     // The answer; the request may still be on its way.
    bool has_sent = false;  // All of the request.
    http2::AnswerRules rules;
    std::int64_t send_window = 0;
    std::int64_t receive_window = 0;
    std::size_t header_size = 0;  // Of all its header blocks.
    std::string_view body_left;
  };
  /// A header block whose end has not come (RFC 9113 §6.10).
  struct Block {
    std::int32_t stream = 0;  // 0: there is none.
    bool ends_stream = false;
    int continuations = 0;
    std::string bytes;
  };

  Stream* find(Ticket ticket);
  /// The stream of this number and its ticket; null when it has ended, or never began.
  Stream* find_stream(std::int32_t id, Ticket& ticket);
  /// True when we have not begun it; next_id_ is negative when there are no numbers left.
  bool is_idle(std::int32_t id) const { return id % 2 == 0 || (next_id_ > 0 && id >= next_id_); }

  // Each on_… takes a frame; false when the connection has failed.
  bool on_frame(const http2::FrameHead& head, std::string_view payload);
  bool on_data(const http2::FrameHead& head, std::string_view payload);
  bool on_headers(const http2::FrameHead& head, std::string_view payload);
  bool on_continuation(const http2::FrameHead& head, std::string_view payload);
  bool on_reset(const http2::FrameHead& head, std::string_view payload);
  bool on_settings(const http2::FrameHead& head, std::string_view payload);
  bool on_setting(std::uint32_t id, std::uint32_t value);
  bool on_ping(const http2::FrameHead& head, std::string_view payload);
  bool on_goaway(const http2::FrameHead& head, std::string_view payload);
  bool on_window_update(const http2::FrameHead& head, std::string_view payload);
  bool on_block(std::int32_t id, bool ends_stream, std::string_view block);
  /// One field of a header block; false when it makes the answer malformed.
  bool on_field(std::int32_t id, std::string_view name, std::string_view value);
  void on_answer_end(std::int32_t id);

  bool fail(http2::ErrorCode code);
  void note_breach(http2::ErrorCode code);
  void fail_stream(std::int32_t id, http2::ErrorCode code);
  void finish(Ticket ticket, StreamEnd end);
  /// Gives the ticket and the stream's number back.
  void forget(Stream& stream);
  bool count_acknowledgement();
  void consume(std::int32_t stream, std::int64_t& window);
  void put_bodies(std::string& out, std::size_t enough);
  /// A piece of a body as large as may be; false when the windows do not let it go.
  bool put_data(std::string& out, Ticket ticket, Stream& stream);
  void queue_body(std::int32_t id);

  Observer& observer_;
  http2::HeaderEncoder encoder_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::vector<Stream> streams_;        // By ticket.
  http2::StreamTable numbers_;         // Of streams that are open, to tickets.
  std::vector<std::int32_t> uploads_;  // Streams with a body to be sent, that a window may let go.
  std::string output_;                 // All but bodies, which are made when they are fetched,
  std::string requests_;               // and requests, which come after it and may not leave.
  std::string partial_;                // A frame that has not come whole.
  http2::FrameHead at_;                // Of the frame at hand.
  http2::Complaint complaint_;
  Block block_;
  std::int32_t next_id_;
  std::int32_t first_queued_ = 0;  // Of the streams that begin in requests_; 0: none does.
  std::int32_t last_taken_ = static_cast<std::int32_t>(http2::kMost31Bits);  // By the server.
  std::size_t peer_limit_ = 100;
  std::int64_t first_send_window_ = http2::kFirstWindow;
  std::int64_t send_window_ = http2::kFirstWindow;
  std::int64_t receive_window_ = http2::kMost31Bits;
  int acknowledgements_ = 0;  // In output_.
  std::uint32_t goaway_code_ = 0;
  bool gone_away_ = false;
  bool said_goodbye_ = false;
  bool confirmed_ = false;
  bool settled_ = false;  // The server has acknowledged our SETTINGS.
  bool failed_ = false;
  bool flooded_ = false;  // With what asks for an answer, which nobody fetches.
};

}  // namespace squall::generators
