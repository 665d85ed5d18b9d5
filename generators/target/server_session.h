#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"

struct nghttp2_session;

namespace squall::generators {

/// A request that has arrived in full. The views hold until on_request() returns.
struct ReceivedRequest {
  std::int32_t stream = 0;
  std::string_view method;
  std::string_view path;  ///< With query; cut at `ServerSession::kKeptPath` bytes.
  std::string_view body;  ///< Of admin requests only; all other bodies are counted and dropped.
  bool is_body_complete = true;  ///< False when it was too large to be kept.
};

/// The server's end of one HTTP/2 connection (RFC 9113), without I/O: bytes in, bytes out.
///
/// Memory stays bounded whatever the client does: streams, header sizes and kept bodies have
/// limits, bodies are made while they are sent, and nothing is made before pull() asks for it.
///
/// Lifecycle:  receive() what arrives, then pull() until it gives nothing; closed when is_done().
/// Threads:    one at a time. The handler is called from within receive() and the destructor.
/// Errors:     receive() answers false when the client broke the protocol beyond repair; pull()
/// then
///             still has the GOAWAY that says so.
class ServerSession {
 public:
  /// What is behind a session.
  class Handler {
   public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;
    /// May answer at once, or later by the stream's number.
    virtual void on_request(ServerSession& session, const ReceivedRequest& request) = 0;
    /// The client gave up a request for which wait_at() was called and that has no answer.
    virtual void on_abandoned(std::uint64_t place) = 0;
  };

  static constexpr std::uint32_t kMostStreams = 1024;
  static constexpr std::size_t kMostHeaderBytes = 65536;  ///< Of one request; more: stream reset.
  static constexpr std::size_t kKeptPath = 2048;
  static constexpr std::size_t kKeptBody = 65536;  ///< Of one admin request.

  /// `keeps_admin_bodies`: whether requests below /.squall/ have their bodies kept.
  static Result<std::unique_ptr<ServerSession>> make(Handler& handler, bool keeps_admin_bodies);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;
  ~ServerSession();

  /// Takes bytes from the client. False: the connection is beyond repair.
  bool receive(std::span<const std::uint8_t> bytes);
  /// Appends bytes for the client, until `into` has about `enough` or there are none for now.
  void pull(std::vector<std::uint8_t>& into, std::size_t enough);
  /// True when neither side has anything more to say.
  bool is_done() const;

  /// Answers with `body` bytes of the text that repeats (see `kBodyText`). A HEAD request gets the
  /// headers only, statuses 204 and 304 have no body. False when the stream is gone or answered.
  bool answer(std::int32_t stream, int status, Bytes body);
  /// Answers with JSON or other text.
  bool answer(std::int32_t stream, int status, std::string_view type, std::string body);
  /// Resets a stream (INTERNAL_ERROR). False as above.
  bool reset(std::int32_t stream);
  /// Remembers where a request waits, for on_abandoned(); 0: nowhere any more.
  void wait_at(std::int32_t stream, std::uint64_t place);
  /// Whether a request waits for its answer.
  bool is_waiting(std::int32_t stream) const { return unanswered(stream) != nullptr; }
  /// Refuses new streams; those that are there may end (GOAWAY, RFC 9113 §6.8).
  void go_away();

  std::uint64_t body_bytes_received() const { return body_bytes_received_; }

 private:
  struct Stream;
  struct Callbacks;

  ServerSession(Handler& handler, bool keeps_admin_bodies);
  Stream& open_stream(std::int32_t number);
  void close_stream(Stream& stream);
  void complete(Stream& stream);
  Stream* unanswered(std::int32_t stream) const;
  bool submit(Stream& stream, int status, std::string_view type, std::uint64_t length);

  Handler& handler_;
  const bool keeps_admin_bodies_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Stream>> streams_;  // All ever needed at once; kept for the next.
  std::vector<Stream*> free_;
  std::size_t kept_body_bytes_ = 0;
  std::uint64_t body_bytes_received_ = 0;
  bool is_broken_ = false;
};

/// What bodies consist of: these 64 bytes again and again, cut where the body ends.
inline constexpr std::string_view kBodyText =
    "squall target: the same sixty-four bytes again, until the end.\r\n";
static_assert(kBodyText.size() == 64);

}  // namespace squall::generators
