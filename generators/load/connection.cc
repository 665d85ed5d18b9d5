#include "generators/load/connection.h"

#include <algorithm>
#include <utility>

namespace squall::generators {

using reports::ErrorClass;

namespace {

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

bool Connection::can_take() const {
  return !ended_ && !blocked_ && in_flight_.size() < streams_ && requests_->can_submit();
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
  if (watches_gaps_ && owed_since_ == Instant::max()) owed_since_ = now;
  const RenderedRequest& rendered = request.is_constant() ? request.constant() : *sent.rendered;
  if (!requests_->submit(ticket, rendered, request.has_body(rendered))) {
    finish(ticket, ErrorClass::kProtocol, 0);  // can_take() was not asked, or memory is out.
  }
}

void Connection::expire(Duration timeout, Instant now) {
  now_ = now;
  while (!in_flight_.empty()) {
    const InFlightTable::Ticket ticket = in_flight_.oldest();
    if (!is_too_late(in_flight_[ticket], timeout, now)) break;
    requests_->cancel(ticket);
    finish(ticket, ErrorClass::kTimeout, 0);
  }
}

void Connection::watch_gaps() {
  watches_gaps_ = true;
  longest_gap_ = {};
  owed_since_ = in_flight_.empty() ? Instant::max() : now_;
}

Duration Connection::end_of_gaps() {
  end_gap();
  watches_gaps_ = false;
  return longest_gap_;
}

void Connection::end_gap() {
  if (!watches_gaps_) return;
  if (now_ > owed_since_) longest_gap_ = std::max<Duration>(longest_gap_, now_ - owed_since_);
  owed_since_ = in_flight_.empty() ? Instant::max() : now_;
}

void Connection::on_answer(RequestSession::Ticket ticket) {
  end_gap();
  in_flight_[ticket].first_byte = now_;
  if (!std::exchange(has_heard_, true)) on_first_answer(ticket, in_flight_[ticket]);
}

void Connection::on_status(RequestSession::Ticket ticket, int status) {
  InFlight& request = in_flight_[ticket];
  request.status = status;
  // The headers of an interim answer do not count.
  if (!request.request->needs_status_only()) request.answer->restart();
}

void Connection::on_header(RequestSession::Ticket ticket, std::string_view name,
                           std::string_view value) {
  InFlight& request = in_flight_[ticket];
  if (name == "alt-svc") owner_.on_alternatives(*this, value, now_);
  if (!request.request->needs_status_only()) request.answer->header(name, value);
}

void Connection::on_body(RequestSession::Ticket ticket, std::string_view piece) {
  end_gap();
  InFlight& request = in_flight_[ticket];
  if (!request.request->needs_status_only()) request.answer->body(piece);
}

void Connection::on_end(RequestSession::Ticket ticket, StreamEnd end) {
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
  end_gap();  // That may have been all that was owed.
}

void Connection::finish(RequestSession::Ticket ticket, ErrorClass error, int status) {
  if (has_reason(error)) owner_.on_trouble(*this, error);
  owner_.on_end(in_flight_[ticket], error, status, now_);
  in_flight_.remove(ticket);
}

void Connection::finish_unprocessed(RequestSession::Ticket ticket, ErrorClass error) {
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
  return requests_->closes_unsaid() && answers_ > 0 && request.first_byte == Instant{} &&
         PreparedRequest::is_idempotent(sent);
}

void Connection::count_bytes(std::uint64_t received, std::uint64_t sent) {
  if (received == counted_received_ && sent == counted_sent_) return;
  owner_.on_bytes(received - std::exchange(counted_received_, received),
                  sent - std::exchange(counted_sent_, sent), now_);
}

void Connection::end(ErrorClass error, bool lost) {
  if (std::exchange(ended_, true)) return;
  const auto self = shared_from_this();  // on_lost() may let go of this.
  while (!in_flight_.empty()) {
    const InFlightTable::Ticket ticket = in_flight_.oldest();
    if (lost && error == ErrorClass::kClosed && is_stale_for(in_flight_[ticket])) {
      finish_unprocessed(ticket, error);
    } else {
      finish(ticket, error, 0);
    }
  }
  release();
  if (lost) owner_.on_lost(*this, now_);
}

}  // namespace squall::generators
