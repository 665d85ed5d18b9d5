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
// Queues longer than this give their memory back when they are empty.
constexpr std::size_t kWorthFreeing = 16 * 1024;

std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

bool is_head(const RenderedRequest& request) {
  return !request.headers.empty() && request.headers.front().value == "HEAD";
}

}  // namespace

Http2Session::Http2Session(Observer& observer, std::int32_t first_stream)
    : observer_(observer), next_id_(first_stream) {
  if (nghttp2_hd_inflate_new(&inflater_) != 0) std::abort();  // Out of memory.
  output_ = kPreface;
  put_head(output_, 18, FrameType::kSettings, 0, 0);
  put_setting(output_, Setting::kEnablePush, 0);
  put_setting(output_, Setting::kInitialWindowSize, static_cast<std::uint32_t>(kMost31Bits));
  put_setting(output_, Setting::kMaxHeaderListSize, static_cast<std::uint32_t>(kHeaderListSize));
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
  stream.body_left = has_body ? request.content() : std::string_view();
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
  forget(*stream);
}

void Http2Session::forget(Stream& stream) {
  if (!stream.has_sent) std::erase(uploads_, stream.id);
  numbers_.remove(std::exchange(stream.id, 0));
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
