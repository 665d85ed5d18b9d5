#include "generators/target/http2_server_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "generators/target/behaviour.h"

namespace squall::generators {
namespace {

constexpr std::size_t kKeptBodies = 1 << 20;  // Of all admin requests of a connection together.
constexpr std::uint32_t kStreamWindow = 256 * 1024;
constexpr std::int32_t kConnectionWindow = 16 * 1024 * 1024;

nghttp2_nv header(std::string_view name, std::string_view value, std::uint8_t flags) {
  // nghttp2 takes pointers to mutable bytes and does not write to them.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), flags};
}

}  // namespace

/// One request and its answer.
struct Http2ServerSession::Stream {
  std::int32_t number = 0;
  bool is_open = false;
  bool is_head = false;
  bool is_complete = false;
  bool is_answered = false;
  bool keeps_body = false;
  bool is_body_complete = true;
  std::size_t header_bytes = 0;
  std::uint64_t place = 0;
  std::string method;
  std::string path;
  std::string kept_body;
  std::string text;        // The answer's body, if it is not the repeating text.
  std::uint64_t sent = 0;  // Bytes of the answer's body.
  std::uint64_t length = 0;

  /// Ready for another request; the strings keep their memory, unless it is much.
  void clear() {
    const auto empty = [](std::string& each) {
      if (each.capacity() > 512) each = {};
      each.clear();
    };
    number = 0;
    is_open = is_head = is_complete = is_answered = keeps_body = false;
    is_body_complete = true;
    header_bytes = 0;
    place = sent = length = 0;
    for (std::string* each : {&method, &path, &kept_body, &text}) empty(*each);
  }
};

/// What nghttp2 calls; `user` is always the session.
struct Http2ServerSession::Callbacks {
  static Http2ServerSession& of(void* user) { return *static_cast<Http2ServerSession*>(user); }
  static Stream* stream_of(nghttp2_session* session, std::int32_t number) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, number));
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Stream& stream = of(user).open_stream(frame->hd.stream_id);
    return nghttp2_session_set_stream_user_data(session, stream.number, &stream);
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_length, const std::uint8_t* value,
                       std::size_t value_length, std::uint8_t /*flags*/, void* user) {
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    // RFC 9113 §6.5.2: a field counts 32 bytes more than its name and value. Trailers count, too.
    stream->header_bytes += name_length + value_length + 32;
    if (stream->header_bytes > kMostHeaderBytes) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    const auto is = [&](std::string_view wanted) {
      return name_length == wanted.size() && std::memcmp(name, wanted.data(), name_length) == 0;
    };
    const std::string_view text(reinterpret_cast<const char*>(value), value_length);
    if (is(":path")) {
      stream->path.assign(text.substr(0, kKeptPath));
      stream->keeps_body = of(user).keeps_admin_bodies_ && text.starts_with(kAdminPrefix);
    } else if (is(":method")) {
      stream->method.assign(text.substr(0, 32));
      stream->is_head = text == "HEAD";
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t number,
                     const std::uint8_t* data, std::size_t length, void* user) {
    Http2ServerSession& self = of(user);
    self.body_bytes_received_ += length;
    Stream* const stream = stream_of(session, number);
    if (stream == nullptr || !stream->keeps_body || !stream->is_body_complete) return 0;
    if (stream->kept_body.size() + length > kKeptBody ||
        self.kept_body_bytes_ + length > kKeptBodies) {
      stream->is_body_complete = false;
      return 0;
    }
    stream->kept_body.append(reinterpret_cast<const char*>(data), length);
    self.kept_body_bytes_ += length;
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const bool can_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!can_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    if (Stream* const stream = stream_of(session, frame->hd.stream_id)) of(user).complete(*stream);
    return 0;
  }

  static int on_close(nghttp2_session* session, std::int32_t number, std::uint32_t /*code*/,
                      void* user) {
    if (Stream* const stream = stream_of(session, number)) {
      nghttp2_session_set_stream_user_data(session, number, nullptr);
      of(user).close_stream(*stream);
    }
    return 0;
  }

  static ssize_t read_body(nghttp2_session* /*session*/, std::int32_t /*number*/,
                           std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                           nghttp2_data_source* source, void* /*user*/) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const auto part =
        static_cast<std::size_t>(std::min<std::uint64_t>(room, stream.length - stream.sent));
    if (stream.text.empty()) {
      fill_body({into, part}, stream.sent);
    } else {
      std::memcpy(into, stream.text.data() + stream.sent, part);
    }
    stream.sent += part;
    if (stream.sent == stream.length) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part);
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* const kAll = [] {
      nghttp2_session_callbacks* made = nullptr;
      if (nghttp2_session_callbacks_new(&made) != 0) return made;
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, on_header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
      return made;
    }();
    return kAll;
  }
};

Http2ServerSession::Http2ServerSession(Handler& handler, bool keeps_admin_bodies)
    : handler_(handler), keeps_admin_bodies_(keeps_admin_bodies) {}

Result<std::unique_ptr<Http2ServerSession>> Http2ServerSession::make(Handler& handler,
                                                                     bool keeps_admin_bodies) {
  std::unique_ptr<Http2ServerSession> made(new Http2ServerSession(handler, keeps_admin_bodies));
  nghttp2_option* option = nullptr;
  if (Callbacks::all() == nullptr || nghttp2_option_new(&option) != 0) {
    return error(std::errc::not_enough_memory, "HTTP/2 session");
  }
  nghttp2_option_set_no_closed_streams(option, 1);
  const int code =
      nghttp2_session_server_new2(&made->session_, Callbacks::all(), made.get(), option);
  nghttp2_option_del(option);
  if (code != 0) return error(std::errc::not_enough_memory, "HTTP/2 session");
  const std::array<nghttp2_settings_entry, 3> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMostStreams},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMostHeaderBytes}}};
  if (nghttp2_submit_settings(made->session_, NGHTTP2_FLAG_NONE, settings.data(),
                              settings.size()) != 0 ||
      nghttp2_session_set_local_window_size(made->session_, NGHTTP2_FLAG_NONE, 0,
                                            kConnectionWindow) != 0) {
    return error(std::errc::not_enough_memory, "HTTP/2 settings");
  }
  return made;
}

Http2ServerSession::~Http2ServerSession() {
  nghttp2_session_del(session_);  // Does not call on_close.
  for (const auto& stream : streams_) {
    if (stream->is_open) close_stream(*stream);
  }
}

bool Http2ServerSession::receive(std::span<const std::uint8_t> bytes) {
  if (is_broken_) return false;
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  is_broken_ = taken < 0;
  return !is_broken_;
}

void Http2ServerSession::pull(std::vector<std::uint8_t>& into, std::size_t enough) {
  while (into.size() < enough) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t length = nghttp2_session_mem_send(session_, &bytes);
    if (length < 0) is_broken_ = true;
    if (length <= 0) return;
    into.insert(into.end(), bytes, bytes + length);
  }
}

bool Http2ServerSession::is_done() const {
  return is_broken_ ||
         (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

bool Http2ServerSession::answer(std::int32_t stream, int status, Bytes body) {
  Stream* const open = unanswered(stream);
  return open != nullptr && submit(*open, status, "text/plain", body.count);
}

bool Http2ServerSession::answer(std::int32_t stream, int status, std::string_view type,
                                std::string body) {
  Stream* const open = unanswered(stream);
  if (open == nullptr) return false;
  open->text = std::move(body);
  return submit(*open, status, type, open->text.size());
}

bool Http2ServerSession::reset(std::int32_t stream) {
  Stream* const open = unanswered(stream);
  if (open == nullptr) return false;
  open->is_answered = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_INTERNAL_ERROR);
  return true;
}

void Http2ServerSession::wait_at(std::int32_t stream, std::uint64_t place) {
  if (Stream* const open = unanswered(stream)) open->place = place;
}

void Http2ServerSession::go_away() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

Http2ServerSession::Stream& Http2ServerSession::open_stream(std::int32_t number) {
  if (free_.empty()) {
    streams_.push_back(std::make_unique<Stream>());
    free_.reserve(streams_.capacity());  // close_stream() never allocates.
    free_.push_back(streams_.back().get());
  }
  Stream& stream = *free_.back();
  free_.pop_back();
  stream.number = number;
  stream.is_open = true;
  return stream;
}

void Http2ServerSession::close_stream(Stream& stream) {
  kept_body_bytes_ -= stream.kept_body.size();
  const std::uint64_t place = stream.is_answered ? 0 : stream.place;
  stream.clear();
  free_.push_back(&stream);
  if (place != 0) handler_.on_abandoned(place);
}

void Http2ServerSession::complete(Stream& stream) {
  if (stream.is_complete) return;
  stream.is_complete = true;
  handler_.on_request(*this, {.stream = stream.number,
                              .method = stream.method,
                              .path = stream.path,
                              .body = stream.kept_body,
                              .is_body_complete = stream.is_body_complete});
}

Http2ServerSession::Stream* Http2ServerSession::unanswered(std::int32_t stream) const {
  auto* const open = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, stream));
  return open == nullptr || open->is_answered ? nullptr : open;
}

bool Http2ServerSession::submit(Stream& stream, int status, std::string_view type,
                                std::uint64_t length) {
  std::array<char, 4> status_text{};
  std::to_chars(status_text.data(), status_text.data() + status_text.size(), status);
  std::array<char, 24> length_text{};
  const char* const length_end =
      std::to_chars(length_text.data(), length_text.data() + length_text.size(), length).ptr;
  const std::string_view length_digits(length_text.data(),
                                       static_cast<std::size_t>(length_end - length_text.data()));
  // RFC 9110 §8.6: no content-length with 204; with 304 it would be that of the 200. A body that
  // changes in length from answer to answer must not fill the client's compression table.
  constexpr std::uint8_t kStatic = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  const bool has_body = status != 204 && status != 304;
  std::array<nghttp2_nv, 5> headers{
      header(":status", {status_text.data(), 3}, NGHTTP2_NV_FLAG_NO_COPY_NAME),
      header("server", "squall-target", kStatic)};
  std::size_t count = 2;
  if (!alternative().empty()) headers.at(count++) = header("alt-svc", alternative(), kStatic);
  if (has_body) {
    headers.at(count++) = header("content-length", length_digits, NGHTTP2_NV_FLAG_NO_COPY_NAME);
    headers.at(count++) = header("content-type", type, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  stream.is_answered = true;
  stream.length = length;
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_body;
  const bool sends_body = has_body && length > 0 && !stream.is_head;
  return nghttp2_submit_response(session_, stream.number, headers.data(), count,
                                 sends_body ? &provider : nullptr) == 0;
}

}  // namespace squall::generators
