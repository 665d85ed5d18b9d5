#include "generators/transport/dial.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "generators/transport/tcp.h"

namespace squall::generators {
namespace {

using reports::ErrorClass;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

/// One attempt's state machine: resolve → connect (address by address) → tls. Handlers hold it
/// alive; `step_` tells those of an earlier step that they come too late.
class Course : public std::enable_shared_from_this<Course> {
 public:
  Course(asio::io_context& loop, std::shared_ptr<const DialOptions> options, Url url,
         Dialer::Done done)
      : loop_(loop),
        options_(std::move(options)),
        url_(std::move(url)),
        done_(std::move(done)),
        resolver_(loop),
        waiter_(loop),
        timer_(loop) {}

  void start() {
    asio::post(loop_, [self = shared_from_this()] { self->resolve(); });
  }

  void give_up() {
    done_ = nullptr;
    stop_waiting();
    stream_.reset();
    socket_.reset();
  }

 private:
  void resolve() {
    if (!done_) return;
    began_ = Clock::now();
    ends_ = began_ + options_->timeout;
    if (const auto fixed = options_->resolve.find(url_.host); fixed != options_->resolve.end()) {
      for (const std::string& text : fixed->second) {
        error_code bad;
        const auto address = asio::ip::make_address(text, bad);
        if (!bad) addresses_.emplace_back(address, url_.port);
      }
      connect_next();
      return;
    }
    error_code is_name;
    const auto address = asio::ip::make_address(url_.host, is_name);
    if (!is_name) {
      addresses_.emplace_back(address, url_.port);
      connect_next();
      return;
    }
    const std::uint64_t step = begin_step(ends_);
    resolver_.async_resolve(
        url_.host, std::to_string(url_.port), asio::ip::resolver_base::numeric_service,
        [self = shared_from_this(), step](const error_code& failure, const auto& found) {
          if (!self->done_ || self->step_ != step) return;
          if (failure) {
            self->fail(ErrorClass::kResolve, failure.message());
            return;
          }
          self->outcome_.resolve = Clock::now() - self->began_;
          for (const auto& entry : found) self->addresses_.push_back(entry.endpoint());
          self->connect_next();
        });
  }

  void connect_next() {
    stop_waiting();
    socket_.reset();
    if (connect_began_ == Instant{}) connect_began_ = Clock::now();
    while (tried_ < addresses_.size()) {
      auto socket = begin_connect(addresses_[tried_++]);
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
    if (url_.scheme != "https" || !options_->tls) {
      stream_ = std::make_unique<TcpStream>(std::move(socket_));
      finish();
      return;
    }
    stream_ = options_->tls->connect(std::move(socket_), url_.host);
    tls_began_ = now;
    begin_step(ends_);
    handshake();
  }

  void handshake() {
    switch (stream_->handshake().kind) {
      case IoStep::Kind::kDone:
        outcome_.tls = Clock::now() - tls_began_;
        if (!options_->protocol.empty() && stream_->protocol() != options_->protocol) {
          fail(ErrorClass::kTls, "the server did not agree on " + options_->protocol);
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
    resolver_.cancel();
    if (waiter_.is_open()) waiter_.release();
  }

  void fail(ErrorClass error, std::string why) {
    outcome_.error = error;
    outcome_.why = std::move(why);
    stop_waiting();
    stream_.reset();
    socket_.reset();
    call_done();
  }

  void finish() {
    stop_waiting();
    outcome_.stream = std::move(stream_);
    call_done();
  }

  void call_done() {
    const auto self = shared_from_this();  // `done` may destroy the attempt.
    if (auto done = std::exchange(done_, nullptr)) done(std::move(outcome_));
  }

  asio::io_context& loop_;
  std::shared_ptr<const DialOptions> options_;
  Url url_;
  Dialer::Done done_;  // Empty once called, or given up.
  asio::ip::tcp::resolver resolver_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  asio::steady_timer timer_;
  std::uint64_t step_ = 0;
  Instant began_{};
  Instant ends_{};
  Instant connect_began_{};
  Instant tls_began_{};
  std::vector<asio::ip::tcp::endpoint> addresses_;
  std::size_t tried_ = 0;
  UniqueFd socket_;
  std::unique_ptr<ByteStream> stream_;
  std::string why_;
  Dialled outcome_;
};

class TcpAttempt final : public Dialer::Attempt {
 public:
  explicit TcpAttempt(std::shared_ptr<Course> course) : course_(std::move(course)) {}
  TcpAttempt(const TcpAttempt&) = delete;
  TcpAttempt& operator=(const TcpAttempt&) = delete;
  ~TcpAttempt() override { course_->give_up(); }

 private:
  std::shared_ptr<Course> course_;
};

}  // namespace

TcpDialer::TcpDialer(asio::io_context& loop, DialOptions options)
    : loop_(loop), options_(std::make_shared<const DialOptions>(std::move(options))) {}

std::unique_ptr<Dialer::Attempt> TcpDialer::dial(const Url& url, Done done) {
  auto course = std::make_shared<Course>(loop_, options_, url, std::move(done));
  course->start();
  return std::make_unique<TcpAttempt>(std::move(course));
}

}  // namespace squall::generators
