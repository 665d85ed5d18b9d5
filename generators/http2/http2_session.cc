// What goes out. What comes in is in http2_receive.cc.
#include "generators/http2/http2_session.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <nghttp2/nghttp2.h>

namespace squall::generators {

using namespace http2;  // NOLINT: this file is what that namespace is for

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Of a header, as RFC 9113 §6.5.2 counts; http2_receive.cc holds the server to it.
constexpr std::uint32_t kHeaderListSize = 256 * 1024;
// Queues longer than this give their memory back when they are empty.
constexpr std::size_t kWorthFreeing = 16 * 1024;

std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

bool is_head(const RenderedRequest& request) {
  return !request.headers.empty() && request.headers.front().value == "HEAD";
}

}  // namespace

struct Http2Session::Callbacks {
  static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }

  /// The stream of `id`, when it has not been given up.
  static Stream* find(nghttp2_session* session, std::int32_t id, void* user, Ticket& ticket) {
    const void* data = nghttp2_session_get_stream_user_data(session, id);
    if (data == nullptr) return nullptr;
    ticket = static_cast<Ticket>(reinterpret_cast<std::uintptr_t>(data) - 1);  // NOLINT
    Stream* stream = self(user).find(ticket);
    return stream != nullptr && stream->id == id ? stream : nullptr;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Ticket ticket = 0;
    Stream* stream = find(session, frame->hd.stream_id, user, ticket);
    if (stream != nullptr && !stream->answered) {
      stream->answered = true;
      self(user).observer_.on_answer(ticket);
    }
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t /*flags*/, void* user) {
    Ticket ticket = 0;
    if (find(session, frame->hd.stream_id, user, ticket) == nullptr) return 0;
    const std::string_view key = to_view(name, name_size);
    const std::string_view text = to_view(value, value_size);
    if (key == ":status") {
      self(user).observer_.on_status(ticket, parse_status(text));
    } else {
      self(user).observer_.on_header(ticket, key, text);
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id,
                     const std::uint8_t* bytes, std::size_t size, void* user) {
    Ticket ticket = 0;
    if (find(session, id, user, ticket) != nullptr) {
      self(user).observer_.on_body(ticket, to_view(bytes, size));
    }
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Session& me = self(user);
    Ticket ticket = 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          if (Stream* stream = find(session, frame->hd.stream_id, user, ticket)) {
            stream->whole = true;
          }
        }
        break;
      case NGHTTP2_RST_STREAM:
        if (Stream* stream = find(session, frame->hd.stream_id, user, ticket)) {
          stream->peer_reset = true;
        }
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) me.confirmed_ = true;
        break;
      case NGHTTP2_GOAWAY:
        me.gone_away_ = true;
        me.last_taken_ = frame->goaway.last_stream_id;
        break;
      default:
        break;
    }
    return 0;
  }

  static int on_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user) {
    Http2Session& me = self(user);
    if (me.open_streams_ > 0) --me.open_streams_;
    Ticket ticket = 0;
    Stream* stream = find(session, id, user, ticket);
    if (stream == nullptr) return 0;
    const Stream ended = *stream;
    *stream = Stream{};
    StreamEnd end = StreamEnd::kProtocol;  // Nobody else reset it: nghttp2 did.
    if (ended.whole) {
      end = StreamEnd::kWhole;
    } else if (ended.peer_reset) {
      end = error == NGHTTP2_REFUSED_STREAM ? StreamEnd::kRefused : StreamEnd::kReset;
    } else if (me.gone_away_ && (id > me.last_taken_ || ended.unsent)) {
      end = StreamEnd::kGoaway;
    }
    me.observer_.on_end(ticket, end);
    return 0;
  }

  static int on_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int /*error*/,
                         void* user) {
    Ticket ticket = 0;
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (Stream* stream = find(session, frame->hd.stream_id, user, ticket)) stream->unsent = true;
    return 0;
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* /*source*/,
                           void* user) {
    Ticket ticket = 0;
    Stream* stream = find(session, id, user, ticket);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t some = std::min(size, stream->body_left.size());
    if (some > 0) std::memcpy(buffer, stream->body_left.data(), some);
    stream->body_left.remove_prefix(some);
    if (stream->body_left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(some);
  }

  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const kTable = [] {
      nghttp2_session_callbacks* made = nullptr;
      if (nghttp2_session_callbacks_new(&made) != 0) std::abort();  // Out of memory.
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, on_header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_not_sent);
      return made;
    }();
    return kTable;
  }
};

Http2Session::Http2Session(Observer& observer) : observer_(observer) {
  if (nghttp2_hd_inflate_new(&inflater_) != 0) std::abort();  // Out of memory.
  output_ = kPreface;
  put_head(output_, 18, FrameType::kSettings, 0, 0);
  put_setting(output_, Setting::kEnablePush, 0);
  put_setting(output_, Setting::kInitialWindowSize, static_cast<std::uint32_t>(kMost31Bits));
  put_setting(output_, Setting::kMaxHeaderListSize, kHeaderListSize);
  put_number_frame(output_, FrameType::kWindowUpdate, 0,
                   static_cast<std::uint32_t>(kMost31Bits - kFirstWindow));
}

Http2Session::~Http2Session() { nghttp2_hd_inflate_del(inflater_); }

Http2Session::Stream* Http2Session::find(Ticket ticket) {
  if (ticket >= streams_.size() || streams_[ticket].id == 0) return nullptr;
  return &streams_[ticket];
}

bool Http2Session::can_submit() const {
  return !failed_ && !gone_away_ && !said_goodbye_ && next_id_ > 0 && numbers_.size() < peer_limit_;
}

bool Http2Session::submit(Ticket ticket, const RenderedRequest& request, bool has_body) {
  if (!can_submit()) return false;
  std::string_view block = encoder_.encode(request.headers);
  if (block.empty()) return false;  // Out of memory.
  if (ticket >= streams_.size()) streams_.resize(ticket + 1);
  Stream& stream = streams_[ticket];
  stream = Stream{};
  stream.id = next_id_;
  // The last number is 2^31 - 1 (RFC 9113 §5.1.1).
  next_id_ = stream.id < kMost31Bits - 1 ? stream.id + 2 : -1;
  stream.rules = AnswerRules(is_head(request));
  stream.send_window = first_send_window_;
  stream.receive_window = kMost31Bits;
  stream.body_left = has_body ? std::string_view(request.body) : std::string_view();
  stream.has_sent = stream.body_left.empty();
  if (first_queued_ == 0) first_queued_ = stream.id;
  numbers_.add(stream.id, ticket);

  const std::uint8_t end_stream = stream.has_sent ? kFlagEndStream : 0;
  FrameType type = FrameType::kHeaders;
  for (;;) {  // A long header goes on in CONTINUATION frames (RFC 9113 §6.10).
    const std::string_view piece = block.substr(0, kFrameSize);
    block.remove_prefix(piece.size());
    const std::uint8_t end_headers = block.empty() ? kFlagEndHeaders : 0;
    const std::uint8_t flags = type == FrameType::kHeaders
                                   ? static_cast<std::uint8_t>(end_headers | end_stream)
                                   : end_headers;
    put_head(requests_, piece.size(), type, flags, stream.id);
    requests_ += piece;
    if (block.empty()) break;
    type = FrameType::kContinuation;
  }
  if (!stream.has_sent) queue_body(stream.id);
  return true;
}

void Http2Session::cancel(Ticket ticket) {
  Stream* stream = find(ticket);
  if (stream == nullptr) return;
  const bool is_queued = first_queued_ != 0 && stream->id >= first_queued_;
  put_number_frame(is_queued ? requests_ : output_, FrameType::kRstStream, stream->id,
                   static_cast<std::uint32_t>(ErrorCode::kCancel));
  numbers_.remove(std::exchange(stream->id, 0));
}

void Http2Session::queue_body(std::int32_t id) {
  if (std::find(uploads_.begin(), uploads_.end(), id) == uploads_.end()) uploads_.push_back(id);
}

bool Http2Session::take_output(std::string& out, std::size_t enough) {
  for (std::string* queue : {&output_, &requests_}) {
    if (out.empty()) {
      out.swap(*queue);
    } else {
      out += *queue;
    }
    queue->clear();
    if (queue->capacity() > kWorthFreeing) queue->shrink_to_fit();
  }
  first_queued_ = 0;
  acknowledgements_ = 0;
  if (!failed_ && !uploads_.empty()) put_bodies(out, enough);
  return true;
}

/// The bodies take turns, a frame each.
void Http2Session::put_bodies(std::string& out, std::size_t enough) {
  while (!uploads_.empty() && send_window_ > 0 && out.size() < enough) {
    std::vector<std::int32_t> round;
    round.swap(uploads_);
    for (std::size_t i = 0; i < round.size(); ++i) {
      if (send_window_ <= 0 || out.size() >= enough) {
        uploads_.insert(uploads_.begin(), round.begin() + static_cast<std::ptrdiff_t>(i),
                        round.end());
        return;
      }
      Ticket ticket = 0;
      Stream* stream = find_stream(round[i], ticket);
      if (stream != nullptr && put_data(out, ticket, *stream)) uploads_.push_back(round[i]);
    }
  }
}

/// True when there is more that may follow now. What waits for its stream's window comes back by a
/// WINDOW_UPDATE.
bool Http2Session::put_data(std::string& out, Ticket ticket, Stream& stream) {
  const std::int64_t window = std::min(send_window_, stream.send_window);
  if (window <= 0) return false;
  const std::size_t some =
      std::min({kFrameSize, static_cast<std::size_t>(window), stream.body_left.size()});
  const bool is_last = some == stream.body_left.size();
  put_head(out, some, FrameType::kData, is_last ? kFlagEndStream : 0, stream.id);
  out += stream.body_left.substr(0, some);
  stream.body_left.remove_prefix(some);
  send_window_ -= signed_size(some);
  stream.send_window -= signed_size(some);
  if (!is_last) return stream.send_window > 0;
  stream.has_sent = true;
  if (stream.whole) finish(ticket, StreamEnd::kWhole);
  return false;
}

void Http2Session::say_goodbye() {
  if (failed_ || std::exchange(said_goodbye_, true)) return;
  put_head(output_, 8, FrameType::kGoaway, 0, 0);
  put_number(output_, 0);
  put_number(output_, static_cast<std::uint32_t>(ErrorCode::kNoError));
}

bool Http2Session::is_over() const {
  if (!output_.empty() || !requests_.empty()) return false;
  return failed_ || ((gone_away_ || said_goodbye_) && numbers_.size() == 0);
}

}  // namespace squall::generators
