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

/// As people write it: "127.0.0.1:8443", "[::1]:8443".
std::string to_text(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

}  // namespace

struct TcpDialer::Shared {
  Shared(asio::io_context& context, DialOptions dial_options)
      : loop(context), options(std::move(dial_options)), handshakes(loop), sources(options.turn) {
    if (!options.resolver) options.resolver = std::make_shared<Resolver>(loop);
  }

  /// Whose turn it is: one for each host.
  std::uint64_t next_turn(const std::string& host) {
    return turns.try_emplace(host, options.turn).first->second++;
  }

  asio::io_context& loop;
  DialOptions options;
  HandshakeGate handshakes;
  std::map<std::string, std::uint64_t> turns;
  std::uint64_t sources;
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
    error_code bad;
    if (url_.relay) {
      const auto address = asio::ip::make_address(url_.relay->address, bad);
      if (!bad) addresses_.emplace_back(address, url_.relay->port);
      connect_next();
    } else if (const auto fixed = options_.resolve.find(url_.host);
               fixed != options_.resolve.end()) {
      std::vector<asio::ip::address> addresses;
      for (const std::string& text : fixed->second) {
        const auto address = asio::ip::make_address(text, bad);
        if (!bad) addresses.push_back(address);
      }
      connect_to(addresses);
    } else if (const auto address = asio::ip::make_address(url_.host, bad); !bad) {
      connect_to({address});
    } else if (const Resolved* known = options_.resolver->known(url_.host, began_)) {
      connect_to(known->addresses);
    } else {
      begin_step(ends_);
      // Given up together with this, so it need not hold it.
      asking_ = options_.resolver->ask(url_.host,
                                       [this](const Resolved& resolved) { on_resolved(resolved); });
    }
  }

  void on_resolved(const Resolved& resolved) {
    const auto self = shared_from_this();
    asking_.reset();
    if (!done_) return;
    if (resolved.addresses.empty()) {
      fail(ErrorClass::kResolve, resolved.why);
      return;
    }
    outcome_.resolve = Clock::now() - began_;
    connect_to(resolved.addresses);
  }

  /// One after the other, beginning with the one whose turn it is.
  void connect_to(const std::vector<asio::ip::address>& addresses) {
    for (const auto& address : addresses) addresses_.emplace_back(address, url_.port);
    if (addresses_.size() > 1) {
      const std::uint64_t first = shared_->next_turn(url_.host) % addresses_.size();
      std::rotate(addresses_.begin(), addresses_.begin() + static_cast<std::ptrdiff_t>(first),
                  addresses_.end());
    }
    connect_next();
  }

  Result<UniqueFd> connect(const asio::ip::tcp::endpoint& to) {
    if (options_.source.empty()) return begin_connect(to);
    const bool v6 = to.address().is_v6();
    if (options_.source.count(v6) == 0) {
      return error(std::errc::address_family_not_supported,
                   std::string("no source address is of ") + (v6 ? "IPv6" : "IPv4"));
    }
    return begin_connect(to, options_.source.at(v6, shared_->sources++));
  }

  void connect_next() {
    stop_waiting();
    socket_.reset();
    if (connect_began_ == Instant{}) connect_began_ = Clock::now();
    while (tried_ < addresses_.size()) {
      const asio::ip::tcp::endpoint& to = addresses_[tried_++];
      // What stands behind a relay is what was meant: its own port says nothing to anybody.
      outcome_.address =
          url_.relay ? to_text(url_.host, url_.port) : to_text(to.address().to_string(), to.port());
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
  std::vector<asio::ip::tcp::endpoint> addresses_;
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
