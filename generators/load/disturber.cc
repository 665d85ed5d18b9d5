#include "generators/load/disturber.h"

#include <utility>

namespace squall::generators {

using Clock = std::chrono::steady_clock;

void Disturber::begin(const Disturbance& what, std::uint64_t seed, ForEach for_each) {
  end();
  for_each_ = std::move(for_each);
  trouble_ = std::make_shared<DatagramTrouble>(what, seed);
  const Instant now = Clock::now();
  over_ = what.lasts ? now + *what.lasts : Instant::max();
  for_each_([&](Connection& connection) { connection.disturb(trouble_, now); });
  if (what.rebind_every) rebind(now);
  if (what.migrate_every && !what.migrate_to.empty()) migrate(now);
  if (what.update_keys_every) update_keys(now);
}

DisturbanceTally Disturber::end() {
  if (!trouble_) return {};
  rebinds_.cancel();
  migrations_.cancel();
  key_updates_.cancel();
  const Instant now = Clock::now();
  for_each_([now](Connection& connection) { connection.disturb(nullptr, now); });
  return std::exchange(trouble_, nullptr)->tally;
}

void Disturber::on_opened(Connection& connection, Instant now) {
  if (trouble_) connection.disturb(trouble_, now);
}

void Disturber::on_lost(const Connection& connection) {
  if (!trouble_ || !connection.is_disturbed() || connection.has_left_in_good_order()) return;
  ++trouble_->tally.lost;
}

void Disturber::rebind(Instant due) {
  const Instant now = Clock::now();
  for_each_([now](Connection& connection) { connection.rebind(now); });
  again(rebinds_, due, *trouble_->what.rebind_every, &Disturber::rebind);
}

void Disturber::migrate(Instant due) {
  const Instant now = Clock::now();
  const std::string& to = trouble_->what.migrate_to[turn_++ % trouble_->what.migrate_to.size()];
  for_each_([&](Connection& connection) { connection.migrate(to, now); });
  again(migrations_, due, *trouble_->what.migrate_every, &Disturber::migrate);
}

void Disturber::update_keys(Instant due) {
  const Instant now = Clock::now();
  for_each_([now](Connection& connection) { connection.update_keys(now); });
  again(key_updates_, due, *trouble_->what.update_keys_every, &Disturber::update_keys);
}

std::optional<Instant> Disturber::next_round(Instant due, Duration every, Instant now,
                                             Instant over) {
  // The last that was due by now, or the one at `due` itself.
  const Instant last = now <= due ? due : due + (now - due) / every * every;
  // Not last + every < over: an end that is not known is the greatest time that there is.
  if (over - last <= every) return std::nullopt;
  return last + every;
}

void Disturber::again(asio::steady_timer& timer, Instant due, Duration every,
                      void (Disturber::*what)(Instant)) {
  const auto next = next_round(due, every, Clock::now(), over_);
  if (!next) return;
  timer.expires_at(*next);
  // One that is queued already comes in spite of being cancelled.
  timer.async_wait(
      [this, what, at = *next, of = std::weak_ptr(trouble_)](const boost::system::error_code& no) {
        if (!no && trouble_ && of.lock() == trouble_) (this->*what)(at);
      });
}

}  // namespace squall::generators
