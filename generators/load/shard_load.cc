#include "generators/load/shard_load.h"

#include <algorithm>
#include <utility>

#include "harness/runtime/shard.h"

namespace squall::generators {

using reports::ErrorClass;
using Clock = std::chrono::steady_clock;

namespace {

// Connections are opened so long before they are needed.
constexpr Duration kAhead = std::chrono::seconds(3);
// So many requests share a timestamp at most.
constexpr int kBatch = 64;
// Arrivals are looked for no more often than this: at high rates those that fall due meanwhile go
// out together, half as late as this on average.
constexpr Duration kLeastPause = std::chrono::microseconds(50);
// While the shard rests it looks for them after each rest, and the timer need not.
constexpr Duration kLongPause = std::chrono::milliseconds(1);
// After so many batches what has arrived gets its turn.
constexpr int kBatches = 16;

PoolOptions pool_options(const PreparedLoad& load, const LoadPart& part) {
  PoolOptions options;
  options.urls = load.target.urls;
  options.places = part.places;
  options.balance = load.target.balance;
  options.protocol = load.target.protocol;
  options.streams = load.target.streams;
  options.timeout = load.target.timeout;
  options.reconnect = load.target.reconnect;
  options.renew = load.target.new_connection_every;
  options.connect_over = load.target.connect_over;
  options.seed = random_at(derive_seed(load.seed, "connections"), part.slice.number(0));
  return options;
}

/// What is left of stages when so much of them is over.
std::vector<Stage> rest_of(std::vector<Stage> stages, Duration over) {
  while (!stages.empty() && stages.front().length <= over) {
    over -= stages.front().length;
    stages.erase(stages.begin());
  }
  if (stages.empty() || over <= Duration::zero()) return stages;
  Stage& first = stages.front();
  const double part = to_seconds(over) / to_seconds(first.length);
  first.from.per_second += (first.to.per_second - first.from.per_second) * part;
  first.length -= over;
  return stages;
}

std::optional<Split> split_of(const PreparedLoad& load) {
  if (!load.load.split) return std::nullopt;
  return Split{.seed = derive_seed(load.seed, "canary"),
               .share = load.load.split->share,
               .takes = load.load.split->is_canary};
}

}  // namespace

ShardLoad::ShardLoad(asio::io_context& loop, std::shared_ptr<const PreparedLoad> load,
                     LoadPart part, Dialer& dialer, Recorder& recorder,
                     std::function<void()> on_done, RestRule rest)
    : loop_(loop),
      load_(std::move(load)),
      part_(std::move(part)),
      recorder_(recorder),
      on_done_(std::move(on_done)),
      pool_(loop, dialer, recorder, pool_options(*load_, part_), *this),
      schedule_(load_->schedule),
      rows_(part_.slice),
      timer_(loop),
      opening_(loop),
      rest_(rest) {
  if (const auto* open = std::get_if<OpenSpec>(&load_->load.schedule)) {
    arrivals_.emplace(schedule_, open->arrivals, load_->seed, part_.slice, split_of(*load_));
  } else if (load_->moments) {
    arrivals_.emplace(load_->moments, part_.slice, split_of(*load_));
  } else {
    users_.emplace(std::get<ClosedSpec>(load_->load.schedule).think,
                   random_at(derive_seed(load_->seed, "think"), part_.slice.number(0)));
  }
}

void ShardLoad::open(Instant start) {
  recorder_.begin_at(start);
  if (done_) return;
  begin_ = start + load_->load.at;
  end_ = begin_ + (schedule_ ? schedule_->length() : load_->load.length());
  give_up_ = end_ + load_->target.timeout;
  opened_ = true;
  if (users_) {
    add_users(part_.slice.count_below(std::get<ClosedSpec>(load_->load.schedule).users), begin_);
  }
  opening_.expires_at(begin_ - kAhead);
  opening_.async_wait([this](const boost::system::error_code& aborted) {
    if (!aborted && !done_) pool_.open();
  });
  arm();
}

void ShardLoad::add_users(std::uint64_t count, Instant from) {
  if (load_->keeps_walkers) walkers_.add_users(count);
  for (; count > 0; --count) users_->wake(known_users_++, from);
}

void ShardLoad::more_users(Duration at, std::uint64_t count) {
  if (done_ || stopped_ || !users_ || !opened_) return;
  add_users(count, std::max(begin_, begin_ - load_->load.at + at));
  arm();
}

void ShardLoad::pace(Duration at, const std::vector<Stage>& stages) {
  if (done_ || stopped_ || !schedule_) return;
  const Duration asked = std::max(Duration::zero(), at - load_->load.at);
  // What was offered since then stays so: it is neither caught up with nor made up for.
  const Duration from = opened_ ? std::max(asked, Clock::now() - begin_) : asked;
  const std::vector<Stage> rest = rest_of(stages, from - asked);
  if (rest.empty()) return;  // All that was asked for is over.
  auto changed = schedule_->changed_at(from, rest);
  if (!changed) return;  // The engine has checked the stages.
  schedule_ = std::make_shared<const OpenSchedule>(*std::move(changed));
  arrivals_->change(schedule_);
  if (!opened_) return;
  end_ = begin_ + schedule_->length();
  give_up_ = end_ + load_->target.timeout;
  tick();
}

void ShardLoad::allow_until(Instant moment) {
  allowed_until_ = moment;
  if (!done_ && !heed_lapse(Clock::now())) arm();
}

bool ShardLoad::heed_lapse(Instant now) {
  if (stopped_ || now < allowed_until_) return false;
  on_lapse_();
  stop(Duration::zero());
  return true;
}

void ShardLoad::stop(Duration drain) {
  if (done_) return;
  const Instant now = Clock::now();
  if (stopped_) {  // Told again, perhaps with less patience.
    cut_ = std::min(cut_.value_or(now + drain), now + drain);
    tick();
    return;
  }
  stopped_ = true;
  opening_.cancel();
  if (opened_) count_rest_as_unsent(std::min(now, allowed_until_ - Duration(1)));
  leave_unsent(now);
  end_ = std::min(end_, now);
  give_up_ = now;
  cut_ = now + drain;
  tick();
}

void ShardLoad::close() {
  if (done_) return;
  const Instant now = Clock::now();
  stopped_ = true;
  leave_unsent(now);
  pool_.close(now);
  end_again(now, ErrorClass::kClosed, now);
  end_ = now;
  check_over(now);
}

/// What has fallen due since the last tick, when there is no more sending.
void ShardLoad::count_rest_as_unsent(Instant now) {
  while (has_due(now)) release_arrivals(now);
  if (users_) users_->clear();
}

bool ShardLoad::has_due(Instant now) const {
  return arrivals_ && !used_up_ && arrivals_->peek() && begin_ + arrivals_->peek()->due <= now;
}

Duration ShardLoad::rest() const {
  if (done_) return kNoMatter;
  if (!opened_ || stopped_ || !nothing_waits()) return Duration::zero();
  if (users_) return rest_.for_answers(pool_.in_flight());
  // A recording is replayed without rests: its requests are late by the least pause, no more.
  return load_->moments || !arrivals_->peek() ? Duration::zero() : rest_.for_arrivals();
}

bool ShardLoad::on_rested() {
  if (done_ || !arrivals_) return false;
  shard_rests_ = true;
  tick();
  return true;
}

void ShardLoad::on_awake() {
  if (!std::exchange(shard_rests_, false) || done_) return;
  next_look_ = Instant::min();
  arm();
}

void ShardLoad::tick() {
  if (done_) return;
  Instant now = Clock::now();
  if (heed_lapse(now)) return;
  if (const auto expiry = pool_.next_expiry(); expiry && *expiry <= now) pool_.expire(now);
  end_again(now - load_->target.timeout, ErrorClass::kTimeout, now);
  if (cut_ && *cut_ <= now) {
    pool_.expire_all(now);
    end_again(now, ErrorClass::kTimeout, now);
  }
  shed_stale(now);
  if (!stopped_) {
    if (arrivals_) {
      // Each batch has a timestamp of its own, so that `sent` is never long before the write.
      for (int batch = 0; batch < kBatches && has_due(now); ++batch) {
        release_arrivals(now);
        pump(now);
        now = Clock::now();
      }
    } else if (users_) {
      release_users(now);
    }
  }
  pump(now);
  if (give_up_ <= now) leave_unsent(now);
  check_over(now);
  rest_.look(now);
  if (arrivals_ && !has_due(now)) next_look_ = now + (shard_rests_ ? kLongPause : kLeastPause);
  if (!done_) arm();
}

void ShardLoad::release_arrivals(Instant now) {
  was_free_ = !stopped_ && backlog_.empty() && pool_.has_free();
  for (int i = 0; i < kBatch && has_due(now); ++i) {
    const Arrival arrival = *arrivals_->peek();
    arrivals_->pop();
    Job job{begin_ + arrival.due, arrival.number, 0, 0};
    if (!begin(job)) return;
    release(job);
  }
}

void ShardLoad::release_users(Instant now) {
  was_free_ = backlog_.empty() && pool_.has_free();
  while (!users_->empty() && users_->next() <= now) {
    const Instant due = users_->next();
    const std::uint32_t user = users_->pop();
    if (due >= end_) continue;  // The load is over for this user.
    Job job{due, part_.slice.number(requests_begun_), user, 0};
    if (!begin(job)) continue;  // Neither is there anything left for this user.
    ++requests_begun_;
    release(job);
  }
}

void ShardLoad::release(const Job& job) {
  recorder_.due(job.due);
  rest_.released();
  backlog_.push(job);
}

void ShardLoad::pump(Instant now) {
  if (pumping_ || done_) return;
  pumping_ = true;
  for (;;) {
    shed_stale(now);
    send_again(now);
    for (int i = 0; i < kBatch && !backlog_.empty(); ++i) {
      Connection* connection = pool_.take(now);
      if (connection == nullptr) break;
      const Job job = backlog_.front();
      backlog_.pop();
      tell_lateness(job, now);
      recorder_.sent(now);
      pool_.send(*connection, job, request_of(job, connection->url()), context_of(job), now);
    }
    pool_.flush(now);
    // What is to be sent again may wait beside a free stream, for a better connection.
    if (backlog_.empty() || !pool_.has_free()) break;
    now = Clock::now();  // As in tick().
  }
  pumping_ = false;
  was_free_ = false;
  // With requests that wait and none in flight there is no connection, which is not our fault.
  const bool is_idle = backlog_.empty() && !has_due(now);
  if (is_idle || (!backlog_.empty() && pool_.in_flight() == 0)) blame_.clear();
}

void ShardLoad::tell_lateness(const Job& job, Instant now) {
  if (was_free_) {
    blame_.late(now - job.due);
  } else if (!blame_.is_ours()) {
    return;
  }
  recorder_.late(job.due, now - job.due);
}

Instant ShardLoad::behind_since() {
  const Instant awake = Shard::awake_since();
  if (awake != std::exchange(awake_, awake)) overdue_ = awake;
  // A timer that has not been served yet should have woken us.
  return std::min(overdue_, armed_for_);
}

void ShardLoad::send_again(Instant now) {
  while (!again_.empty()) {
    Connection* connection = pool_.take_again(now, again_.front().from);
    if (connection == nullptr) return;
    const Job job = again_.front().job;
    again_.pop();
    recorder_.retried(now);
    pool_.send(*connection, job, request_of(job, connection->url()), context_of(job), now);
  }
}

void ShardLoad::end_again(Instant before, ErrorClass error, Instant now) {
  while (!again_.empty() && again_.front().since <= before) {
    const Again& waiting = again_.front();
    InFlight request;
    request.job = waiting.job;
    request.sent = waiting.sent;
    request.index = waiting.request->index();
    request.address = waiting.address;
    request.request = waiting.request;
    again_.pop();
    on_end(request, error, 0, now);
  }
}

void ShardLoad::shed_stale(Instant now) {
  if (!load_->target.deadline) return;
  while (!backlog_.empty() && now - backlog_.front().due > *load_->target.deadline) {
    const Job job = backlog_.front();
    backlog_.pop();
    tell_lateness(job, now);
    recorder_.shed(job.due);
    go_on_after(job, false, now);
  }
}

void ShardLoad::leave_unsent(Instant now) {
  for (; !backlog_.empty(); backlog_.pop()) {
    tell_lateness(backlog_.front(), now);
    recorder_.unsent(backlog_.front().due);
  }
}

bool ShardLoad::on_unprocessed(const Connection& connection, const InFlight& request, Instant now) {
  if (done_ || (cut_ && *cut_ <= now)) return false;
  Job job = request.job;
  job.again = true;
  again_.push({job, request.sent, request.request, request.address, &connection, now});
  return true;
}

void ShardLoad::on_end(const InFlight& request, ErrorClass error, int status, Instant now) {
  if (!backlog_.empty()) {
    if (now - faded_ >= std::chrono::seconds(1)) {
      blame_.fade();
      faded_ = now;
    }
    blame_.ended(now - request.sent, now - behind_since());
  }
  rest_.ended(now - request.sent);
  recorder_.ended(request, error, status, now);
  if (status != 0 && !request.request->needs_status_only())
    learn(request, error == ErrorClass::kNone);
  go_on_after(request.job, error == ErrorClass::kNone, now);
}

void ShardLoad::on_no_connection(ErrorClass error, Instant now) {
  end_again(now, error, now);
  // Only those waiting at this moment: what a user begins next waits for the next attempt.
  for (std::size_t waiting = backlog_.size(); waiting > 0; --waiting) {
    const Job job = backlog_.front();
    backlog_.pop();
    recorder_.failed_unconnected(job.due, error, now, index_of(job));
    go_on_after(job, false, now);
  }
  check_over(now);
  if (!done_) arm();
}

void ShardLoad::on_progress(Instant now) {
  if (done_) return;
  // What has lapsed is ended by the timer: this may be deep inside of the pool.
  if (stopped_ || now < allowed_until_) {
    if (users_ && !stopped_) release_users(now);
    pump(now);
  }
  check_over(now);
  if (!done_) arm();
}

void ShardLoad::check_over(Instant now) {
  const bool has_nothing_left = used_up_ && (!users_ || users_->empty());
  if (done_ || !nothing_waits() || pool_.in_flight() > 0) return;
  if (now < end_ && !has_nothing_left) return;
  if (!stopped_ && arrivals_ && !used_up_ && arrivals_->peek()) return;
  done_ = true;
  timer_.cancel();
  opening_.cancel();
  pool_.close(now);
  // Not from here: this may be deep inside of the pool.
  asio::post(loop_, [this] { on_done_(); });
}

void ShardLoad::arm() {
  Instant next = Instant::max();
  const auto at = [&next](Instant moment) { next = std::min(next, moment); };
  if (!stopped_) {
    if (opened_) at(allowed_until_);
    if (arrivals_ && !used_up_ && arrivals_->peek()) {
      at(std::max(begin_ + arrivals_->peek()->due, next_look_));
    }
    if (users_ && !users_->empty()) at(users_->next());
  }
  if (const auto expiry = pool_.next_expiry()) at(*expiry);
  if (!backlog_.empty()) {
    at(give_up_);
    if (load_->target.deadline) at(backlog_.front().due + *load_->target.deadline + Duration(1));
  }
  if (!again_.empty()) at(again_.front().since + load_->target.timeout);
  if (cut_ && in_flight() > 0) at(*cut_);
  if (opened_ && backlog_.empty() && in_flight() == 0) at(end_);
  if (next == Instant::max() || next >= armed_for_) return;
  armed_for_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& aborted) {
    if (aborted) return;
    overdue_ = behind_since();
    armed_for_ = Instant::max();
    tick();
  });
}

}  // namespace squall::generators
