#include "generators/load/engine_shard.h"

#include <algorithm>
#include <future>
#include <utility>

#include "generators/http3/quic_dialer.h"
#include "generators/load/auto_dialer.h"

namespace squall::generators {

using Clock = std::chrono::steady_clock;

EngineShard::EngineShard(std::string name) : shard_(std::move(name)), seconds_(shard_.context()) {
  shard_.rest_by(*this);
}

EngineShard::~EngineShard() {
  if (!started_) return;
  asio::post(shard_.context(), [this] {
    for (Part& part : parts_) part.offered->close();
    seconds_.cancel();
  });
  shard_.let_end();
  shard_.join();
}

void EngineShard::add(std::shared_ptr<const PreparedLoad> load, LoadPart part) {
  DialOptions options;
  options.resolve = load->target.resolve;
  options.tls = load->tls;
  if (load->target.protocol == Protocol::kH2) options.protocol = kAlpnH2;
  if (load->tls && load->tls->resumes_sessions()) {
    options.sessions = std::make_shared<TlsSessions>();
  }
  options.timeout = load->target.timeout;
  options.source = load->source;
  options.turn = part.places.empty() ? 0 : part.places.front();
  if (!resolver_) resolver_ = std::make_shared<Resolver>(shard_.context());
  options.resolver = resolver_;
  Part added;
  added.load = load;
  if (load->quic) {
    auto tickets = load->quic->resumes_sessions() ? std::make_shared<QuicTickets>() : nullptr;
    added.dialer = std::make_unique<QuicDialer>(shard_.context(), options, load->quic,
                                                std::move(tickets), load->target.quic, load->qlog);
  }
  if (load->target.protocol != Protocol::kH3) {
    auto ask = ask_by(resolver_, options.resolve);
    auto tcp = std::make_unique<TcpDialer>(shard_.context(), std::move(options));
    if (added.dialer == nullptr) {
      added.dialer = std::move(tcp);
    } else {
      added.dialer = std::make_unique<AutoDialer>(shard_.context(), std::move(tcp),
                                                  std::move(added.dialer), std::move(ask));
    }
  }
  added.recorder = std::make_unique<Recorder>();
  added.recorder->name_requests(load->request_names());
  added.offered =
      std::make_unique<ShardLoad>(shard_.context(), std::move(load), std::move(part), *added.dialer,
                                  *added.recorder, [this] { on_part_done(); });
  added.offered->on_lapse([this] { lapsed_.store(true, std::memory_order_release); });
  parts_.push_back(std::move(added));
}

void EngineShard::start(Instant start) {
  if (started_) return;
  started_ = true;
  asio::post(shard_.context(), [this, start] {
    next_second_ = std::max(start, Clock::now()) + std::chrono::seconds(1);
    measured_at_ = Clock::now();
    cpu_before_ = Shard::cpu_time();
    run_delay_.emplace();
    for (Part& part : parts_) part.offered->open(start);
    if (parts_.empty()) {
      done_.store(true, std::memory_order_release);
    } else {
      next_second();
    }
  });
  shard_.start();
}

void EngineShard::pace(const std::string& load, Duration at, const std::vector<Stage>& stages) {
  asio::post(shard_.context(), [this, load, at, stages] {
    for (Part& part : parts_) {
      if (part.load->load.name == load) part.offered->pace(at, stages);
    }
  });
}

void EngineShard::add_users(const std::string& load, Duration at, std::uint64_t count) {
  asio::post(shard_.context(), [this, load, at, count] {
    for (Part& part : parts_) {
      if (part.load->load.name == load) part.offered->more_users(at, count);
    }
  });
}

void EngineShard::allow_until(Instant moment) {
  asio::post(shard_.context(), [this, moment] {
    for (Part& part : parts_) part.offered->allow_until(moment);
  });
}

void EngineShard::disturb(const std::string& load, const Disturbance& what, std::uint64_t seed) {
  asio::post(shard_.context(), [this, load, what, seed] {
    for (Part& part : parts_) {
      if (part.load->load.name == load) part.offered->disturb(what, seed);
    }
  });
}

DisturbanceTally EngineShard::calm(const std::string& load) {
  std::packaged_task<DisturbanceTally()> task([this, load] {
    DisturbanceTally tally;
    for (Part& part : parts_) {
      if (part.load->load.name == load) tally.add(part.offered->calm());
    }
    return tally;
  });
  auto done = task.get_future();
  asio::post(shard_.context(), [&task] { task(); });
  return done.get();
}

void EngineShard::stop(Duration drain) {
  asio::post(shard_.context(), [this, drain] {
    for (Part& part : parts_) part.offered->stop(drain);
    if (parts_.empty()) done_.store(true, std::memory_order_release);
  });
  if (!started_) {  // Nothing was due: there is only the end to be told.
    started_ = true;
    shard_.start();
  }
}

Duration EngineShard::rest() {
  Duration least = ShardLoad::kNoMatter;
  for (const Part& part : parts_) least = std::min(least, part.offered->rest());
  if (least == ShardLoad::kNoMatter) least = Duration::zero();
  const bool rests = least > Duration::zero();
  // One load with little to do keeps the shard awake, and the others must know.
  if (std::exchange(rests_, rests) && !rests) {
    for (const Part& part : parts_) part.offered->on_awake();
  }
  return least;
}

bool EngineShard::on_rested() {
  bool looks_again = false;
  for (const Part& part : parts_) looks_again = part.offered->on_rested() || looks_again;
  return looks_again;
}

void EngineShard::next_second() {
  seconds_.expires_at(next_second_);
  seconds_.async_wait([this](const boost::system::error_code& aborted) {
    if (aborted || is_done()) return;
    const Instant now = Clock::now();
    hand_over();
    while (next_second_ <= now) next_second_ += std::chrono::seconds(1);
    next_second();
  });
}

void EngineShard::hand_over() {
  const Instant now = Clock::now();
  const Duration cpu = Shard::cpu_time();
  reports::Health health;
  for (Part& part : parts_) {
    part.recorder->hand_over();
    health.backlog += part.offered->backlog();
    health.in_flight += part.offered->in_flight();
    health.lateness_max = std::max(health.lateness_max, part.recorder->take_longest_lateness());
  }
  if (now - measured_at_ >= std::chrono::milliseconds(100)) {  // Less says little about a share.
    const double elapsed = to_seconds(now - measured_at_);
    health.cpu = to_seconds(cpu - cpu_before_) / elapsed;
    if (const auto delay = run_delay_ ? run_delay_->take() : std::nullopt) {
      health.descheduled_max = from_seconds(to_seconds(*delay) / elapsed);
    }
    measured_at_ = now;
    cpu_before_ = cpu;
  }
  const std::lock_guard lock(mutex_);
  health_.backlog = health_.in_flight = 0;  // These are of the moment; the rest is the worst.
  health_.worsen(health);
}

void EngineShard::on_part_done() {
  if (++parts_done_ < parts_.size()) return;
  seconds_.cancel();
  hand_over();
  done_.store(true, std::memory_order_release);
}

void EngineShard::collect(std::vector<reports::LoadSecond>& cells, reports::Health& health) {
  for (Part& part : parts_) part.recorder->collect(part.load->load.name, cells);
  const std::lock_guard lock(mutex_);
  const reports::Health now{.backlog = health_.backlog, .in_flight = health_.in_flight};
  const reports::Health worst = std::exchange(health_, now);
  const std::uint64_t backlog = health.backlog + worst.backlog;
  const std::uint64_t in_flight = health.in_flight + worst.in_flight;
  health.worsen(worst);
  health.backlog = backlog;
  health.in_flight = in_flight;
}

}  // namespace squall::generators
