// Requests and answers. How the connection begins, moves datagrams and ends is in
// http3_connection.cc, its path and keys in http3_path.cc, what the libraries call in
// http3_callbacks.cc.
#include "generators/http3/http3_session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "generators/http3/http3_private.h"
#include "generators/http3/quic_errors.h"

namespace squall::generators {
namespace {

/// Safe requests (RFC 9110 §9.2.1) may be sent in what an attacker can repeat (RFC 8470 §4).
bool is_safe(const RenderedRequest& request) {
  for (const HeaderField& field : request.headers) {
    if (field.name != ":method") continue;
    return field.value == "GET" || field.value == "HEAD" || field.value == "OPTIONS";
  }
  return false;
}

}  // namespace

Http3Session::Http3Session() : private_(std::make_unique<Private>()) {}
Http3Session::~Http3Session() = default;

bool Http3Session::can_submit() const {
  return http_ != nullptr && (established_ || early_) && !gone_away_ &&
         end_.kind == SessionEnd::Kind::kNone && ngtcp2_conn_get_streams_bidi_left(quic_) > 0;
}

bool Http3Session::has_left_in_good_order() const {
  const bool is_no_error =
      end_.kind == SessionEnd::Kind::kNone || end_.kind == SessionEnd::Kind::kGoodbye ||
      (end_.kind == SessionEnd::Kind::kProtocol && end_.by_peer &&
       end_.code == NGHTTP3_H3_NO_ERROR) ||
      (end_.kind == SessionEnd::Kind::kTransport && end_.by_peer && end_.code == NGTCP2_NO_ERROR);
  return gone_away_ && is_no_error;
}

Http3Session::Stream* Http3Session::find(Ticket ticket) const {
  return ticket < tickets_.size() ? tickets_[ticket] : nullptr;
}

Http3Session::Stream& Http3Session::take_idle() {
  if (idle_streams_.empty()) {
    idle_streams_.push_back(streams_.emplace_back(std::make_unique<Stream>()).get());
  }
  Stream& stream = *idle_streams_.back();
  idle_streams_.pop_back();
  stream.id = -1;
  stream.has_ticket = stream.answered = stream.whole = stream.early = stream.refused = false;
  return stream;
}

bool Http3Session::submit(Ticket ticket, const RenderedRequest& request, bool has_body) {
  if (!can_submit()) return false;
  Stream& stream = take_idle();
  stream.ticket = ticket;
  stream.request = &request;
  const std::string_view content = has_body ? request.content() : std::string_view();
  stream.has_sent = content.empty();
  if (request.shared.data() != nullptr) {
    stream.body_left = content;
  } else {
    stream.body = content;
    stream.body_left = stream.body;
  }
  const bool is_held = !established_ && !(stream.has_sent && is_safe(request));
  if (is_held) {
    held_.push_back(&stream);
  } else if (!start(stream)) {
    return false;
  }
  stream.has_ticket = true;
  if (ticket >= tickets_.size()) tickets_.resize(ticket + 1);
  tickets_[ticket] = &stream;
  ++open_streams_;
  if (!stream.has_sent) uploads_.push_back(&stream);
  return true;
}

/// Opens a stream for its request. When that fails it is idle again.
bool Http3Session::start(Stream& stream) {
  if (ngtcp2_conn_open_bidi_stream(quic_, &stream.id, &stream) != 0) {
    stream.id = -1;
    idle_streams_.push_back(&stream);
    return false;
  }
  stream.header_size = 0;
  stream.early = !established_;
  static thread_local std::vector<nghttp3_nv> fields;
  fields.clear();
  for (const HeaderField& field : stream.request->headers) {
    const auto bytes = [](const std::string& text) {  // nghttp3 does not write to them.
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // NOLINT
    };
    fields.push_back({bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
                      NGHTTP3_NV_FLAG_NO_COPY_NAME | NGHTTP3_NV_FLAG_NO_COPY_VALUE});
  }
  const nghttp3_data_reader reader{Callbacks::read_body};
  if (nghttp3_conn_submit_request(http_, stream.id, fields.data(), fields.size(),
                                  stream.has_sent ? nullptr : &reader, &stream) != 0) {
    // It is idle again when QUIC has closed it.
    ngtcp2_conn_shutdown_stream(quic_, 0, stream.id, NGHTTP3_H3_INTERNAL_ERROR);
    return false;
  }
  if (stream.early) ++early_data_.sent;
  return true;
}

/// The handshake is done: what waited for that may go.
void Http3Session::start_held() {
  for (Stream* stream : std::exchange(held_, {})) {
    // One that was cancelled on the way may even have been used again.
    if (!stream->has_ticket || stream->id >= 0) continue;
    const Ticket ticket = stream->ticket;
    stream->has_ticket = false;  // While it is started, and where that fails.
    if (start(*stream)) {
      stream->has_ticket = true;
      continue;
    }
    tickets_[ticket] = nullptr;
    --open_streams_;
    if (!stream->has_sent) std::erase(uploads_, stream);
    observer_->on_end(ticket, StreamEnd::kRefused);  // The server takes fewer than before.
  }
}

/// The request was answered with 425: it goes again, when the handshake is done (RFC 8470 §5.2).
void Http3Session::hold_again(Stream& stream) {
  ++early_data_.refused;
  stream.has_ticket = false;
  Stream& again = take_idle();
  again.ticket = stream.ticket;
  again.request = stream.request;
  again.has_sent = true;  // What is sent early has no body.
  again.has_ticket = true;
  tickets_[again.ticket] = &again;
  held_.push_back(&again);
}

/// The server took nothing of what was sent early: HTTP/3 begins anew (RFC 9001 §4.6.2).
bool Http3Session::take_early_data_back() {
  if (ngtcp2_conn_tls_early_data_rejected(quic_) != 0) return false;
  early_data_.rejected += early_data_.sent;
  private_->http.reset();
  http_ = nullptr;
  if (!set_up_http()) return false;
  to_reset_.clear();
  std::vector<Stream*> again;
  for (const auto& stream : streams_) {
    if (stream->id < 0) continue;
    if (stream->has_ticket) {
      again.push_back(stream.get());
    } else {
      forget(*stream);
    }
  }
  std::sort(again.begin(), again.end(),
            [](const Stream* one, const Stream* other) { return one->id < other->id; });
  for (Stream* stream : again) {
    stream->id = -1;
    stream->answered = stream->early = false;
  }
  held_.insert(held_.begin(), again.begin(), again.end());
  return true;
}

bool Http3Session::went_early(Ticket ticket) const {
  const Stream* stream = find(ticket);
  return stream != nullptr && stream->early;
}

void Http3Session::cancel(Ticket ticket) {
  Stream* stream = find(ticket);
  if (stream == nullptr) return;
  release(*stream);
  if (stream->id < 0) {  // It has not been started.
    std::erase(held_, stream);
    forget(*stream);
    return;
  }
  // At once, as the header of what has not been sent lies with the caller.
  nghttp3_conn_shutdown_stream_write(http_, stream->id);
  reset_later(*stream);
}

/// What is given up is told when there is output: this may be within a callback.
void Http3Session::reset_queued() {
  for (const std::int64_t id : std::exchange(to_reset_, {})) {
    ngtcp2_conn_shutdown_stream(quic_, 0, id, NGHTTP3_H3_REQUEST_CANCELLED);
  }
}

void Http3Session::reset_later(const Stream& stream) { to_reset_.push_back(stream.id); }

/// Its request has ended.
void Http3Session::release(Stream& stream) {
  stream.has_ticket = false;
  tickets_[stream.ticket] = nullptr;
  --open_streams_;
  if (!stream.has_sent) std::erase(uploads_, &stream);
}

void Http3Session::finish(Stream& stream, StreamEnd end) {
  if (!stream.has_ticket) return;
  release(stream);
  observer_->on_end(stream.ticket, end);
}

void Http3Session::break_off(Stream& stream, std::uint64_t code) {
  if (!stream.has_ticket) return;
  stream_trouble_ = "an answer was not as it must be: " + http3_error_text(code);
  breaks_.push_back({http3_error_name(code), code, false, true, false});
  finish(stream, StreamEnd::kProtocol);
}

/// QUIC has closed the stream.
void Http3Session::forget(Stream& stream) {
  finish(stream, stream.whole ? StreamEnd::kWhole : StreamEnd::kReset);
  stream.id = -1;
  stream.body_left = {};
  if (stream.body.capacity() > kWorthFreeing) std::string().swap(stream.body);
  idle_streams_.push_back(&stream);
}

void Http3Session::on_header(Stream& stream, std::string_view name, std::string_view value) {
  if (!stream.has_ticket) return;
  if (name != ":status") {
    if (!stream.refused) observer_->on_header(stream.ticket, name, value);
    return;
  }
  constexpr int kTooEarly = 425;
  int status = 0;  // Three digits: nghttp3 has seen to it.
  std::from_chars(value.data(), value.data() + value.size(), status);
  stream.refused = stream.early && status == kTooEarly;
  if (stream.refused) return;
  if (!std::exchange(stream.answered, true)) observer_->on_answer(stream.ticket);
  observer_->on_status(stream.ticket, status);
}

void Http3Session::on_answer_whole(Stream& stream) {
  if (stream.refused && stream.has_ticket) {
    hold_again(stream);
    return;
  }
  if (stream.has_sent) {
    finish(stream, StreamEnd::kWhole);
  } else {
    stream.whole = true;  // The server answered before it had heard all of the request.
  }
}

/// All of a request has been sent, or no more of it is wanted.
void Http3Session::on_sent(std::int64_t id) {
  const auto found = std::find_if(uploads_.begin(), uploads_.end(),
                                  [id](const Stream* stream) { return stream->id == id; });
  if (found == uploads_.end()) return;
  Stream& stream = **found;
  stream.has_sent = true;
  uploads_.erase(found);
  if (stream.whole) sent_late_.push_back(&stream);
}

/// `first_unprocessed`: that request and all later ones the server will not look at.
void Http3Session::on_goaway(std::int64_t first_unprocessed) {
  gone_away_ = true;
  std::vector<Stream*> lost;
  for (Stream* stream : tickets_) {
    if (stream == nullptr) continue;
    if (stream->id < 0 || stream->id >= first_unprocessed) lost.push_back(stream);
  }
  for (Stream* stream : lost) {
    if (!stream->has_ticket) continue;
    const Ticket ticket = stream->ticket;
    cancel(ticket);
    observer_->on_end(ticket, StreamEnd::kGoaway);
  }
}

}  // namespace squall::generators
