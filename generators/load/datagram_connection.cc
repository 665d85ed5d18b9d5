#include "generators/load/datagram_connection.h"

#include <utility>

#include "harness/base/log.h"

namespace squall::generators {

using boost::system::error_code;
using reports::ErrorClass;
using Clock = std::chrono::steady_clock;
using Step = DatagramLink::Step;

namespace {

/// What requests in flight end as.
ErrorClass class_of(const SessionEnd& end) {
  switch (end.kind) {
    case SessionEnd::Kind::kTls:
      return ErrorClass::kTls;
    case SessionEnd::Kind::kTransport:
    case SessionEnd::Kind::kProtocol:
      return end.by_peer ? ErrorClass::kClosed : ErrorClass::kProtocol;
    case SessionEnd::Kind::kNone:
    case SessionEnd::Kind::kIdle:
    case SessionEnd::Kind::kHandshake:
    case SessionEnd::Kind::kReset:
    case SessionEnd::Kind::kVersion:
    case SessionEnd::Kind::kGoodbye:
      return ErrorClass::kClosed;
  }
  return ErrorClass::kClosed;
}

std::uint64_t in_micros(Duration length) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(length).count());
}

}  // namespace

DatagramConnection::DatagramConnection(asio::io_context& loop, Dialled dialled, std::size_t streams,
                                       std::size_t url, Instant opened, Owner& owner)
    : Connection(streams, url, opened, owner),
      link_(std::move(dialled.link)),
      waiter_(loop),
      timer_(loop),
      handshake_began_(dialled.early),
      connect_(dialled.connect),
      established_(dialled.early ? Instant::max() : opened) {
  link_->session().observe(*this);
  speak(link_->session());
}

void DatagramConnection::open(Instant now) {
  waiter_.assign(link_->socket().descriptor());
  wait_readable();
  flush(now);
}

/// Lets the link do something, in which this connection may be told to close().
template <class Act>
auto DatagramConnection::busily(Act act) {
  busy_ = true;
  const auto result = act();
  busy_ = false;
  return result;
}

void DatagramConnection::flush(Instant now) {
  if (ended_ || blocked_) return;
  const auto self = shared_from_this();  // on_lost() may let go of this.
  now_ = now;
  const Step step = busily([&] { return link_->send(now); });
  if (ended_) return;
  count();
  switch (step) {
    case Step::kBlocked:
      blocked_ = true;
      wait_writable();
      return;
    case Step::kFailed:
      end(is_established() ? ErrorClass::kClosed : ErrorClass::kConnect, true);
      return;
    case Step::kOver:
      end_over();
      return;
    case Step::kDone:
    case Step::kMore:
      break;
  }
  if (link_->session().is_over()) {  // The server has gone away, and nothing is in flight.
    end_over();
    return;
  }
  arm_timer();
}

void DatagramConnection::close(Instant now) {
  if (ended_) return;
  now_ = now;
  link_->session().say_goodbye();
  if (!blocked_ && !busy_) link_->send(now);  // Once; nobody waits for it, or counts it.
  end(ErrorClass::kClosed, false);
}

/// This may be within a callback of the session, which then says its last word a little later.
void DatagramConnection::release() {
  sample_path();
  if (waiter_.is_open()) waiter_.release();
  timer_.cancel();
  if (!busy_) {
    link_->close();
    return;
  }
  asio::post(timer_.get_executor(), [this, self = shared_from_this()] {
    link_->send(Clock::now());
    link_->close();
  });
}

void DatagramConnection::wait_readable() {
  waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, self = shared_from_this()](const error_code& aborted) {
                       if (!aborted && !ended_) on_readable();
                     });
}

void DatagramConnection::wait_writable() {
  waiter_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [this, self = shared_from_this()](const error_code& aborted) {
                       if (aborted || ended_) return;
                       blocked_ = false;
                       const Instant now = Clock::now();
                       flush(now);
                       if (!ended_) owner_.on_progress(*this, now);
                     });
}

void DatagramConnection::on_readable() {
  const Step step = busily([&] { return link_->receive(now_); });
  if (ended_) return;
  see_handshake();
  count();
  if (step == Step::kFailed) {
    end(is_established() ? ErrorClass::kClosed : ErrorClass::kConnect, true);
    return;
  }
  if (step == Step::kOver) {
    end_over();
    return;
  }
  if (step == Step::kMore) {
    asio::post(waiter_.get_executor(), [this, self = shared_from_this()] {
      if (!ended_) on_readable();
    });
  } else {
    wait_readable();
  }
  owner_.on_progress(*this, now_);
}

/// Arms the timer when it would fire too late. One that is early finds that out when it fires: with
/// each packet the moment changes, mostly to a later one, and timers are not free.
void DatagramConnection::arm_timer() {
  const auto next = link_->session().next_timer();
  if (!next || *next >= armed_) return;
  armed_ = *next;
  timer_.expires_at(armed_);
  timer_.async_wait([this, self = shared_from_this()](const error_code& aborted) {
    if (!aborted && !ended_) on_timer();
  });
}

void DatagramConnection::on_timer() {
  armed_ = Instant::max();
  const Instant now = Clock::now();
  const auto next = link_->session().next_timer();
  if (!next || *next > now) {
    arm_timer();
    return;
  }
  now_ = now;
  const bool goes_on = busily([&] { return link_->session().on_timer(now); });
  if (ended_) return;
  if (!goes_on) {
    end_over();
    return;
  }
  flush(now);
  if (!ended_) owner_.on_progress(*this, now);
}

void DatagramConnection::see_handshake() {
  if (is_established() || !link_->session().is_established()) return;
  established_ = now_;
  owner_.on_established(*this, now_ - *std::exchange(handshake_began_, std::nullopt), now_);
}

ErrorClass DatagramConnection::class_of_end() const {
  const ErrorClass error = class_of(link_->session().end());
  return is_established() || error == ErrorClass::kTls ? error : ErrorClass::kConnect;
}

/// What early data saves: the way to the first answer with it, and with a handshake first. Time
/// in which a connection waited for a request is no part of either.
void DatagramConnection::on_first_answer(const InFlight& request) {
  reports::QuicCounts counts;
  if (connect_) {
    counts.full_answers = 1;
    counts.full_answers_us = in_micros(*connect_ + (now_ - request.sent));
  } else {
    const EarlyData early = link_->session().early_data();
    if (request.sent >= established_ || early.rejected + early.refused > 0) return;
    counts.early_answers = 1;
    counts.early_answers_us = in_micros(now_ - request.sent);
  }
  owner_.on_quic(counts, now_);
}

void DatagramConnection::count() {
  const UdpSocket& socket = link_->socket();
  count_bytes(socket.received(), socket.sent());
  const EarlyData early = link_->session().early_data();
  if (early != counted_early_) {
    reports::QuicCounts counts;
    counts.early_sent = early.sent - counted_early_.sent;
    counts.early_rejected = early.rejected - counted_early_.rejected;
    counts.early_refused = early.refused - counted_early_.refused;
    counted_early_ = early;
    owner_.on_quic(counts, now_);
  }
  if (now_ >= next_sample_) sample_path();
  const std::uint64_t came = socket.datagrams();
  const std::uint32_t dropped = socket.dropped();  // It wraps around, as a difference does.
  if (came == counted_datagrams_) return;
  owner_.on_datagrams(came - std::exchange(counted_datagrams_, came),
                      dropped - std::exchange(counted_dropped_, dropped), now_);
}

/// Looks at the path once a second, as long as something happens here, and at the end.
void DatagramConnection::sample_path() {
  if (!is_established()) return;
  const PathFigures path = link_->session().path();
  reports::QuicCounts counts;
  counts.path_samples = 1;
  counts.path_rtt_us = in_micros(path.smoothed_rtt);
  counts.path_window = path.window;
  counts.packets_sent = path.sent - std::exchange(counted_path_.sent, path.sent);
  counts.packets_lost = path.lost - std::exchange(counted_path_.lost, path.lost);
  next_sample_ = now_ + std::chrono::seconds(1);
  owner_.on_quic(counts, now_);
}

void DatagramConnection::end_over() {
  DatagramSession& session = link_->session();
  session.say_goodbye();  // Where it ends without an error.
  if (!blocked_) busily([&] { return link_->send(now_); });
  if (ended_) return;
  const SessionEnd& why = session.end();
  const ErrorClass error = class_of_end();
  // Over QUIC a server that closes says why.
  if (error == ErrorClass::kClosed && why.by_peer && has_in_flight()) {
    owner_.on_trouble(*this, error);
  }
  if (why.kind != SessionEnd::Kind::kGoodbye) log_debug("QUIC connection ended: " + why.text);
  end(error, true);
}

}  // namespace squall::generators
