#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generators/target/server_session.h"
#include "harness/base/units.h"

namespace squall::generators {

/// The server's end of one HTTP/1.1 or HTTP/1.0 connection (RFC 9112), over Boost.Beast's parser.
///
/// One request at a time; of what a client sends ahead, 64 KiB are kept. A request that is no HTTP,
/// or that could be read in two ways, is answered 400 (431 when its header is too large), and the
/// connection ends.
///
/// Lifecycle:  as ServerSession. A reset ends the connection.
/// Threads:    one at a time.
/// Errors:     as ServerSession.
class Http1ServerSession final : public StreamServerSession {
 public:
  /// `keeps_admin_bodies`: whether requests below /.squall/ have their bodies kept.
  Http1ServerSession(Handler& handler, bool keeps_admin_bodies);
  ~Http1ServerSession() override;

  bool receive(std::span<const std::uint8_t> bytes) override;
  void pull(std::vector<std::uint8_t>& into, std::size_t enough) override;
  bool is_done() const override { return stage_ == Stage::kOver; }
  bool is_to_be_dropped() const override { return is_to_be_dropped_; }

  bool answer(std::int32_t stream, int status, Bytes body) override;
  bool answer(std::int32_t stream, int status, std::string_view type, std::string body) override;
  bool reset(std::int32_t stream) override;
  void wait_at(std::int32_t stream, std::uint64_t place) override;
  bool is_waiting(std::int32_t stream) const override {
    return stage_ == Stage::kWaiting && stream == stream_;
  }
  void go_away() override;

  std::uint64_t body_bytes_received() const override { return body_bytes_received_; }

 private:
  enum class Stage {
    kReading,    ///< A request arrives, or nothing.
    kWaiting,    ///< It is whole, and has no answer.
    kAnswering,  ///< Its answer is being sent.
    kOver,
  };
  class Parser;

  bool parse(std::string_view& bytes);
  void complete();
  void begin_answer(int status, std::string_view type, std::uint64_t length);
  void write_head(std::vector<std::uint8_t>& into);
  void write_body(std::vector<std::uint8_t>& into, std::size_t enough);
  void end_answer();

  Handler& handler_;
  const bool keeps_admin_bodies_;
  std::unique_ptr<Parser> parser_;
  std::string pending_;  // Arrived ahead, or in part.
  Stage stage_ = Stage::kReading;
  std::int32_t stream_ = 1;
  std::uint64_t place_ = 0;

  std::string method_;
  std::string path_;
  std::string kept_body_;
  bool keeps_body_ = false;
  bool is_body_complete_ = true;
  bool is_continue_wanted_ = false;

  int status_ = 0;
  std::string type_;
  std::string text_;  // The answer's body, if it is not the repeating text.
  std::uint64_t length_ = 0;
  std::uint64_t sent_ = 0;
  bool is_head_written_ = false;
  bool is_last_ = false;
  bool is_to_be_dropped_ = false;
  std::uint64_t body_bytes_received_ = 0;
};

}  // namespace squall::generators
