#include "generators/load/connection.h"

#include <array>
#include <utility>

#include "generators/load/make_session.h"

namespace squall::generators {

using boost::system::error_code;
using reports::ErrorClass;

namespace {

constexpr std::size_t kReadSize = 64 * 1024;
constexpr std::size_t kWriteSize = 64 * 1024;
// Other connections and the schedule get their turn after so many reads, or so long: what a server
// says in tiny pieces takes far longer than its size would have it.
constexpr int kReadsPerTurn = 16;
constexpr Duration kTurn = std::chrono::milliseconds(1);

ErrorClass to_error(StreamEnd end) {
  switch (end) {
    case StreamEnd::kWhole:
      return ErrorClass::kNone;
    case StreamEnd::kReset:
    case StreamEnd::kRefused:
      return ErrorClass::kReset;
    case StreamEnd::kGoaway:
      return ErrorClass::kGoaway;
    case StreamEnd::kProtocol:
      return ErrorClass::kProtocol;
  }
  return ErrorClass::kProtocol;
}

/// Whether a session or TLS may know why. A server that closes, or is silent, gives no reason.
bool has_reason(ErrorClass error) {
  return error == ErrorClass::kProtocol || error == ErrorClass::kReset ||
         error == ErrorClass::kGoaway || error == ErrorClass::kTls;
}

}  // namespace

Connection::Connection(asio::io_context& loop, std::unique_ptr<ByteStream> stream,
                       Protocol protocol, std::size_t streams, std::size_t url, Instant opened,
                       Owner& owner, std::int32_t first_stream)
    : stream_(std::move(stream)),
      waiter_(loop),
      session_(make_session(protocol, *stream_, *this, first_stream)),
      owner_(owner),
      streams_(streams),
      url_(url),
      opened_(opened) {}

void Connection::open(Instant now) {
  waiter_.assign(stream_->descriptor());
  wait_readable();
  flush(now);
}

bool Connection::can_take() const {
  return !ended_ && !blocked_ && in_flight_.size() < streams_ && session_->can_submit();
}

void Connection::send(const Job& job, const PreparedRequest& request, const RenderContext& context,
                      Instant now) {
  now_ = now;
  const InFlightTable::Ticket ticket = in_flight_.add();
  InFlight& sent = in_flight_[ticket];
  sent.job = job;
  sent.sent = now;
  sent.first_byte = Instant{};
  sent.status = 0;
  sent.address = address;
  sent.request = &request;
  sent.index = request.index();
  if (!request.needs_status_only()) {
    if (!sent.answer) sent.answer = std::make_unique<AnswerReader>();
    sent.answer->begin(request);
  }
  if (!request.is_constant()) {
    if (!sent.rendered) sent.rendered = std::make_unique<RenderedRequest>();
    request.render(context, *sent.rendered);
  }
  ++requests_sent_;
  const RenderedRequest& rendered = request.is_constant() ? request.constant() : *sent.rendered;
  if (!session_->submit(ticket, rendered, request.has_body(rendered))) {
    finish(ticket, ErrorClass::kProtocol, 0);  // can_take() was not asked, or memory is out.
  }
}

void Connection::flush(Instant now) {
  const bool is_done_for = session_->is_over() || session_->has_failed();
  if (ended_ || (blocked_ && !is_done_for)) return;
  const auto self = shared_from_this();  // on_lost() may let go of this.
  now_ = now;
  // The session has failed, or a request was given up that cannot be taken back: nobody waits for
  // the rest, and nobody may ever read it.
  if (blocked_) {
    end(ErrorClass::kProtocol, true);
    return;
  }
  for (;;) {
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
      if (!session_->take_output(out_, kWriteSize)) {
        end(ErrorClass::kProtocol, true);
        return;
      }
      if (ended_ || out_.empty()) break;
    }
    const IoStep step = stream_->write(std::string_view(out_).substr(written_));
    count_bytes();
    switch (step.kind) {
      case IoStep::Kind::kDone:
        written_ += step.bytes;
        break;
      case IoStep::Kind::kWantRead:  // TLS wants to hear first; on_readable() tries again.
        blocked_ = true;
        write_wants_read_ = true;
        return;
      case IoStep::Kind::kWantWrite:
        blocked_ = true;
        wait_writable();
        return;
      case IoStep::Kind::kEnd:
      case IoStep::Kind::kFailed:
      case IoStep::Kind::kTlsFailed:
        // What the server still said may hold answers, or why it left. It may also never end.
        read_turn();
        if (!ended_) end(ErrorClass::kClosed, true);
        return;
    }
  }
  // When the server broke the protocol, or has gone away for good, or a request was given up that
  // cannot be taken back.
  if (!ended_ && session_->is_over()) end(ErrorClass::kProtocol, true);
}

std::string Connection::complaint(ErrorClass error) const {
  return error == ErrorClass::kTls ? stream_->error_text() : session_->complaint();
}

void Connection::expire(Duration timeout, Instant now) {
  now_ = now;
  while (!in_flight_.empty()) {
    const InFlightTable::Ticket ticket = in_flight_.oldest();
    if (!is_too_late(in_flight_[ticket], timeout, now)) break;
    session_->cancel(ticket);
    finish(ticket, ErrorClass::kTimeout, 0);
  }
}

void Connection::close(Instant now) {
  if (ended_) return;
  now_ = now;
  if (!blocked_) {
    session_->say_goodbye();
    out_.erase(0, written_);
    written_ = 0;
    if (session_->take_output(out_, out_.size() + kWriteSize)) {
      stream_->write(out_);  // As far as it goes; nobody waits for it, or counts it.
    }
  }
  end(ErrorClass::kClosed, false);
}

void Connection::wait_readable() {
  waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const error_code& aborted) {
                       if (!aborted && !self->ended_) self->on_readable();
                     });
}

void Connection::wait_writable() {
  waiter_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](const error_code& aborted) {
                       if (aborted || self->ended_) return;
                       self->blocked_ = false;
                       const Instant now = std::chrono::steady_clock::now();
                       self->flush(now);
                       if (!self->ended_) self->owner_.on_progress(*self, now);
                     });
}

void Connection::on_readable() {
  if (write_wants_read_) {
    write_wants_read_ = false;
    blocked_ = false;
  }
  const bool more = read_turn();
  if (ended_) return;
  if (more) {  // It may be in memory already, where no descriptor tells of it.
    asio::post(waiter_.get_executor(), [self = shared_from_this()] {
      if (!self->ended_) self->on_readable();
    });
  } else {
    wait_readable();
  }
  // A failed session's last words go out with the next flush(), where the socket takes them.
  if (session_->is_over() || (blocked_ && session_->has_failed())) {
    end(ErrorClass::kProtocol, true);
    return;
  }
  owner_.on_progress(*this, now_);
}

bool Connection::read_turn() {
  bool more = read_some();
  const Instant began = now_;
  for (int reads = 1; more && reads < kReadsPerTurn && now_ - began < kTurn; ++reads) {
    more = read_some();
  }
  return more;
}

bool Connection::read_some() {
  static thread_local std::array<char, kReadSize> buffer;
  const IoStep step = stream_->read(buffer);
  now_ = std::chrono::steady_clock::now();
  count_bytes();
  switch (step.kind) {
    case IoStep::Kind::kDone:
      if (!session_->receive(std::string_view(buffer.data(), step.bytes))) {
        end(ErrorClass::kProtocol, true);
      }
      return !ended_ && step.more;
    case IoStep::Kind::kWantRead:
      return false;
    case IoStep::Kind::kWantWrite:
      if (!blocked_) {
        blocked_ = true;
        wait_writable();
      }
      return false;
    case IoStep::Kind::kEnd:
      // RFC 9112 §9.8: an answer that lasts until the end is not whole when TLS was cut off.
      if (in_flight_.empty() || stream_->is_end_in_order()) session_->receive_end();
      end(ErrorClass::kClosed, true);
      return false;
    case IoStep::Kind::kFailed:
      end(ErrorClass::kClosed, true);
      return false;
    case IoStep::Kind::kTlsFailed:
      // TLS 1.3 servers refuse a client's certificate only after the handshake.
      end(session_->is_confirmed() ? ErrorClass::kClosed : ErrorClass::kTls, true);
      return false;
  }
  return false;
}

void Connection::on_answer(ClientSession::Ticket ticket) { in_flight_[ticket].first_byte = now_; }

void Connection::on_status(ClientSession::Ticket ticket, int status) {
  InFlight& request = in_flight_[ticket];
  request.status = status;
  // The headers of an interim answer do not count.
  if (!request.request->needs_status_only()) request.answer->restart();
}

void Connection::on_header(ClientSession::Ticket ticket, std::string_view name,
                           std::string_view value) {
  InFlight& request = in_flight_[ticket];
  if (!request.request->needs_status_only()) request.answer->header(name, value);
}

void Connection::on_body(ClientSession::Ticket ticket, std::string_view piece) {
  InFlight& request = in_flight_[ticket];
  if (!request.request->needs_status_only()) request.answer->body(piece);
}

void Connection::on_end(ClientSession::Ticket ticket, StreamEnd end) {
  const InFlight& request = in_flight_[ticket];
  if (end == StreamEnd::kRefused || end == StreamEnd::kGoaway) {
    if (end == StreamEnd::kGoaway) ++turned_away_;
    finish_unprocessed(ticket, to_error(end));
    return;
  }
  if (end != StreamEnd::kWhole) {
    finish(ticket, to_error(end), 0);
    return;
  }
  ++answers_;
  const bool holds = request.request->needs_status_only()
                         ? request.request->expectation().holds({}, request.status)
                         : request.answer->is_as_expected(request.status);
  finish(ticket, holds ? ErrorClass::kNone : ErrorClass::kUnexpected, request.status);
}

void Connection::finish(ClientSession::Ticket ticket, ErrorClass error, int status) {
  if (has_reason(error)) owner_.on_trouble(*this, error);
  owner_.on_end(in_flight_[ticket], error, status, now_);
  in_flight_.remove(ticket);
}

void Connection::finish_unprocessed(ClientSession::Ticket ticket, ErrorClass error) {
  const InFlight& request = in_flight_[ticket];
  if (request.job.again || !owner_.on_unprocessed(*this, request, now_)) {
    finish(ticket, error, 0);
    return;
  }
  in_flight_.remove(ticket);
}

/// True when the server may have closed the connection for idle before it saw the request, which
/// may then be sent again (RFC 9112 §9.3.1): it answered here before, but not a byte of this.
bool Connection::is_stale_for(const InFlight& request) const {
  const RenderedRequest& sent =
      request.request->is_constant() ? request.request->constant() : *request.rendered;
  return session_->closes_unsaid() && answers_ > 0 && request.first_byte == Instant{} &&
         PreparedRequest::is_idempotent(sent);
}

void Connection::count_bytes() {
  const std::uint64_t received = stream_->received();
  const std::uint64_t sent = stream_->sent();
  if (received == counted_received_ && sent == counted_sent_) return;
  owner_.on_bytes(received - std::exchange(counted_received_, received),
                  sent - std::exchange(counted_sent_, sent), now_);
}

void Connection::end(ErrorClass error, bool lost) {
  if (std::exchange(ended_, true)) return;
  const auto self = shared_from_this();  // on_lost() may let go of this.
  if (waiter_.is_open()) waiter_.release();
  while (!in_flight_.empty()) {
    const InFlightTable::Ticket ticket = in_flight_.oldest();
    if (lost && error == ErrorClass::kClosed && is_stale_for(in_flight_[ticket])) {
      finish_unprocessed(ticket, error);
    } else {
      finish(ticket, error, 0);
    }
  }
  stream_.reset();
  if (lost) owner_.on_lost(*this, now_);
}

}  // namespace squall::generators
