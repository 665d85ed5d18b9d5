#include "generators/load/auto_dialer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/log.h"

namespace squall::generators {

using Clock = std::chrono::steady_clock;

/// QUIC, and TCP behind it.
class AutoDialer::Race final : public Dialer::Attempt {
 public:
  Race(AutoDialer& dialer, const Url& url, std::uint16_t port, Done done)
      : dialer_(dialer),
        url_(url),
        done_(std::move(done)),
        by_record_(dialer.alternatives_.is_by_record(url)),
        began_(Clock::now()),
        timer_(dialer.loop_) {
    Url alternative = url;
    alternative.port = port;
    dialer_.races_.insert(this);
    give_head_start();
    quic_ = dialer_.quic_->dial_and_tell(
        alternative, [this] { on_begun(); },
        [this](Dialled dialled) { on_quic(std::move(dialled)); });
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  ~Race() override { dialer_.races_.erase(this); }

  /// QUIC has been found out of reach meanwhile: where it has not begun here, it does not.
  void avoid(Instant now) {
    const bool waits = quic_ && quic_->is_queued() && !tcp_ && !tcp_failed_;
    if (!waits || !dialer_.alternatives_.is_avoided(url_, now)) return;
    avoided_ = true;
    quic_.reset();
    begin_tcp();
  }

 private:
  /// Time in which QUIC waits for its turn is none in which the network is silent.
  void on_begun() {
    if (tcp_ || tcp_failed_) return;
    began_ = Clock::now();
    give_head_start();
  }

  void give_head_start() {
    timer_.expires_at(began_ + kHeadStart);
    // One that is queued already comes in spite of being cancelled.
    timer_.async_wait([this, alive = std::weak_ptr(alive_),
                       of = began_](const boost::system::error_code& aborted) {
      if (aborted || alive.expired() || of != began_) return;
      if (quic_ && quic_->is_queued()) return;  // on_begun() comes.
      begin_tcp();
    });
  }

  void begin_tcp() {
    timer_.cancel();
    if (tcp_ || tcp_failed_) return;
    tcp_began_ = Clock::now();
    tcp_ = dialer_.tcp_->dial(url_, [this](Dialled dialled) { on_tcp(std::move(dialled)); });
  }

  void on_quic(Dialled dialled) {
    quic_.reset();
    if (!dialled.is_up()) {
      ends_ = std::move(dialled.ends);
      if (tcp_failed_) {
        end(*std::exchange(tcp_failed_, std::nullopt));
      } else {
        begin_tcp();
      }
      return;
    }
    dialer_.alternatives_.worked(url_);
    dialled.alternative = Dialled::Alternative::kTaken;
    dialled.is_by_record = by_record_;
    end(std::move(dialled));
  }

  void on_tcp(Dialled dialled) {
    tcp_.reset();
    if (!dialled.is_up() && quic_) {  // Which may still be up in time.
      tcp_failed_ = std::move(dialled);
      return;
    }
    if (dialled.is_up() && avoided_) {
      dialled.alternative = Dialled::Alternative::kAvoided;
    } else if (dialled.is_up()) {
      dialled.alternative = Dialled::Alternative::kFellBack;
      dialled.fell_back_after = tcp_began_ - began_;
      quic_.reset();
      dialer_.alternative_failed(url_, Clock::now());
    }
    end(std::move(dialled));
  }

  void end(Dialled dialled) {
    timer_.cancel();
    quic_.reset();
    tcp_.reset();
    const Done done = std::move(done_);
    dialled.ends.insert(dialled.ends.end(), ends_.begin(), ends_.end());
    done(std::move(dialled));  // It may destroy this.
  }

  AutoDialer& dialer_;
  Url url_;
  Done done_;
  bool by_record_;
  Instant began_;
  Instant tcp_began_{};
  asio::steady_timer timer_;
  std::unique_ptr<Attempt> quic_;  // Under way; else null.
  std::unique_ptr<Attempt> tcp_;
  std::optional<Dialled> tcp_failed_;
  std::vector<SessionEnd> ends_;  // Of attempts over QUIC.
  bool avoided_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

AutoDialer::AutoDialer(asio::io_context& loop, std::unique_ptr<Dialer> tcp,
                       std::unique_ptr<Dialer> quic, AskServices ask)
    : loop_(loop), tcp_(std::move(tcp)), quic_(std::move(quic)), ask_(std::move(ask)) {}

AutoDialer::~AutoDialer() = default;

void AutoDialer::alternative_failed(const Url& url, Instant now) {
  alternatives_.failed(url, now);
  for (Race* race : races_) race->avoid(now);
}

std::unique_ptr<Dialer::Attempt> AutoDialer::dial(const Url& url, Done done) {
  const Instant now = Clock::now();
  ask_services(url, now);
  if (alternatives_.is_avoided(url, now)) {
    return tcp_->dial(url, [done = std::move(done)](Dialled dialled) {
      dialled.alternative = Dialled::Alternative::kAvoided;
      done(std::move(dialled));
    });
  }
  const auto port = alternatives_.port(url, now);
  // A relay stands before the URL's own port alone.
  if (!port || (url.relay && *port != url.port)) return tcp_->dial(url, std::move(done));
  return std::make_unique<Race>(*this, url, *port, std::move(done));
}

// Who had no answer from the DNS is not asked again at once; nor who had none that holds.
constexpr Duration kAskAgain = std::chrono::seconds(10);
constexpr Duration kLeastAnswer = std::chrono::seconds(1);

void AutoDialer::ask_services(const Url& url, Instant now) {
  if (!ask_ || url.scheme != "https") return;
  const auto [due, is_first] = ask_again_.try_emplace(url.authority(), Instant::max());
  if (!is_first && now < due->second) return;
  due->second = Instant::max();
  // Nobody waits for it, and it does not hold this.
  ask_(url, [this, alive = std::weak_ptr(alive_), url](const Resolver::Services& services) {
    if (!alive.expired()) on_services(url, services);
  });
}

void AutoDialer::on_services(const Url& url, const Resolver::Services& services) {
  const Instant now = Clock::now();
  Duration holds = services.records.empty() ? kAskAgain : Duration::max();
  for (const ServiceRecord& record : services.records) holds = std::min(holds, record.holds);
  ask_again_[url.authority()] = now + std::max(holds, kLeastAnswer);
  if (!services.why.empty()) log_debug("HTTPS record of " + url.host + ": " + services.why);
  const bool leads_elsewhere = alternatives_.heard(url, services.records, now);
  if (leads_elsewhere && !std::exchange(said_elsewhere_, true)) {
    log_warning("the HTTPS record of " + url.authority() +
                " leads to another host, and is not followed");
  }
}

AutoDialer::AskServices ask_by(std::shared_ptr<Resolver> resolver,
                               std::map<std::string, std::vector<std::string>> resolve) {
  return [resolver = std::move(resolver), resolve = std::move(resolve)](
             const Url& url, Resolver::ServicesDone done) {
    boost::system::error_code is_a_name;
    asio::ip::make_address(url.host, is_a_name);
    const bool asks = is_a_name && resolve.count(url.host) == 0 && !url.relay;
    if (asks) resolver->ask_services(url.host, url.port, std::move(done));
  };
}

reports::QuicCounts counts_of_alternative(const Dialled& dialled) {
  using Way = Dialled::Alternative;
  const auto late = std::chrono::duration_cast<std::chrono::microseconds>(dialled.fell_back_after);
  reports::QuicCounts counts;
  counts.alternatives = dialled.alternative == Way::kTaken ? 1 : 0;
  counts.alternatives_by_record = dialled.is_by_record ? counts.alternatives : 0;
  counts.fell_back = dialled.alternative == Way::kFellBack ? 1 : 0;
  counts.fell_back_us = counts.fell_back * static_cast<std::uint64_t>(late.count());
  counts.avoided = dialled.alternative == Way::kAvoided ? 1 : 0;
  return counts;
}

}  // namespace squall::generators
