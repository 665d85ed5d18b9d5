#include "generators/transport/dial.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "generators/transport/handshake_gate.h"
#include "generators/transport/tcp.h"

namespace squall::generators {
namespace {

using reports::ErrorClass;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

}  // namespace

AddressFinder::Options finder_options(const DialOptions& options, asio::io_context& loop) {
  return {options.resolve, options.source, options.turn,
          options.resolver ? options.resolver : std::make_shared<Resolver>(loop)};
}

struct TcpDialer::Shared {
  Shared(asio::io_context& context, DialOptions dial_options)
      : loop(context),
        options(std::move(dial_options)),
        handshakes(loop),
        addresses(finder_options(options, loop)) {}

  asio::io_context& loop;
  DialOptions options;
  HandshakeGate handshakes;
  AddressFinder addresses;
};

/// One attempt's state machine: resolve → connect (address by address) → tls. Handlers hold it
/// alive; `step_` tells those of an earlier step that they come too late.
class TcpDialer::Course : public std::enable_shared_from_this<Course> {
 public:
  Course(std::shared_ptr<Shared> shared, Url url, Dialer::Done done)
      : shared_(std::move(shared)),
        options_(shared_->options),
        url_(std::move(url)),
        done_(std::move(done)),
        waiter_(shared_->loop),
        timer_(shared_->loop) {}

  void start() {
    asio::post(shared_->loop, [self = shared_from_this()] { self->resolve(); });
  }

  void give_up() {
    done_ = nullptr;
    stop_waiting();
    handshake_.reset();
    stream_.reset();
    socket_.reset();
  }

 private:
  void resolve() {
    if (!done_) return;
    began_ = Clock::now();
    ends_ = began_ + options_.timeout;
    if (auto known = shared_->addresses.known(url_, began_)) {
      addresses_ = *std::move(known);
      connect_next();
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
    connect_next();
  }

  Result<UniqueFd> connect(const asio::ip::tcp::endpoint& to) {
    SQUALL_TRY(const auto source, shared_->addresses.next_source(to.address().is_v6()));
    return begin_connect(to, source);
  }

  void connect_next() {
    stop_waiting();
    socket_.reset();
    if (connect_began_ == Instant{}) connect_began_ = Clock::now();
    while (tried_ < addresses_.size()) {
      const asio::ip::tcp::endpoint& to = addresses_[tried_++];
      outcome_.address = shown_address(url_, to);
      auto socket = connect(to);
      if (!socket) {
        why_ = socket.error().message();
        continue;
      }
      socket_ = *std::move(socket);
      const auto left = static_cast<std::int64_t>(addresses_.size() - tried_ + 1);
      const Instant now = Clock::now();
      begin_step(now + (ends_ - now) / left);
      wait(asio::posix::stream_descriptor::wait_write, socket_.get(), &Course::on_connected);
      return;
    }
    fail(addresses_.empty() ? ErrorClass::kResolve : ErrorClass::kConnect,
         addresses_.empty() ? "no address" : why_);
  }

  void on_connected() {
    if (auto connected = connect_result(socket_.get()); !connected) {
      why_ = connected.error().message();
      connect_next();
      return;
    }
    const Instant now = Clock::now();
    outcome_.connect = now - connect_began_;
    stop_waiting();
    if (url_.scheme != "https" || !options_.tls) {
      stream_ = std::make_unique<TcpStream>(std::move(socket_));
      finish();
      return;
    }
    handshake_ = shared_->handshakes.enter(
        [this] { asio::post(shared_->loop, [self = shared_from_this()] { self->begin_tls(); }); });
    connected_ = now;
    if (handshake_->is_inside()) begin_tls();
  }

  void begin_tls() {
    if (!done_ || stream_) return;
    tls_began_ = Clock::now();
    ends_ += tls_began_ - connected_;  // The wait was for us, not for the server.
    stream_ =
        options_.tls->connect(std::move(socket_), url_.host, options_.sessions, url_.authority());
    begin_step(ends_);
    handshake();
  }

  void handshake() {
    switch (stream_->handshake().kind) {
      case IoStep::Kind::kDone:
        outcome_.tls = Clock::now() - tls_began_;
        if (!options_.protocol.empty() && stream_->protocol() != options_.protocol) {
          fail(ErrorClass::kTls, "the server did not agree on " + options_.protocol);
          return;
        }
        finish();
        return;
      case IoStep::Kind::kWantRead:
        wait(asio::posix::stream_descriptor::wait_read, stream_->descriptor(), &Course::handshake);
        return;
      case IoStep::Kind::kWantWrite:
        wait(asio::posix::stream_descriptor::wait_write, stream_->descriptor(), &Course::handshake);
        return;
      case IoStep::Kind::kEnd:
        fail(ErrorClass::kTls, "the server closed the connection");
        return;
      case IoStep::Kind::kFailed:
      case IoStep::Kind::kTlsFailed:
        fail(ErrorClass::kTls, stream_->error_text());
        return;
    }
  }

  /// A new step, which must be over by `limit`.
  std::uint64_t begin_step(Instant limit) {
    const std::uint64_t step = ++step_;
    timer_.expires_at(limit);
    timer_.async_wait([self = shared_from_this(), step](const error_code& aborted) {
      if (aborted || !self->done_ || self->step_ != step) return;
      self->on_timeout();
    });
    return step;
  }

  void on_timeout() {
    why_ = "timed out";
    if (stream_) {
      fail(ErrorClass::kTls, why_);
    } else if (socket_) {
      connect_next();
    } else {
      fail(ErrorClass::kResolve, why_);
    }
  }

  void wait(asio::posix::stream_descriptor::wait_type what, int descriptor,
            void (Course::*then)()) {
    if (!waiter_.is_open()) waiter_.assign(descriptor);
    waiter_.async_wait(what,
                       [self = shared_from_this(), step = step_, then](const error_code& aborted) {
                         if (aborted || !self->done_ || self->step_ != step) return;
                         ((*self).*then)();
                       });
  }

  void stop_waiting() {
    ++step_;
    timer_.cancel();
    asking_.reset();
    if (waiter_.is_open()) waiter_.release();
  }

  void fail(ErrorClass error, std::string why) {
    outcome_.error = error;
    outcome_.why = std::move(why);
    stop_waiting();
    handshake_.reset();
    stream_.reset();
    socket_.reset();
    call_done();
  }

  void finish() {
    stop_waiting();
    handshake_.reset();
    outcome_.stream = std::move(stream_);
    call_done();
  }

  void call_done() {
    const auto self = shared_from_this();  // `done` may destroy the attempt.
    if (auto done = std::exchange(done_, nullptr)) done(std::move(outcome_));
  }

  std::shared_ptr<Shared> shared_;
  const DialOptions& options_;
  Url url_;
  Dialer::Done done_;  // Empty once called, or given up.
  std::unique_ptr<Resolver::Waiting> asking_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  asio::steady_timer timer_;
  std::uint64_t step_ = 0;
  Instant began_{};
  Instant ends_{};
  Instant connect_began_{};
  Instant connected_{};
  Instant tls_began_{};
  AddressFinder::Addresses addresses_;
  std::size_t tried_ = 0;
  UniqueFd socket_;
  std::unique_ptr<HandshakeGate::Pass> handshake_;
  std::unique_ptr<ByteStream> stream_;
  std::string why_;
  Dialled outcome_;
};

class TcpDialer::TcpAttempt final : public Dialer::Attempt {
 public:
  explicit TcpAttempt(std::shared_ptr<Course> course) : course_(std::move(course)) {}
  TcpAttempt(const TcpAttempt&) = delete;
  TcpAttempt& operator=(const TcpAttempt&) = delete;
  ~TcpAttempt() override { course_->give_up(); }

 private:
  std::shared_ptr<Course> course_;
};

TcpDialer::TcpDialer(asio::io_context& loop, DialOptions options)
    : shared_(std::make_shared<Shared>(loop, std::move(options))) {}

TcpDialer::~TcpDialer() = default;

std::unique_ptr<Dialer::Attempt> TcpDialer::dial(const Url& url, Done done) {
  auto course = std::make_shared<Course>(shared_, url, std::move(done));
  course->start();
  return std::make_unique<TcpAttempt>(std::move(course));
}

}  // namespace squall::generators
