#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "generators/session/client_session.h"

namespace squall::generators {

/// The client's side of one HTTP/1.1 connection (RFC 9112), over Boost.Beast's parser.
///
/// One request at a time: a second one may be submitted when the first has its whole answer.
/// Whatever could be read in two ways is refused, because a wrong guess would give one request the
/// answer of another: folded headers, both content-length and transfer-encoding, any other coding
/// than chunked, bytes that nobody asked for. The headers of one answer, interim ones and trailers
/// included, have 64 KiB together.
///
/// The connection has gone away after an answer with `Connection: close`, one of HTTP/1.0 without
/// keep-alive, one that lasts until the connection closes, and one that came before the request
/// had been sent whole.
///
/// Lifecycle:  says nothing until there is a request. cancel() ends it.
/// Threads:    one owner at a time.
/// Errors:     as ClientSession.
class Http1Session final : public ClientSession {
 public:
  static constexpr std::size_t kMostHeaderBytes = 64 * 1024;

  explicit Http1Session(Observer& observer);
  ~Http1Session() override;

  bool can_submit() const override;
  std::size_t open_streams() const override { return stage_ == Stage::kIdle ? 0 : 1; }
  bool has_gone_away() const override { return gone_away_; }
  /// True when a status line has arrived.
  bool is_confirmed() const override { return confirmed_; }

  /// False also for a request that cannot be written in HTTP/1.1, such as one with a line break
  /// in a header: it would be two.
  bool submit(Ticket ticket, const RenderedRequest& request, bool has_body) override;
  void cancel(Ticket ticket) override;

  bool receive(std::string_view bytes) override;
  void receive_end() override;
  bool take_output(std::string& out, std::size_t enough) override;
  void say_goodbye() override {}  // HTTP/1.1 has no word for it.
  bool is_over() const override { return over_; }
  bool closes_unsaid() const override { return true; }
  std::string complaint() const override { return complaint_; }

 private:
  enum class Stage {
    kIdle,
    kQueued,   ///< A request waits to be taken,
    kSending,  ///< has been taken in part,
    kSent,     ///< or whole.
  };
  class Parser;  // Beast's, in answer_parser.h.

  void write_head(std::string& out) const;
  /// Parses; what cannot be used yet stays in `bytes`. False when the connection cannot go on.
  bool parse(std::string_view& bytes);
  /// After a whole answer, or an interim one.
  void end_answer();
  /// Always false, so that it can be returned.
  bool fail(std::string why);

  Observer& observer_;
  std::unique_ptr<Parser> parser_;
  std::string pending_;  // A line or a header that has arrived in part.
  Stage stage_ = Stage::kIdle;
  Ticket ticket_ = 0;
  const RenderedRequest* request_ = nullptr;
  std::string complaint_;
  std::string_view method_;  // Of the request,
  std::string_view path_;
  std::string_view authority_;
  std::string_view body_left_;  // what of its body is still to be taken.
  bool has_body_ = false;
  bool answered_ = false;
  bool gone_away_ = false;
  bool confirmed_ = false;
  bool over_ = false;
};

}  // namespace squall::generators
