#include "generators/http2/http2_session.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <nghttp2/nghttp2.h>

namespace squall::generators {
namespace {

// As large as a window can be (RFC 9113 §6.9.1): a load generator reads whatever comes.
constexpr std::int32_t kWindow = 0x7fffffff;
// More is an attack (RFC 9113 §10.5.1): a block of 12 KB can unfold to 32 MB.
constexpr std::size_t kMostHeaderBytes = 1 << 20;
constexpr std::uint32_t kStreamsUntilSaid = 100;  // What RFC 9113 §6.5.2 recommends as the least.

// A stream knows its ticket by nghttp2's user data; 0 is "given up".
void* to_user_data(ClientSession::Ticket ticket) {
  return reinterpret_cast<void*>(std::uintptr_t{ticket} + 1);  // NOLINT: nghttp2's interface
}

int parse_status(std::string_view text) {
  int status = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || status > 99) return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

std::string_view to_view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};  // NOLINT: nghttp2's interface
}

nghttp2_nv to_field(const HeaderField& header) {
  // NOLINTBEGIN: nghttp2 does not write through these.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.value.data())),
          header.name.size(), header.value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
  // NOLINTEND
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
    Stream* stream = find(session, frame->hd.stream_id, user, ticket);
    if (stream == nullptr) return 0;
    stream->header_bytes += static_cast<std::uint32_t>(name_size + value_size);
    // nghttp2 resets the stream then, and calls no more for the rest of the block.
    if (stream->header_bytes > kMostHeaderBytes) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
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
    } else if (me.gone_away_ && id > me.last_taken_) {
      end = StreamEnd::kGoaway;
    }
    me.observer_.on_end(ticket, end);
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
      return made;
    }();
    return kTable;
  }
};

Http2Session::Http2Session(Observer& observer) : observer_(observer) {
  nghttp2_option* options = nullptr;
  if (nghttp2_option_new(&options) != 0) std::abort();  // Out of memory.
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_peer_max_concurrent_streams(options, kStreamsUntilSaid);
  const int made = nghttp2_session_client_new2(&session_, Callbacks::table(), this, options);
  nghttp2_option_del(options);
  if (made != 0) std::abort();  // Out of memory.
  const std::array<nghttp2_settings_entry, 2> settings{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, std::uint32_t{kWindow}}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

Http2Session::Stream* Http2Session::find(Ticket ticket) {
  if (ticket >= streams_.size() || streams_[ticket].id == 0) return nullptr;
  return &streams_[ticket];
}

std::size_t Http2Session::peer_limit() const {
  if (!confirmed_) return kStreamsUntilSaid;
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool Http2Session::can_submit() const {
  return !gone_away_ && open_streams_ < peer_limit() &&
         nghttp2_session_check_request_allowed(session_) != 0;
}

bool Http2Session::submit(Ticket ticket, const RenderedRequest& request, bool has_body) {
  if (!can_submit()) return false;
  if (ticket >= streams_.size()) streams_.resize(ticket + 1);
  thread_local std::vector<nghttp2_nv> fields;
  fields.clear();
  std::transform(request.headers.begin(), request.headers.end(), std::back_inserter(fields),
                 to_field);
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::read_body;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 has_body ? &body : nullptr, to_user_data(ticket));
  if (id < 0) return false;  // Out of stream numbers, or of memory.
  Stream stream;
  stream.id = id;
  stream.body_left = request.content();
  streams_[ticket] = stream;
  ++open_streams_;
  return true;
}

void Http2Session::cancel(Ticket ticket) {
  Stream* stream = find(ticket);
  if (stream == nullptr) return;
  nghttp2_session_set_stream_user_data(session_, stream->id, nullptr);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
  *stream = Stream{};
}

bool Http2Session::receive(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());  // NOLINT
  return nghttp2_session_mem_recv(session_, data, bytes.size()) >= 0;
}

bool Http2Session::take_output(std::string& out, std::size_t enough) {
  while (out.size() < enough) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) return false;
    if (size == 0) return true;
    out.append(to_view(data, static_cast<std::size_t>(size)));
  }
  return true;
}

void Http2Session::say_goodbye() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
}

bool Http2Session::is_over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace squall::generators
