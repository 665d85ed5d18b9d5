#include "generators/load/disturber.h"

#include <utility>

namespace squall::generators {

using Clock = std::chrono::steady_clock;

void Disturber::begin(const Disturbance& what, std::uint64_t seed, ForEach for_each) {
  end();
  for_each_ = std::move(for_each);
  trouble_ = std::make_shared<DatagramTrouble>(what, seed);
  const Instant now = Clock::now();
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

void Disturber::rebind(Instant when) {
  for_each_([when](Connection& connection) { connection.rebind(when); });
  again(rebinds_, when + *trouble_->what.rebind_every, &Disturber::rebind);
}

void Disturber::migrate(Instant when) {
  const std::string& to = trouble_->what.migrate_to[turn_++ % trouble_->what.migrate_to.size()];
  for_each_([&](Connection& connection) { connection.migrate(to, when); });
  again(migrations_, when + *trouble_->what.migrate_every, &Disturber::migrate);
}

void Disturber::update_keys(Instant when) {
  for_each_([when](Connection& connection) { connection.update_keys(when); });
  again(key_updates_, when + *trouble_->what.update_keys_every, &Disturber::update_keys);
}

void Disturber::again(asio::steady_timer& timer, Instant at, void (Disturber::*what)(Instant)) {
  timer.expires_at(at);
  // One that is queued already comes in spite of being cancelled.
  timer.async_wait([this, what, of = std::weak_ptr(trouble_)](const boost::system::error_code& no) {
    if (!no && trouble_ && of.lock() == trouble_) (this->*what)(Clock::now());
  });
}

}  // namespace squall::generators
