#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generators/target/server_session.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

struct nghttp2_session;

namespace squall::generators {

/// The server's end of one HTTP/2 connection (RFC 9113), over libnghttp2.
///
/// Lifecycle:  as StreamServerSession; pull() has the GOAWAY of a connection that broke the
/// protocol. Threads:    one at a time. Errors:     make() fails when memory is out.
class Http2ServerSession final : public StreamServerSession {
 public:
  static constexpr std::uint32_t kMostStreams = 1024;

  /// `keeps_admin_bodies`: whether requests below /.squall/ have their bodies kept.
  static Result<std::unique_ptr<Http2ServerSession>> make(Handler& handler,
                                                          bool keeps_admin_bodies);
  ~Http2ServerSession() override;

  bool receive(std::span<const std::uint8_t> bytes) override;
  void pull(std::vector<std::uint8_t>& into, std::size_t enough) override;
  bool is_done() const override;

  bool answer(std::int32_t stream, int status, Bytes body) override;
  bool answer(std::int32_t stream, int status, std::string_view type, std::string body) override;
  /// With INTERNAL_ERROR.
  bool reset(std::int32_t stream) override;
  void wait_at(std::int32_t stream, std::uint64_t place) override;
  bool is_waiting(std::int32_t stream) const override { return unanswered(stream) != nullptr; }
  /// GOAWAY (RFC 9113 §6.8).
  void go_away() override;

  std::uint64_t body_bytes_received() const override { return body_bytes_received_; }

 private:
  struct Stream;
  struct Callbacks;

  Http2ServerSession(Handler& handler, bool keeps_admin_bodies);
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

}  // namespace squall::generators
