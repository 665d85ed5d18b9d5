#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "generators/http1/http1_session.h"

namespace squall::generators {

/// Reads one answer after the other, and tells the session's observer.
///
/// Beast takes what a lenient client would; what it lets pass and we do not is refused here, and
/// each refusal names its clause.
///
/// Lifecycle:  its session's; begin() → put()… until is_done(), again() after an interim answer.
/// Threads:    as the session.
/// Errors:     put() is false when what came is no answer that can be read in one way only.
class Http1Session::Parser {
 public:
  explicit Parser(Http1Session& session) : session_(session) {}

  /// Makes ready for an answer to a new request.
  void begin(bool is_head) {
    is_head_ = is_head;
    header_bytes_ = 0;
    again();
  }
  /// Makes ready for a further answer to the same request, after an interim one.
  void again() {
    message_.emplace(*this);
    searched_ = 0;
    after_chunk_ = false;
    had_chunk_ = false;
    message_->header_limit(kMostHeaderBytes);
    message_->body_limit(boost::none);
    if (is_head_) message_->skip(true);
  }

  /// Takes the used bytes off the front of `bytes`; to be called until is_done() or needs_more().
  /// False when the answer is none.
  bool put(std::string_view& bytes) {
    // Even an empty chunked body has five bytes, and Beast counts on them.
    constexpr std::size_t kLeast = 5;
    needs_more_ =
        message_->is_header_done() && message_->chunked() && !had_chunk_ && bytes.size() < kLeast;
    if (needs_more_) return true;
    input_ = bytes;
    boost::system::error_code failure;
    const bool in_header = !message_->is_header_done();
    const std::size_t used =
        message_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), failure);
    bytes.remove_prefix(used);
    needs_more_ = failure == Failure::need_more;
    if (failure && !needs_more_) {
      why_ = failure.message();
      return false;
    }
    if (in_header) header_bytes_ += used;
    if (used > 0) searched_ = 0;
    if (needs_more_ && has_lone_line_feed(bytes)) {
      why_ = "a line ends without a carriage return";
      return false;
    }
    if (needs_more_ && has_too_long_chunk(bytes)) {
      why_ = "a chunk is longer than it says";
      return false;
    }
    // What is kept is always a part of a header, of a chunk's line or of trailers.
    if (header_bytes_ + (needs_more_ ? bytes.size() : 0) <= kMostHeaderBytes) return true;
    why_ = "the headers of an answer are larger than 64 KiB";
    return false;
  }
  /// In words, why put() was false.
  const std::string& why() const { return why_; }

  /// The connection has closed. True when that makes the answer whole.
  bool put_end() {
    if (!message_->is_header_done() || !message_->need_eof() || message_->is_done()) return false;
    boost::system::error_code failure;
    message_->put_eof(failure);
    return !failure;
  }

  bool is_done() const { return message_->is_done(); }
  bool needs_more() const { return needs_more_; }
  bool keeps_alive() const { return message_->keep_alive(); }
  int status() const { return status_; }

 private:
  using Failure = boost::beast::http::error;
  using Field = boost::beast::http::field;
  using Verb = boost::beast::http::verb;
  using Text = boost::beast::string_view;
  using error_code = boost::system::error_code;

  static std::string_view view(Text some) { return {some.data(), some.size()}; }

  class Message final : public boost::beast::http::basic_parser<false> {
   public:
    explicit Message(Parser& parser) : parser_(parser) {}

   private:
    void on_request_impl(Verb /*verb*/, Text /*method*/, Text /*target*/, int /*version*/,
                         error_code& /*failure*/) override {}
    void on_response_impl(int status, Text /*reason*/, int version, error_code& failure) override {
      parser_.on_status(status, version, failure);
    }
    void on_field_impl(Field field, Text name, Text value, error_code& failure) override {
      parser_.on_field(field, view(name), view(value), failure);
    }
    void on_header_impl(error_code& /*failure*/) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                           error_code& /*failure*/) override {}
    std::size_t on_body_impl(Text body, error_code& failure) override {
      return parser_.on_body(view(body), failure);
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, Text extensions,
                              error_code& failure) override {
      parser_.after_chunk_ = false;
      parser_.had_chunk_ = true;
      parser_.on_extensions(view(extensions), failure);
    }
    std::size_t on_chunk_body_impl(std::uint64_t left, Text body, error_code& failure) override {
      parser_.after_chunk_ = left == body.size();
      return parser_.on_body(view(body), failure);
    }
    void on_finish_impl(error_code& /*failure*/) override {}

    Parser& parser_;
  };

  void on_status(int status, int version, error_code& failure) {
    // 101 changes the protocol, which we never ask for (RFC 9110 §15.2.2).
    if (status < 100 || status == 101) {
      failure = Failure::bad_status;
      return;
    }
    status_ = status;
    version_ = version;
    session_.confirmed_ = true;
    session_.observer_.on_status(session_.ticket_, status);
    stop_when_over(failure);
  }

  void on_field(Field field, std::string_view name, std::string_view value, error_code& failure) {
    if (is_folded(name, value)) {
      failure = Failure::bad_value;
      return;
    }
    // RFC 9112 §6.1: chunked is the only coding that needs no asking, once, and not in HTTP/1.0.
    if (field == Field::transfer_encoding &&
        (version_ < 11 || !boost::beast::iequals({value.data(), value.size()}, "chunked"))) {
      failure = Failure::bad_transfer_encoding;
      return;
    }
    name_.resize(name.size());
    std::transform(name.begin(), name.end(), name_.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
    });
    session_.observer_.on_header(session_.ticket_, name_, value);
    stop_when_over(failure);
  }

  /// RFC 9112 §2.2: Beast would look for the end of the header until it has 64 KiB, and a server
  /// that ends its lines otherwise wait for us meanwhile. `kept` may be longer than it was last
  /// time.
  bool has_lone_line_feed(std::string_view kept) {
    for (std::size_t at = kept.find('\n', searched_); at != std::string_view::npos;
         at = kept.find('\n', at + 1)) {
      if (at == 0 || kept[at - 1] != '\r') return true;
    }
    searched_ = kept.size();
    return false;
  }

  /// RFC 9112 §7.1: a chunk ends with a line break, which Beast looks at with the line after it.
  bool has_too_long_chunk(std::string_view kept) const {
    return after_chunk_ && kept.substr(0, 2) != std::string_view("\r\n").substr(0, kept.size());
  }

  /// RFC 9112 §5.2: a value that goes on in the next line. Beast unfolds it into memory of its own,
  /// or skips the line break before it.
  bool is_folded(std::string_view name, std::string_view value) const {
    const std::less<const char*> is_before;
    if (is_before(value.data(), input_.data()) ||
        is_before(input_.data() + input_.size(), value.data())) {
      return true;
    }
    const char* const colon = name.data() + name.size();
    return std::find(colon, value.data(), '\r') != value.data();
  }

  // A quoted extension may hold anything, says Beast; a line break is not among it (RFC 9112
  // §7.1.1).
  static void on_extensions(std::string_view extensions, error_code& failure) {
    const bool has_control = std::any_of(extensions.begin(), extensions.end(), [](char letter) {
      return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7f;
    });
    if (has_control) failure = Failure::bad_chunk_extension;
  }

  std::size_t on_body(std::string_view piece, error_code& failure) {
    session_.observer_.on_body(session_.ticket_, piece);
    stop_when_over(failure);
    return piece.size();
  }

  /// The observer may have given the request up.
  void stop_when_over(error_code& failure) const {
    if (session_.over_)
      failure = boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
  }

  Http1Session& session_;
  std::optional<Message> message_;  // Made anew for each answer, as Beast wants it; in place.
  std::string_view input_;          // What put() was given.
  std::string name_;                // In lower case. Keeps its memory.
  std::string why_;
  std::size_t header_bytes_ = 0;  // Of the answer so far, interim ones included.
  std::size_t searched_ = 0;      // Of what is kept: where there is no line feed alone.
  int status_ = 0;
  int version_ = 0;
  bool is_head_ = false;
  bool needs_more_ = false;
  bool had_chunk_ = false;
  bool after_chunk_ = false;  // Its end, and the next one's line, are still to come.
};

}  // namespace squall::generators
