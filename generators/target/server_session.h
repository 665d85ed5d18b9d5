#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/units.h"

namespace squall::generators {

/// A request that has arrived in full. The views hold until on_request() returns.
struct ReceivedRequest {
  std::int32_t stream = 0;
  std::string_view method;
  std::string_view path;  ///< With query; cut at `ServerSession::kKeptPath` bytes.
  std::string_view body;  ///< Of admin requests only; all other bodies are counted and dropped.
  bool is_body_complete = true;  ///< False when it was too large to be kept.
};

/// The server's end of one connection, whatever protocol it speaks, as those see it who answer its
/// requests. Requests are known by the numbers of their streams, also where the protocol has none.
///
/// Memory stays bounded whatever the client does: streams, header sizes and kept bodies have
/// limits, bodies are made while they are sent.
///
/// Lifecycle:  that of its connection.
/// Threads:    one at a time.
/// Errors:     answers false when there is nobody to be answered any more.
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

  static constexpr std::size_t kMostHeaderBytes = 65536;  ///< Of one request.
  static constexpr std::size_t kKeptPath = 2048;
  static constexpr std::size_t kKeptBody = 65536;  ///< Of one admin request.

  ServerSession() = default;
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;
  virtual ~ServerSession() = default;

  /// Answers with `body` bytes of the text that repeats (see `kBodyText`). A HEAD request gets the
  /// headers only, statuses 204 and 304 have no body. False when the stream is gone or answered.
  virtual bool answer(std::int32_t stream, int status, Bytes body) = 0;
  /// Answers with JSON or other text.
  virtual bool answer(std::int32_t stream, int status, std::string_view type, std::string body) = 0;
  /// Resets a stream. False as above.
  virtual bool reset(std::int32_t stream) = 0;
  /// Remembers where a request waits, for on_abandoned(); 0: nowhere any more.
  virtual void wait_at(std::int32_t stream, std::uint64_t place) = 0;
  /// Whether a request waits for its answer.
  virtual bool is_waiting(std::int32_t stream) const = 0;
  /// Takes no further requests; those that are there may end.
  virtual void go_away() = 0;

  virtual std::uint64_t body_bytes_received() const = 0;
};

/// A session over a stream of bytes, without I/O: bytes in, bytes out. Nothing is made before
/// pull() asks for it.
///
/// Lifecycle:  receive() what arrives, then pull() until it gives nothing; closed when is_done().
/// Threads:    one at a time. The handler is called from within receive(), pull() and the
///             destructor.
/// Errors:     receive() answers false when the client broke the protocol beyond repair; pull()
///             then still has what says so.
class StreamServerSession : public ServerSession {
 public:
  /// Takes bytes from the client. False: the connection is beyond repair.
  virtual bool receive(std::span<const std::uint8_t> bytes) = 0;
  /// Appends bytes for the client, until `into` has about `enough` or there are none for now.
  virtual void pull(std::vector<std::uint8_t>& into, std::size_t enough) = 0;
  /// True when neither side has anything more to say.
  virtual bool is_done() const = 0;
  /// True when, being done, the connection is to end as by a crash: the only way to reset a request
  /// where the protocol has no word for it.
  virtual bool is_to_be_dropped() const { return false; }
  /// All answers from now on say where else the origin is served (RFC 7838); empty: they do not.
  void advertise(std::string alternative) { alternative_ = std::move(alternative); }

 protected:
  const std::string& alternative() const { return alternative_; }

 private:
  std::string alternative_;
};

/// What bodies consist of: these 64 bytes again and again, cut where the body ends.
inline constexpr std::string_view kBodyText =
    "squall target: the same sixty-four bytes again, until the end.\r\n";
static_assert(kBodyText.size() == 64);

/// Fills `into` with the repeating text from position `from` of the body.
void fill_body(std::span<std::uint8_t> into, std::uint64_t from);
/// A piece of the repeating text from position `from` of the body on. It lies there for good.
std::span<const char> body_piece(std::uint64_t from);

}  // namespace squall::generators
