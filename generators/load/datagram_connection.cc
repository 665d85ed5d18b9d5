#include "generators/load/datagram_connection.h"

#include <algorithm>
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

// 1 + 2 + 4 + 8 + 16 times the first: what five probes wait for.
constexpr int kProbesUnheard = 31;
constexpr Duration kLeastSilence = std::chrono::seconds(1);

}  // namespace

DatagramConnection::DatagramConnection(asio::io_context& loop, Dialled dialled, std::size_t streams,
                                       std::size_t url, Instant opened, Owner& owner)
    : Connection(streams, url, opened, owner),
      link_(std::move(dialled.link)),
      waiter_(loop),
      timer_(loop),
      handshake_began_(dialled.early),
      connect_(dialled.connect),
      established_(dialled.early ? Instant::max() : opened),
      is_alternative_(dialled.alternative == Dialled::Alternative::kTaken) {
  link_->session().observe(*this);
  speak(link_->session());
}

void DatagramConnection::open(Instant now) {
  listen();
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
  listen_for_silence();
  arm_timer();
}

/// Called when all has been sent: whoever awaits something hears it in time, or never.
void DatagramConnection::listen_for_silence() {
  if (!is_alternative_ || unheard_since_ != Instant::max()) return;
  const PathFigures path = link_->session().path();
  if (path.in_flight == 0) return;
  unheard_since_ = now_;
  silent_at_ = now_ + std::max<Duration>(path.probe_after * kProbesUnheard, kLeastSilence);
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
  settle();
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

void DatagramConnection::listen() {
  if (SharedRoute* route = link_->route()) {
    route->listen(this);
    return;
  }
  waiter_.assign(link_->socket().descriptor());
  wait_readable();
}

void DatagramConnection::on_route_readable() {
  const auto self = shared_from_this();
  if (!ended_) on_readable();
}

void DatagramConnection::wait_readable() {
  if (link_->route() != nullptr) return;  // It tells by itself.
  waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, self = shared_from_this()](const error_code& aborted) {
                       if (!aborted && !ended_) on_readable();
                     });
}

void DatagramConnection::wait_writable() {
  if (SharedRoute* route = link_->route()) {
    route->wait_writable();
    return;
  }
  waiter_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [this, self = shared_from_this()](const error_code& aborted) {
                       if (!aborted) on_writable();
                     });
}

void DatagramConnection::on_writable() {
  if (ended_) return;
  const auto self = shared_from_this();
  blocked_ = false;
  const Instant now = Clock::now();
  flush(now);
  if (!ended_) owner_.on_progress(*this, now);
}

void DatagramConnection::on_readable() {
  const Step step = busily([&] { return link_->receive(now_); });
  if (ended_) return;
  see_handshake();
  note_heard();
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
    asio::post(waiter_.get_executor(), [this, self = shared_from_this(), of = socket_number_] {
      if (!ended_ && of == socket_number_) on_readable();
    });
  } else {
    wait_readable();
  }
  owner_.on_progress(*this, now_);
}

/// Arms the timer when it would fire too late. One that is early finds that out when it fires: with
/// each packet the moment changes, mostly to a later one, and timers are not free.
void DatagramConnection::arm_timer() {
  const Instant next = std::min({link_->session().next_timer().value_or(Instant::max()),
                                 link_->next_release().value_or(Instant::max()), silent_at_});
  if (next >= armed_) return;
  armed_ = next;
  timer_.expires_at(armed_);
  timer_.async_wait([this, self = shared_from_this()](const error_code& aborted) {
    if (!aborted && !ended_) on_timer();
  });
}

void DatagramConnection::on_timer() {
  armed_ = Instant::max();
  const Instant now = Clock::now();
  now_ = now;
  if (is_silent()) {
    end_silent();
    return;
  }
  if (!release_held()) return;
  const auto next = link_->session().next_timer();
  if (!next || *next > now) {
    arm_timer();
    return;
  }
  const bool goes_on = busily([&] { return link_->session().on_timer(now); });
  if (ended_) return;
  if (!goes_on) {
    end_over();
    return;
  }
  flush(now);
  if (!ended_) owner_.on_progress(*this, now);
}

bool DatagramConnection::release_held() {
  const auto first = link_->next_release();
  if (!first || *first > now_) return true;
  const Step step = busily([&] { return link_->release(now_); });
  if (ended_) return false;
  see_handshake();
  note_heard();
  count();
  if (step == Step::kFailed) {
    end(is_established() ? ErrorClass::kClosed : ErrorClass::kConnect, true);
  } else if (step == Step::kOver) {
    end_over();
  } else {
    owner_.on_progress(*this, now_);
  }
  return !ended_;
}

void DatagramConnection::note_heard() {
  if (link_->heard() == std::exchange(heard_, link_->heard())) return;
  unheard_since_ = silent_at_ = Instant::max();
}

void DatagramConnection::settle() {
  if (!trouble_ || std::exchange(settled_, true)) return;
  constexpr Duration kSilent = std::chrono::seconds(1);
  DisturbanceTally& tally = trouble_->tally;
  if (!ended_ && open_gap() >= kSilent) ++tally.silent;
  count_changes();
  if (std::exchange(awaits_path_, false)) ++tally.unanswered;
  if (std::exchange(awaits_keys_, false)) ++tally.keys_kept;
  const Duration gap = end_of_gaps();
  tally.longest_gap = std::max(tally.longest_gap, gap);
  tally.all_gaps += gap;
}

void DatagramConnection::disturb(std::shared_ptr<DatagramTrouble> trouble, Instant now) {
  if (!ended_) now_ = std::max(now_, now);
  settle();
  settled_ = false;
  trouble_ = std::move(trouble);
  if (!ended_) link_->disturb(trouble_);
  if (!trouble_) return;
  ++trouble_->tally.connections;
  watch_gaps();
}

void DatagramConnection::rebind(Instant now) {
  if (ended_ || !trouble_ || !is_established()) return;
  now_ = now;
  if (SharedRoute* route = link_->route()) {
    if (auto moved = route->rebind(now); !moved) {
      note_no_socket(moved.error().message());
      return;
    }
    ++trouble_->tally.rebinds;
    flush(now_);
    return;
  }
  const UdpSocket& old = link_->socket();
  auto socket = UdpSocket::connect(old.remote(), old.local().address());
  if (!socket) {
    note_no_socket(socket.error().message());
    return;
  }
  ++trouble_->tally.rebinds;
  move_to(*std::move(socket));
}

void DatagramConnection::migrate(const std::string& to, Instant now) {
  if (ended_ || !trouble_ || !is_established()) return;
  now_ = now;
  error_code no_address;
  const auto from = asio::ip::make_address(to, no_address);
  const auto& remote = link_->socket().remote();
  if (no_address || from.is_v6() != remote.address().is_v6()) {
    note_no_socket(to + " is of another family than the server's " + remote.address().to_string());
    return;
  }
  if (from == link_->socket().local().address()) {
    note_no_socket(to + " is the connection's address already");
    return;
  }
  std::optional<UdpSocket> own;
  std::shared_ptr<SharedSocket> shared;
  if (auto failed = socket_at(from, own, shared); !failed) {
    note_no_socket(to + ": " + failed.error().message());
    return;
  }
  const auto& local = shared ? shared->udp().local() : own->local();
  const bool can =
      busily([&] { return link_->session().migrate(*local.data(), local.size(), now); });
  if (ended_) return;
  if (!can) {
    ++trouble_->tally.not_migrated;
    return;
  }
  count_changes();  // Of the migration before.
  awaits_path_ = true;
  if (shared) {
    link_->route()->go_over(std::move(shared));
    blocked_ = false;
    flush(now_);
  } else {
    move_to(*std::move(own));
  }
}

void DatagramConnection::update_keys(Instant now) {
  if (ended_ || !trouble_ || !is_established()) return;
  now_ = now;
  if (!busily([&] { return link_->session().update_keys(now); })) {
    ++trouble_->tally.keys_kept;
    return;
  }
  count_changes();  // Of the keys before, should the server have followed by now.
  awaits_keys_ = true;
  flush(now_);
}

void DatagramConnection::note_no_socket(const std::string& why) {
  DisturbanceTally& tally = trouble_->tally;
  if (tally.no_socket++ == 0) tally.why_no_socket = why;
}

/// Where a migration goes: a socket of its own, or where it shares one, the one there.
Result<void> DatagramConnection::socket_at(const asio::ip::address& from,
                                           std::optional<UdpSocket>& own,
                                           std::shared_ptr<SharedSocket>& shared) const {
  if (const SharedRoute* route = link_->route()) {
    SQUALL_TRY(shared, route->beside(from));
  } else {
    SQUALL_TRY(auto made, UdpSocket::connect(link_->socket().remote(), from));
    own.emplace(std::move(made));
  }
  return {};
}

void DatagramConnection::move_to(UdpSocket socket) {
  waiter_.release();  // What waited there hears that it is over.
  ++socket_number_;
  blocked_ = false;
  link_->change(std::move(socket));
  waiter_.assign(link_->socket().descriptor());
  wait_readable();
  flush(now_);
}

void DatagramConnection::see_handshake() {
  if (is_established() || !link_->session().is_established()) return;
  established_ = now_;
  connect_ = now_ - *std::exchange(handshake_began_, std::nullopt);
  owner_.on_established(*this, *connect_, now_);
}

ErrorClass DatagramConnection::class_of_end() const {
  const ErrorClass error = class_of(link_->session().end());
  return is_established() || error == ErrorClass::kTls ? error : ErrorClass::kConnect;
}

std::string DatagramConnection::complaint(ErrorClass error) const {
  if (error == ErrorClass::kTimeout) return "";  // Not by what other requests ended of.
  return went_silent_ ? "HTTP/3 was given up: nothing was heard any more"
                      : Connection::complaint(error);
}

void DatagramConnection::end_silent() {
  went_silent_ = true;
  reports::QuicCounts counts;
  counts.silent = 1;
  counts.silent_us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now_ - unheard_since_).count());
  owner_.on_quic(counts, now_);
  if (has_in_flight()) owner_.on_trouble(*this, ErrorClass::kClosed);
  link_->session().say_goodbye();
  if (!blocked_) busily([&] { return link_->send(now_); });
  end(ErrorClass::kClosed, true);
}

void DatagramConnection::end_over() {
  DatagramSession& session = link_->session();
  session.say_goodbye();  // Where it ends without an error.
  if (!blocked_) busily([&] { return link_->send(now_); });
  if (ended_) return;
  const SessionEnd& why = session.end();
  count_breaks();
  if (const reports::QuicCounts counts = counts_of(why, !is_established());
      !counts.errors.empty()) {
    owner_.on_quic(counts, now_);
  }
  const ErrorClass error = class_of_end();
  // Over QUIC a server that closes says why.
  if (error == ErrorClass::kClosed && why.by_peer && has_in_flight()) {
    owner_.on_trouble(*this, error);
  }
  if (why.kind != SessionEnd::Kind::kGoodbye) log_debug("QUIC connection ended: " + why.text);
  end(error, true);
}

}  // namespace squall::generators
