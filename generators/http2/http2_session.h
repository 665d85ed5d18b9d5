#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "generators/session/client_session.h"

struct nghttp2_session;

namespace squall::generators {

/// The client's side of one HTTP/2 connection (RFC 9113), over libnghttp2.
///
/// Flow control never holds up the server: the windows are the largest that there are, and are
/// topped up as data arrives.
///
/// Lifecycle:  the preface is the first output.
/// Threads:    one owner at a time.
/// Errors:     as ClientSession.
class Http2Session final : public ClientSession {
 public:
  explicit Http2Session(Observer& observer);
  ~Http2Session() override;

  bool can_submit() const override;
  std::size_t open_streams() const override { return open_streams_; }
  /// How many streams the server allows; 100 until it has said so (RFC 9113 §6.5.2).
  std::size_t peer_limit() const;
  bool has_gone_away() const override { return gone_away_; }
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

 private:
  struct Callbacks;  // nghttp2's, in the source file.

  struct Stream {
    std::int32_t id = 0;             // 0: the ticket is not in use.
    std::uint32_t header_bytes = 0;  // Unfolded, of all blocks of the answer.
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
