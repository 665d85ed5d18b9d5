// What comes in: frame by frame. Connection errors and stream errors are those of RFC 9113 §5.4.
#include <algorithm>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "generators/http2/http2_session.h"

namespace squall::generators {

using namespace http2;  // NOLINT: this file is what that namespace is for

namespace {

// A header of kHeaderListSize fits into 16 of them, where each is as full as can be.
constexpr int kMostContinuations = 64;
constexpr int kMostAcknowledgements = 1000;
constexpr std::size_t kMostSettings = 32;  // In a frame: five times as many as there are.

std::string_view to_view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};  // NOLINT: nghttp2's interface
}

/// Takes padding off (RFC 9113 §6.1). False when there is more of it than of the frame.
bool take_padding(const FrameHead& head, std::string_view& payload) {
  if (!head.has(kFlagPadded)) return true;
  if (payload.empty()) return false;
  const std::size_t padding = byte_at(payload, 0);
  payload.remove_prefix(1);
  if (padding > payload.size()) return false;
  payload.remove_suffix(padding);
  return true;
}

}  // namespace

bool Http2Session::receive(std::string_view bytes) {
  while (!failed_ && !bytes.empty()) {
    if (partial_.empty() && bytes.size() >= kFrameHeadSize) {
      const FrameHead head = read_head(bytes);
      const std::size_t size = kFrameHeadSize + head.length;
      if (head.length <= kFrameSize && bytes.size() >= size) {  // Whole: no copy.
        on_frame(head, bytes.substr(kFrameHeadSize, head.length));
        bytes.remove_prefix(size);
        continue;
      }
    }
    const bool has_head = partial_.size() >= kFrameHeadSize;
    const std::size_t size =
        has_head ? kFrameHeadSize + read_head(partial_).length : kFrameHeadSize;
    const std::size_t some = std::min(size - partial_.size(), bytes.size());
    partial_ += bytes.substr(0, some);
    bytes.remove_prefix(some);
    if (partial_.size() < size) break;
    const FrameHead head = read_head(partial_);
    if (head.length > kFrameSize) {
      at_ = head;
      fail(ErrorCode::kFrameSizeError);
    } else if (has_head || head.length == 0) {
      const std::string frame = std::exchange(partial_, {});
      on_frame(head, std::string_view(frame).substr(kFrameHeadSize));
    }
  }
  return !flooded_;
}

bool Http2Session::on_frame(const FrameHead& head, std::string_view payload) {
  at_ = head;
  // RFC 9113 §3.4: SETTINGS come first; §6.10: nothing comes between the parts of a header.
  if (!confirmed_ && (head.type != FrameType::kSettings || head.has(kFlagAck))) {
    return fail(ErrorCode::kProtocolError);
  }
  if (block_.stream != 0 && head.type != FrameType::kContinuation) {
    return fail(ErrorCode::kProtocolError);
  }
  switch (head.type) {
    case FrameType::kData:
      return on_data(head, payload);
    case FrameType::kHeaders:
      return on_headers(head, payload);
    case FrameType::kContinuation:
      return on_continuation(head, payload);
    case FrameType::kRstStream:
      return on_reset(head, payload);
    case FrameType::kSettings:
      return on_settings(head, payload);
    case FrameType::kPing:
      return on_ping(head, payload);
    case FrameType::kGoaway:
      return on_goaway(head, payload);
    case FrameType::kWindowUpdate:
      return on_window_update(head, payload);
    case FrameType::kPushPromise:  // §8.4: we have said that we want none.
      return fail(ErrorCode::kProtocolError);
    case FrameType::kPriority:  // §5.3.2: means nothing any more, but has its form.
      if (head.stream == 0) return fail(ErrorCode::kProtocolError);
      if (payload.size() != 5) return fail(ErrorCode::kFrameSizeError);
      return true;
  }
  return true;
}

Http2Session::Stream* Http2Session::find_stream(std::int32_t id, Ticket& ticket) {
  ticket = numbers_.find(id);
  return ticket == StreamTable::kNone ? nullptr : &streams_[ticket];
}

bool Http2Session::on_data(const FrameHead& head, std::string_view payload) {
  if (is_idle(head.stream)) return fail(ErrorCode::kProtocolError);
  if (!take_padding(head, payload)) return fail(ErrorCode::kProtocolError);
  // Padding counts (§6.9.1), and so does what comes on streams that have ended.
  receive_window_ -= static_cast<std::int64_t>(head.length);
  if (receive_window_ < 0) return fail(ErrorCode::kFlowControlError);
  consume(0, receive_window_);
  Ticket ticket = 0;
  Stream* stream = find_stream(head.stream, ticket);
  if (stream == nullptr) return true;
  stream->receive_window -= static_cast<std::int64_t>(head.length);
  if (stream->receive_window < 0) {
    fail_stream(head.stream, ErrorCode::kFlowControlError);
  } else if (stream->whole) {
    fail_stream(head.stream, ErrorCode::kStreamClosed);
  } else if (!stream->rules.body(payload.size())) {
    fail_stream(head.stream, ErrorCode::kProtocolError);
  } else {
    if (!head.has(kFlagEndStream)) consume(head.stream, stream->receive_window);
    if (!payload.empty()) observer_.on_body(ticket, payload);
    if (head.has(kFlagEndStream)) on_answer_end(head.stream);
  }
  return true;
}

/// Gives back a window that is half used up.
void Http2Session::consume(std::int32_t stream, std::int64_t& window) {
  if (window > kMost31Bits / 2) return;
  put_number_frame(output_, FrameType::kWindowUpdate, stream,
                   static_cast<std::uint32_t>(kMost31Bits - window));
  window = kMost31Bits;
}

bool Http2Session::on_headers(const FrameHead& head, std::string_view payload) {
  if (is_idle(head.stream)) return fail(ErrorCode::kProtocolError);
  if (!take_padding(head, payload)) return fail(ErrorCode::kProtocolError);
  if (head.has(kFlagPriority)) {
    if (payload.size() < 5) return fail(ErrorCode::kFrameSizeError);
    payload.remove_prefix(5);
  }
  Ticket ticket = 0;
  Stream* stream = find_stream(head.stream, ticket);
  if (stream != nullptr && !std::exchange(stream->answered, true)) observer_.on_answer(ticket);
  if (head.has(kFlagEndHeaders)) {
    return on_block(head.stream, head.has(kFlagEndStream), payload);
  }
  block_.stream = head.stream;
  block_.ends_stream = head.has(kFlagEndStream);
  block_.bytes = payload;
  return true;
}

bool Http2Session::on_continuation(const FrameHead& head, std::string_view payload) {
  if (block_.stream == 0 || head.stream != block_.stream) return fail(ErrorCode::kProtocolError);
  if (++block_.continuations > kMostContinuations ||
      block_.bytes.size() + payload.size() > kHeaderListSize) {
    return fail(ErrorCode::kEnhanceYourCalm);
  }
  block_.bytes += payload;
  if (!head.has(kFlagEndHeaders)) return true;
  const Block block = std::exchange(block_, Block{});
  return on_block(block.stream, block.ends_stream, block.bytes);
}

/// A whole header block. It is decoded also where nobody wants it: the table is the connection's.
bool Http2Session::on_block(std::int32_t id, bool ends_stream, std::string_view block) {
  Ticket ticket = 0;
  bool legal = true;
  std::size_t list_size = 0;
  if (Stream* stream = find_stream(id, ticket)) {
    legal = !stream->whole && stream->rules.begin(ends_stream);
    list_size = stream->header_size;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());
  std::size_t left = block.size();
  for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
    nghttp2_nv field{};
    flags = 0;
    const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, bytes, left, 1);
    if (taken < 0) return fail(ErrorCode::kCompressionError);
    bytes += taken;
    left -= static_cast<std::size_t>(taken);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      list_size += field.namelen + field.valuelen + 32;  // RFC 9113 §6.5.2
      if (list_size > kHeaderListSize) return fail(ErrorCode::kEnhanceYourCalm);
      if (legal) {
        legal =
            on_field(id, to_view(field.name, field.namelen), to_view(field.value, field.valuelen));
      }
    } else if (left == 0 && (flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
      return fail(ErrorCode::kCompressionError);  // It ends within a field.
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  Stream* stream = find_stream(id, ticket);
  if (stream == nullptr) return true;
  stream->header_size = list_size;
  if (!legal || !stream->rules.end()) {
    fail_stream(id, ErrorCode::kProtocolError);
  } else if (ends_stream) {
    on_answer_end(id);
  }
  return true;
}

bool Http2Session::on_field(std::int32_t id, std::string_view name, std::string_view value) {
  Ticket ticket = 0;
  Stream* stream = find_stream(id, ticket);
  if (stream == nullptr) return true;  // Given up.
  switch (stream->rules.field(name, value)) {
    case AnswerRules::Field::kStatus:
      observer_.on_status(ticket, stream->rules.status());
      return true;
    case AnswerRules::Field::kRegular:
      observer_.on_header(ticket, name, value);
      return true;
    case AnswerRules::Field::kIgnored:
      return true;
    case AnswerRules::Field::kMalformed:
      break;
  }
  return false;
}

void Http2Session::on_answer_end(std::int32_t id) {
  Ticket ticket = 0;
  Stream* stream = find_stream(id, ticket);
  if (stream == nullptr) return;
  if (!stream->rules.whole()) {
    fail_stream(id, ErrorCode::kProtocolError);
  } else if (stream->has_sent) {
    finish(ticket, StreamEnd::kWhole);
  } else {
    stream->whole = true;  // The server answered before it had heard all of the request.
  }
}

bool Http2Session::on_reset(const FrameHead& head, std::string_view payload) {
  if (is_idle(head.stream)) return fail(ErrorCode::kProtocolError);
  if (payload.size() != 4) return fail(ErrorCode::kFrameSizeError);
  Ticket ticket = 0;
  const Stream* stream = find_stream(head.stream, ticket);
  if (stream == nullptr) return true;
  const std::uint32_t code = number_at(payload, 0);
  const bool refused = code == static_cast<std::uint32_t>(ErrorCode::kRefusedStream);
  if (!stream->whole) complaint_ = {Complaint::What::kReset, code, head, false};
  finish(ticket, stream->whole ? StreamEnd::kWhole  // §8.1: it needs no more of the request.
                 : refused     ? StreamEnd::kRefused
                               : StreamEnd::kReset);
  return true;
}

bool Http2Session::on_settings(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return fail(ErrorCode::kProtocolError);
  if (head.has(kFlagAck)) {
    if (!payload.empty()) return fail(ErrorCode::kFrameSizeError);
    return !std::exchange(settled_, true) || fail(ErrorCode::kProtocolError);
  }
  if (payload.size() % 6 != 0) return fail(ErrorCode::kFrameSizeError);
  if (payload.size() / 6 > kMostSettings) return fail(ErrorCode::kEnhanceYourCalm);
  if (!std::exchange(confirmed_, true)) peer_limit_ = static_cast<std::size_t>(kMost31Bits);
  for (; !payload.empty(); payload.remove_prefix(6)) {
    const std::uint32_t id = byte_at(payload, 0) << 8U | byte_at(payload, 1);
    if (!on_setting(id, number_at(payload, 2))) return false;
  }
  if (!count_acknowledgement()) return false;
  put_head(output_, 0, FrameType::kSettings, kFlagAck, 0);
  return true;
}

bool Http2Session::on_setting(std::uint32_t id, std::uint32_t value) {
  switch (static_cast<Setting>(id)) {
    case Setting::kHeaderTableSize:
      encoder_.limit_table(value);
      return true;
    case Setting::kEnablePush:  // A server may only say 0.
      return value == 0 || fail(ErrorCode::kProtocolError);
    case Setting::kMaxConcurrentStreams:
      peer_limit_ = value;
      return true;
    case Setting::kMaxFrameSize:
      if (value < kFrameSize || value > 0xffffffU) return fail(ErrorCode::kProtocolError);
      return true;  // Ours stay small, so that requests take turns.
    case Setting::kInitialWindowSize: {
      if (value > kMost31Bits) return fail(ErrorCode::kFlowControlError);
      const std::int64_t more = std::int64_t{value} - first_send_window_;
      first_send_window_ = value;
      for (Stream& stream : streams_) {  // §6.9.2: also for those that are open.
        if (stream.id == 0) continue;
        stream.send_window += more;
        if (stream.send_window > kMost31Bits) return fail(ErrorCode::kFlowControlError);
        if (!stream.has_sent && stream.send_window > 0) queue_body(stream.id);
      }
      return true;
    }
    case Setting::kMaxHeaderListSize:
      return true;
  }
  return true;
}

bool Http2Session::on_ping(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return fail(ErrorCode::kProtocolError);
  if (payload.size() != 8) return fail(ErrorCode::kFrameSizeError);
  if (head.has(kFlagAck)) return true;
  if (!count_acknowledgement()) return false;
  put_head(output_, payload.size(), FrameType::kPing, kFlagAck, 0);
  output_ += payload;
  return true;
}

bool Http2Session::on_goaway(const FrameHead& head, std::string_view payload) {
  if (head.stream != 0) return fail(ErrorCode::kProtocolError);
  if (payload.size() < 8) return fail(ErrorCode::kFrameSizeError);
  const auto last = static_cast<std::int32_t>(number_at(payload, 0) & 0x7fffffffU);
  // §6.8: a stream of ours, and never a later one than was said before.
  if ((last != 0 && last % 2 == 0) || last > last_taken_) return fail(ErrorCode::kProtocolError);
  gone_away_ = true;
  if (goaway_code_ == 0) goaway_code_ = number_at(payload, 4);
  // One in good order ends requests, too; what was complained of before is not why.
  complaint_ = goaway_code_ == 0 ? Complaint{}
                                 : Complaint{Complaint::What::kGoaway, goaway_code_, head, false};
  last_taken_ = last;
  // No stream begins from here on, whatever the server would have taken.
  const std::int32_t queued = std::exchange(first_queued_, 0);
  requests_.clear();
  for (Ticket ticket = 0; ticket < streams_.size(); ++ticket) {
    const std::int32_t id = streams_[ticket].id;
    if (id > last || (queued != 0 && id >= queued)) finish(ticket, StreamEnd::kGoaway);
  }
  return true;
}

bool Http2Session::on_window_update(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4) return fail(ErrorCode::kFrameSizeError);
  const std::int64_t more = number_at(payload, 0) & 0x7fffffffU;
  if (head.stream == 0) {
    if (more == 0) return fail(ErrorCode::kProtocolError);
    send_window_ += more;
    return send_window_ <= kMost31Bits || fail(ErrorCode::kFlowControlError);
  }
  if (is_idle(head.stream)) return fail(ErrorCode::kProtocolError);
  Ticket ticket = 0;
  Stream* stream = find_stream(head.stream, ticket);
  if (stream == nullptr) return true;
  stream->send_window += more;
  if (more == 0) {
    fail_stream(head.stream, ErrorCode::kProtocolError);
  } else if (stream->send_window > kMost31Bits) {
    fail_stream(head.stream, ErrorCode::kFlowControlError);
  } else if (!stream->has_sent && stream->send_window > 0) {
    queue_body(head.stream);
  }
  return true;
}

bool Http2Session::count_acknowledgement() {
  if (++acknowledgements_ <= kMostAcknowledgements) return true;
  flooded_ = true;
  return fail(ErrorCode::kEnhanceYourCalm);
}

/// Always false, so that it can be returned.
bool Http2Session::fail(ErrorCode code) {
  failed_ = true;
  note_breach(code);
  requests_.clear();
  put_head(output_, 8, FrameType::kGoaway, 0, 0);
  put_number(output_, 0);  // No stream of the server's was taken.
  put_number(output_, static_cast<std::uint32_t>(code));
  return false;
}

void Http2Session::note_breach(ErrorCode code) {
  complaint_ = {Complaint::What::kBreach, static_cast<std::uint32_t>(code), at_, !confirmed_};
}

void Http2Session::fail_stream(std::int32_t id, ErrorCode code) {
  note_breach(code);
  put_number_frame(output_, FrameType::kRstStream, id, static_cast<std::uint32_t>(code));
  Ticket ticket = 0;
  if (find_stream(id, ticket) != nullptr) finish(ticket, StreamEnd::kProtocol);
}

void Http2Session::finish(Ticket ticket, StreamEnd end) {
  forget(streams_[ticket]);
  observer_.on_end(ticket, end);
}

}  // namespace squall::generators
