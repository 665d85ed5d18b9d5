#include "generators/http1/http1_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "generators/http1/answer_parser.h"

namespace squall::generators {
namespace {

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return (byte < 0x20 && letter != '\t') || byte == 0x7f;
}

// RFC 9110 §5.5: CR, LF and NUL in a value are how one request becomes two.
bool can_be_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), is_control);
}

/// Of a method or a target: such a value, without a blank, and not empty.
bool can_be_word(std::string_view word) {
  return !word.empty() && word.find_first_of(" \t") == std::string_view::npos && can_be_value(word);
}

bool can_be_name(std::string_view name) {
  return can_be_word(name) && name.find(':') == std::string_view::npos;
}

/// RFC 9110 §8.6: methods that say even that their content has no length.
bool means_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

Http1Session::Http1Session(Observer& observer)
    : observer_(observer), parser_(std::make_unique<Parser>(*this)) {}

Http1Session::~Http1Session() = default;

bool Http1Session::can_submit() const { return stage_ == Stage::kIdle && !gone_away_ && !over_; }

bool Http1Session::submit(Ticket ticket, const RenderedRequest& request, bool has_body) {
  if (!can_submit()) return false;
  method_ = path_ = authority_ = {};
  for (const HeaderField& header : request.headers) {
    if (!can_be_value(header.value)) return false;
    if (header.name == ":method") {
      method_ = header.value;
    } else if (header.name == ":path") {
      path_ = header.value;
    } else if (header.name == ":authority") {
      authority_ = header.value;
    } else if (!header.name.starts_with(':') && !can_be_name(header.name)) {
      return false;
    }
  }
  if (!can_be_word(method_) || !can_be_word(path_)) return false;
  stage_ = Stage::kQueued;
  ticket_ = ticket;
  request_ = &request;
  has_body_ = has_body;
  body_left_ = has_body ? request.content() : std::string_view{};
  answered_ = false;
  return true;
}

void Http1Session::cancel(Ticket ticket) {
  if (stage_ == Stage::kIdle || ticket != ticket_) return;
  // There is no taking back; what still comes would be taken for the next answer.
  stage_ = Stage::kIdle;
  request_ = nullptr;
  over_ = true;
}

void Http1Session::write_head(std::string& out) const {
  // RFC 9112 §3.2.1, §3.2: origin-form, and Host first.
  out.append(method_).append(" ").append(path_).append(" HTTP/1.1\r\nhost: ");
  out.append(authority_).append("\r\n");
  bool says_length = false;
  for (const HeaderField& header : request_->headers) {
    // We never ask for trailers or codings, so no `te` (RFC 9110 §10.1.4).
    if (header.name.starts_with(':') || header.name == "te") continue;
    says_length = says_length || header.name == "content-length";
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (!says_length && (has_body_ || means_content(method_))) {
    out.append("content-length: ").append(std::to_string(body_left_.size())).append("\r\n");
  }
  out.append("\r\n");
}

bool Http1Session::take_output(std::string& out, std::size_t enough) {
  if (over_) return true;
  if (stage_ == Stage::kQueued) {
    write_head(out);
    parser_->begin(method_ == "HEAD");
    stage_ = Stage::kSending;
  }
  if (stage_ == Stage::kSending) {
    const std::size_t room = enough > out.size() ? enough - out.size() : 0;
    const std::size_t some = std::min(room, body_left_.size());
    out.append(body_left_.substr(0, some));
    body_left_.remove_prefix(some);
    if (body_left_.empty()) stage_ = Stage::kSent;
  }
  return true;
}

bool Http1Session::receive(std::string_view bytes) {
  if (over_) return true;
  if (pending_.empty()) {
    if (!parse(bytes)) return false;
    pending_.assign(bytes);
    return true;
  }
  pending_.append(bytes);
  std::string_view rest = pending_;
  if (!parse(rest)) return false;
  pending_.erase(0, pending_.size() - rest.size());
  return true;
}

bool Http1Session::parse(std::string_view& bytes) {
  while (!bytes.empty()) {
    // Nobody asked for it, or not yet: whose answer would it be?
    if (stage_ == Stage::kIdle || stage_ == Stage::kQueued) {
      return fail("it sent more than its answers, or before it was asked");
    }
    if (!answered_) {
      answered_ = true;
      observer_.on_answer(ticket_);
    }
    const bool is_sound = over_ || parser_->put(bytes);
    if (over_) {  // Given up meanwhile.
      bytes = {};
      return true;
    }
    if (!is_sound) return fail(parser_->why());
    if (parser_->is_done()) {
      end_answer();
      if (over_) bytes = {};  // RFC 9112 §9.6: what comes after the last answer means nothing.
    } else if (parser_->needs_more()) {
      return true;
    }
  }
  return true;
}

void Http1Session::end_answer() {
  if (parser_->status() < 200) {
    parser_->again();
    return;
  }
  // RFC 9112 §9.3: who has not heard the whole request cannot tell where the next begins.
  if (!parser_->keeps_alive() || stage_ == Stage::kSending) {
    gone_away_ = true;
    over_ = true;
  }
  stage_ = Stage::kIdle;
  request_ = nullptr;
  observer_.on_end(ticket_, StreamEnd::kWhole);
}

void Http1Session::receive_end() {
  if (over_) return;
  over_ = true;
  if (stage_ == Stage::kIdle) {
    gone_away_ = true;  // A connection that has been idle for long enough (RFC 9112 §9.5).
  } else if (stage_ != Stage::kQueued && answered_ && parser_->put_end()) {
    gone_away_ = true;
    stage_ = Stage::kIdle;
    request_ = nullptr;
    observer_.on_end(ticket_, StreamEnd::kWhole);
  }
}

bool Http1Session::fail(std::string why) {
  over_ = true;
  complaint_ = "the server broke HTTP/1.1: " + std::move(why);
  return false;
}

}  // namespace squall::generators
