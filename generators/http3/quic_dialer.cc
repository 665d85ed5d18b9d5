#include "generators/http3/quic_dialer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "generators/http3/http3_session.h"
#include "generators/http3/quic_errors.h"
#include "generators/transport/address_finder.h"
#include "generators/transport/handshake_gate.h"

namespace squall::generators {

using reports::ErrorClass;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

struct QuicDialer::Shared {
  Shared(asio::io_context& context, DialOptions dial_options,
         std::shared_ptr<const QuicTls> quic_tls, std::shared_ptr<QuicTickets> quic_tickets,
         QuicSpec quic_spec, std::shared_ptr<QlogFolder> qlog_folder)
      : loop(context),
        options(std::move(dial_options)),
        tls(std::move(quic_tls)),
        tickets(std::move(quic_tickets)),
        spec(std::move(quic_spec)),
        qlog(std::move(qlog_folder)),
        sockets(spec.shares_socket ? std::make_shared<SharedSockets>(loop) : nullptr),
        handshakes(loop),
        addresses(finder_options(options, loop)) {}

  asio::io_context& loop;
  DialOptions options;
  std::shared_ptr<const QuicTls> tls;
  std::shared_ptr<QuicTickets> tickets;
  QuicSpec spec;
  std::shared_ptr<QlogFolder> qlog;
  std::shared_ptr<SharedSockets> sockets;  // Null: each attempt has one of its own.
  HandshakeGate handshakes;
  AddressFinder addresses;
  std::shared_ptr<DatagramTrouble> trouble;  // Of the fault in force; else null.
  std::set<Course*> courses;
};

/// One attempt's state machine: resolve → handshake (address by address). Handlers hold it alive;
/// `step_` tells those of an earlier step that they come too late.
class QuicDialer::Course : public std::enable_shared_from_this<Course>,
                           private SharedRoute::Reader {
 public:
  Course(std::shared_ptr<Shared> shared, Url url, Dialer::Begun begun, Dialer::Done done)
      : shared_(std::move(shared)),
        url_(std::move(url)),
        begun_(std::move(begun)),
        done_(std::move(done)),
        waiter_(shared_->loop),
        limit_(shared_->loop),
        timer_(shared_->loop) {
    shared_->courses.insert(this);
  }
  Course(const Course&) = delete;
  Course& operator=(const Course&) = delete;
  ~Course() override { shared_->courses.erase(this); }

  void start() {
    asio::post(shared_->loop, [self = shared_from_this()] { self->resolve(); });
  }

  void give_up() {
    done_ = nullptr;
    stop_waiting();
    handshake_.reset();
    link_.reset();
  }

  bool is_queued() const { return handshake_ && !handshake_->is_inside(); }

  /// Its datagrams meet with what the shared trouble is now.
  void disturb() {
    if (link_) link_->disturb(shared_->trouble);
  }

 private:
  void resolve() {
    if (!done_) return;
    began_ = Clock::now();
    ends_ = began_ + shared_->options.timeout;
    if (auto known = shared_->addresses.known(url_, began_)) {
      addresses_ = *std::move(known);
      enter();
      return;
    }
    begin_step(ends_);
    // Given up together with this, so it need not hold it.
    asking_ = shared_->addresses.ask(
        url_, [this](AddressFinder::Addresses addresses, const std::string& why) {
          on_resolved(std::move(addresses), why);
        });
  }

  void on_resolved(AddressFinder::Addresses addresses, const std::string& why) {
    const auto self = shared_from_this();
    asking_.reset();
    if (!done_) return;
    if (addresses.empty()) {
      fail(ErrorClass::kResolve, why);
      return;
    }
    outcome_.resolve = Clock::now() - began_;
    addresses_ = std::move(addresses);
    enter();
  }

  void enter() {
    stop_waiting();
    const Instant now = Clock::now();
    handshake_ = shared_->handshakes.enter([this, now] {
      asio::post(shared_->loop, [self = shared_from_this(), now] {
        if (!self->done_) return;
        self->ends_ += Clock::now() - now;  // The wait was for us, not for the server.
        self->connect_next();
      });
    });
    if (handshake_->is_inside()) connect_next();
  }

  Result<std::unique_ptr<DatagramLink>> begin(const asio::ip::tcp::endpoint& to, Instant now,
                                              Instant until) {
    SQUALL_TRY(const auto source, shared_->addresses.next_source(to.address().is_v6()));
    const asio::ip::udp::endpoint remote(to.address(), to.port());
    if (shared_->sockets) {
      SQUALL_TRY(auto route, shared_->sockets->route(remote, source));
      auto session = begin_session(std::as_const(*route).socket(), route, now, until);
      if (!session) return error(std::errc::not_enough_memory);
      return std::make_unique<DatagramLink>(std::move(route), std::move(session));
    }
    SQUALL_TRY(auto socket, UdpSocket::connect(remote, source));
    auto session = begin_session(socket, nullptr, now, until);
    if (!session) return error(std::errc::not_enough_memory);
    return std::make_unique<DatagramLink>(std::move(socket), std::move(session));
  }

  std::unique_ptr<DatagramSession> begin_session(const UdpSocket& socket,
                                                 std::shared_ptr<ConnectionIds> ids, Instant now,
                                                 Instant until) const {
    QuicOptions options;
    options.tls = shared_->tls;
    options.tickets = shared_->tickets;
    options.host = url_.host;
    options.server = url_.authority();
    options.local = socket.local();
    options.remote = socket.remote();
    options.handshake_timeout = until - now;
    options.quic = shared_->spec;
    options.qlog = shared_->qlog;
    options.ids = std::move(ids);
    return Http3Session::make(std::move(options), now);
  }

  void connect_next() {
    if (!done_) return;
    stop_waiting();
    link_.reset();
    const Instant now = Clock::now();
    if (connect_began_ == Instant{}) connect_began_ = now;
    while (tried_ < addresses_.size()) {
      const asio::ip::tcp::endpoint& to = addresses_[tried_++];
      outcome_.address = shown_address(url_, to);
      const auto left = static_cast<std::int64_t>(addresses_.size() - tried_ + 1);
      const Instant until = now + (ends_ - now) / left;
      auto link = begin(to, now, until);
      if (!link) {
        why_ = link.error().message();
        continue;
      }
      link_ = *std::move(link);
      disturb();
      begin_step(until);
      if (auto begun = std::exchange(begun_, nullptr)) begun();
      wait_readable();
      go_on(now);
      return;
    }
    fail(addresses_.empty() ? ErrorClass::kResolve : ErrorClass::kConnect,
         addresses_.empty() ? "no address" : why_);
  }

  /// Sends what there is, and sees how far the handshake is.
  void go_on(Instant now) {
    switch (link_->send(now)) {
      case DatagramLink::Step::kFailed:
        on_failed();
        return;
      case DatagramLink::Step::kOver:
        on_over();
        return;
      case DatagramLink::Step::kBlocked:  // The timer tries again: all is sent again anyhow.
      case DatagramLink::Step::kDone:
      case DatagramLink::Step::kMore:
        break;
    }
    if (link_->session().is_established()) {
      outcome_.connect = now - connect_began_;
      finish();
      return;
    }
    if (link_->session().is_early()) {
      outcome_.early = connect_began_;
      finish();
      return;
    }
    arm_timer();
  }

  void on_route_readable() override {
    const auto self = shared_from_this();
    if (done_ && link_) on_readable();
  }

  void on_route_writable() override {}  // The timer tries again.

  void on_readable() {
    Instant now = Clock::now();
    switch (link_->receive(now)) {
      case DatagramLink::Step::kFailed:
        on_failed();
        return;
      case DatagramLink::Step::kOver:
        link_->send(now);  // Its last word.
        on_over();
        return;
      case DatagramLink::Step::kDone:
      case DatagramLink::Step::kMore:
      case DatagramLink::Step::kBlocked:
        break;
    }
    wait_readable();
    go_on(now);
  }

  void on_failed() {
    why_ = link_->error_text();
    connect_next();
  }

  void on_over() {
    const SessionEnd& end = link_->session().end();
    why_ = end.text;
    outcome_.ends.push_back(end);
    if (end.kind == SessionEnd::Kind::kTls) {
      fail(ErrorClass::kTls, why_);
    } else {
      connect_next();
    }
  }

  void arm_timer() {
    const Instant next = std::min(link_->session().next_timer().value_or(Instant::max()),
                                  link_->next_release().value_or(Instant::max()));
    if (next == Instant::max()) return;
    timer_.expires_at(next);
    timer_.async_wait([self = shared_from_this(), step = step_](const error_code& aborted) {
      if (!aborted && self->done_ && self->step_ == step) self->on_timer();
    });
  }

  void on_timer() {
    const Instant now = Clock::now();
    const DatagramLink::Step released = link_->release(now);
    if (released == DatagramLink::Step::kFailed) {
      on_failed();
      return;
    }
    const auto next = link_->session().next_timer();
    const bool goes_on = released != DatagramLink::Step::kOver &&
                         (!next || *next > now || link_->session().on_timer(now));
    if (goes_on) {
      go_on(now);
    } else {
      link_->send(now);
      on_over();
    }
  }

  /// A new step, which must be over by `limit`.
  void begin_step(Instant limit) {
    const std::uint64_t step = ++step_;
    limit_.expires_at(limit);
    limit_.async_wait([self = shared_from_this(), step](const error_code& aborted) {
      if (aborted || !self->done_ || self->step_ != step) return;
      self->on_timeout();
    });
  }

  void on_timeout() {
    why_ = "timed out";
    if (link_) {
      outcome_.ends.push_back({SessionEnd::Kind::kHandshake, false, 0, why_, kHandshakeTimedOut});
      connect_next();
    } else {
      fail(ErrorClass::kResolve, why_);
    }
  }

  void wait_readable() {
    if (SharedRoute* route = link_->route()) {
      route->listen(this);
      return;
    }
    if (!waiter_.is_open()) waiter_.assign(link_->socket().descriptor());
    waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this(), step = step_](const error_code& aborted) {
                         if (aborted || !self->done_ || self->step_ != step) return;
                         self->on_readable();
                       });
  }

  void stop_waiting() {
    ++step_;
    limit_.cancel();
    timer_.cancel();
    asking_.reset();
    if (waiter_.is_open()) waiter_.release();
    if (link_ && link_->route() != nullptr) link_->route()->listen(nullptr);
  }

  void fail(ErrorClass error, std::string why) {
    outcome_.error = error;
    outcome_.why = std::move(why);
    stop_waiting();
    handshake_.reset();
    link_.reset();
    call_done();
  }

  void finish() {
    stop_waiting();
    handshake_.reset();
    outcome_.link = std::move(link_);
    call_done();
  }

  void call_done() {
    const auto self = shared_from_this();  // `done` may destroy the attempt.
    if (auto done = std::exchange(done_, nullptr)) done(std::move(outcome_));
  }

  std::shared_ptr<Shared> shared_;
  Url url_;
  Dialer::Begun begun_;  // Empty once called.
  Dialer::Done done_;    // Empty once called, or given up.
  std::unique_ptr<Resolver::Waiting> asking_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  asio::steady_timer limit_;               // Of the step,
  asio::steady_timer timer_;               // and of the session.
  std::uint64_t step_ = 0;
  Instant began_{};
  Instant ends_{};
  Instant connect_began_{};
  AddressFinder::Addresses addresses_;
  std::size_t tried_ = 0;
  std::unique_ptr<HandshakeGate::Pass> handshake_;
  std::unique_ptr<DatagramLink> link_;
  std::string why_;
  Dialled outcome_;
};

class QuicDialer::QuicAttempt final : public Dialer::Attempt {
 public:
  explicit QuicAttempt(std::shared_ptr<Course> course) : course_(std::move(course)) {}
  QuicAttempt(const QuicAttempt&) = delete;
  QuicAttempt& operator=(const QuicAttempt&) = delete;
  ~QuicAttempt() override { course_->give_up(); }
  bool is_queued() const override { return course_->is_queued(); }

 private:
  std::shared_ptr<Course> course_;
};

QuicDialer::QuicDialer(asio::io_context& loop, DialOptions options,
                       std::shared_ptr<const QuicTls> tls, std::shared_ptr<QuicTickets> tickets,
                       QuicSpec spec, std::shared_ptr<QlogFolder> qlog)
    : shared_(std::make_shared<Shared>(loop, std::move(options), std::move(tls), std::move(tickets),
                                       std::move(spec), std::move(qlog))) {}

QuicDialer::~QuicDialer() = default;

std::unique_ptr<Dialer::Attempt> QuicDialer::dial(const Url& url, Done done) {
  return dial_and_tell(url, nullptr, std::move(done));
}

void QuicDialer::disturb(const std::shared_ptr<DatagramTrouble>& trouble) {
  shared_->trouble = trouble;
  for (Course* course : shared_->courses) course->disturb();
}

std::unique_ptr<Dialer::Attempt> QuicDialer::dial_and_tell(const Url& url, Begun begun, Done done) {
  auto course = std::make_shared<Course>(shared_, url, std::move(begun), std::move(done));
  course->start();
  return std::make_unique<QuicAttempt>(std::move(course));
}

}  // namespace squall::generators
