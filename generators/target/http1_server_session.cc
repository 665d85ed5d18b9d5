#include "generators/target/http1_server_session.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

#include "generators/target/behaviour.h"

namespace squall::generators {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using Text = boost::beast::string_view;

constexpr std::size_t kMostPending = 64 * 1024;  // Of requests that come ahead of their turn.

void append(std::vector<std::uint8_t>& into, std::string_view text) {
  into.insert(into.end(), text.begin(), text.end());
}

}  // namespace

/// Reads one request after the other into its session.
class Http1ServerSession::Parser {
 public:
  explicit Parser(Http1ServerSession& session) : session_(session) {}

  void begin() {
    message_.emplace(*this);
    message_->header_limit(kMostHeaderBytes);
    message_->body_limit(boost::none);
    hosts_ = 0;
  }

  /// Takes what it can use off the front of `bytes`. The failure is need_more where that was all.
  error_code put(std::string_view& bytes) {
    error_code failure;
    bytes.remove_prefix(
        message_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), failure));
    if (failure == http::error::need_more && bytes.size() > kMostHeaderBytes) {
      failure = http::error::header_limit;
    }
    return failure;
  }

  bool is_done() const { return message_->is_done(); }
  bool keeps_alive() const { return message_->keep_alive(); }
  bool is_http10() const { return version_ == 10; }

 private:
  class Message final : public http::basic_parser<true> {
   public:
    explicit Message(Parser& parser) : parser_(parser) {}

   private:
    void on_request_impl(http::verb /*verb*/, Text method, Text target, int version,
                         error_code& /*failure*/) override {
      parser_.on_request({method.data(), method.size()}, {target.data(), target.size()}, version);
    }
    void on_response_impl(int /*status*/, Text /*reason*/, int /*version*/,
                          error_code& /*failure*/) override {}
    void on_field_impl(http::field field, Text /*name*/, Text value, error_code& failure) override {
      parser_.on_field(field, value, failure);
    }
    void on_header_impl(error_code& failure) override { parser_.on_header(failure); }
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           error_code& /*failure*/) override {}
    std::size_t on_body_impl(Text body, error_code& /*failure*/) override {
      return parser_.on_body({body.data(), body.size()});
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, Text /*extensions*/,
                              error_code& /*failure*/) override {}
    std::size_t on_chunk_body_impl(std::uint64_t /*left*/, Text body,
                                   error_code& /*failure*/) override {
      return parser_.on_body({body.data(), body.size()});
    }
    void on_finish_impl(error_code& /*failure*/) override {}

    Parser& parser_;
  };

  void on_request(std::string_view method, std::string_view target, int version) {
    version_ = version;
    session_.method_.assign(method.substr(0, 32));
    session_.path_.assign(target.substr(0, kKeptPath));
    session_.keeps_body_ = session_.keeps_admin_bodies_ && target.starts_with(kAdminPrefix);
  }

  void on_field(http::field field, Text value, error_code& failure) {
    if (field == http::field::host) ++hosts_;
    // RFC 9112 §6.1: what is not understood hides where the request ends.
    if (field == http::field::transfer_encoding &&
        (is_http10() || !boost::beast::iequals(value, "chunked"))) {
      failure = http::error::bad_transfer_encoding;
    }
    if (field == http::field::expect && boost::beast::iequals(value, "100-continue")) {
      session_.is_continue_wanted_ = !is_http10();
    }
  }

  void on_header(error_code& failure) const {
    // RFC 9112 §3.2.
    if (hosts_ > 1 || (hosts_ == 0 && !is_http10())) failure = http::error::bad_field;
  }

  std::size_t on_body(std::string_view piece) {
    Http1ServerSession& session = session_;
    session.body_bytes_received_ += piece.size();
    session.is_continue_wanted_ = false;
    if (!session.keeps_body_ || !session.is_body_complete_) return piece.size();
    if (session.kept_body_.size() + piece.size() > kKeptBody) {
      session.is_body_complete_ = false;
    } else {
      session.kept_body_ += piece;
    }
    return piece.size();
  }

  Http1ServerSession& session_;
  std::optional<Message> message_;  // Made anew for each request, as Beast wants it; in place.
  int version_ = 0;
  int hosts_ = 0;
};

Http1ServerSession::Http1ServerSession(Handler& handler, bool keeps_admin_bodies)
    : handler_(handler),
      keeps_admin_bodies_(keeps_admin_bodies),
      parser_(std::make_unique<Parser>(*this)) {
  parser_->begin();
}

Http1ServerSession::~Http1ServerSession() {
  if (stage_ == Stage::kWaiting && place_ != 0) handler_.on_abandoned(place_);
}

bool Http1ServerSession::receive(std::span<const std::uint8_t> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (stage_ == Stage::kOver || is_last_) return true;  // Nobody listens any more.
  if (stage_ == Stage::kReading && pending_.empty()) {
    if (!parse(text)) return false;
    pending_.assign(text);
  } else {
    pending_ += text;
    if (stage_ == Stage::kReading) {
      std::string_view rest = pending_;
      if (!parse(rest)) return false;
      pending_.erase(0, pending_.size() - rest.size());
    }
  }
  // A request that has arrived in part is bounded by its parser.
  return stage_ == Stage::kReading || pending_.size() <= kMostPending;
}

/// Takes requests off `bytes`, until one waits for its answer.
bool Http1ServerSession::parse(std::string_view& bytes) {
  while (stage_ == Stage::kReading && !bytes.empty()) {
    const error_code failure = parser_->put(bytes);
    if (failure == http::error::need_more) return true;
    if (failure) {
      is_last_ = true;
      text_ = failure.message() + "\n";
      begin_answer(failure == http::error::header_limit ? 431 : 400, "text/plain", text_.size());
      return false;
    }
    if (parser_->is_done()) complete();
  }
  return true;
}

void Http1ServerSession::complete() {
  is_continue_wanted_ = false;
  is_last_ = is_last_ || !parser_->keeps_alive();
  stage_ = Stage::kWaiting;
  place_ = 0;
  handler_.on_request(*this, {.stream = stream_,
                              .method = method_,
                              .path = path_,
                              .body = kept_body_,
                              .is_body_complete = is_body_complete_});
}

bool Http1ServerSession::answer(std::int32_t stream, int status, Bytes body) {
  if (!is_waiting(stream)) return false;
  text_.clear();
  begin_answer(status, "text/plain", body.count);
  return true;
}

bool Http1ServerSession::answer(std::int32_t stream, int status, std::string_view type,
                                std::string body) {
  if (!is_waiting(stream)) return false;
  text_ = std::move(body);
  begin_answer(status, type, text_.size());
  return true;
}

void Http1ServerSession::begin_answer(int status, std::string_view type, std::uint64_t length) {
  stage_ = Stage::kAnswering;
  status_ = status;
  type_.assign(type);
  length_ = length;
  sent_ = 0;
  is_head_written_ = false;
}

bool Http1ServerSession::reset(std::int32_t stream) {
  if (!is_waiting(stream)) return false;
  is_to_be_dropped_ = true;
  stage_ = Stage::kOver;
  return true;
}

void Http1ServerSession::wait_at(std::int32_t stream, std::uint64_t place) {
  if (is_waiting(stream)) place_ = place;
}

void Http1ServerSession::go_away() {
  is_last_ = true;
  // Whoever has begun to ask is not answered; whoever has asked is.
  if (stage_ == Stage::kReading) stage_ = Stage::kOver;
}

void Http1ServerSession::pull(std::vector<std::uint8_t>& into, std::size_t enough) {
  if (stage_ == Stage::kReading && is_continue_wanted_) {
    is_continue_wanted_ = false;
    append(into, "HTTP/1.1 100 Continue\r\n\r\n");
  }
  while (stage_ == Stage::kAnswering && into.size() < enough) {
    if (!is_head_written_) write_head(into);
    write_body(into, enough);
    if (sent_ == length_) end_answer();
  }
}

void Http1ServerSession::write_head(std::vector<std::uint8_t>& into) {
  is_head_written_ = true;
  const Text reason = http::obsolete_reason(static_cast<http::status>(status_));
  append(into, "HTTP/1.1 " + std::to_string(status_) + " ");
  append(into, {reason.data(), reason.size()});
  append(into, "\r\nserver: squall-target\r\n");
  if (is_last_) {
    append(into, "connection: close\r\n");
  } else if (parser_->is_http10()) {
    append(into, "connection: keep-alive\r\n");
  }
  if (!alternative().empty()) append(into, "alt-svc: " + alternative() + "\r\n");
  // RFC 9110 §8.6: no content-length with 204; with 304 it would be that of the 200.
  const bool has_body = status_ != 204 && status_ != 304;
  if (has_body) {
    append(into, "content-length: " + std::to_string(length_) + "\r\ncontent-type: ");
    append(into, type_);
    append(into, "\r\n");
  }
  append(into, "\r\n");
  if (!has_body || method_ == "HEAD") sent_ = length_;
}

void Http1ServerSession::write_body(std::vector<std::uint8_t>& into, std::size_t enough) {
  const std::size_t room = enough > into.size() ? enough - into.size() : 0;
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(room, length_ - sent_));
  if (part == 0) return;
  if (text_.empty()) {
    into.resize(into.size() + part);
    fill_body(std::span(into).last(part), sent_);
  } else {
    append(into, std::string_view(text_).substr(sent_, part));
  }
  sent_ += part;
}

void Http1ServerSession::end_answer() {
  if (is_last_) {
    stage_ = Stage::kOver;
    return;
  }
  stage_ = Stage::kReading;
  stream_ = stream_ == std::numeric_limits<std::int32_t>::max() ? 1 : stream_ + 1;
  method_.clear();
  path_.clear();
  kept_body_.clear();
  text_.clear();
  keeps_body_ = false;
  is_body_complete_ = true;
  parser_->begin();
  if (pending_.empty()) return;
  std::string_view rest = pending_;
  parse(rest);  // When it fails, there is an answer that says so, and it is the last.
  pending_.erase(0, pending_.size() - rest.size());
}

}  // namespace squall::generators
