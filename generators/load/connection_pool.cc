// Longer than 500 lines because a place is one state machine, from dialling to its loss.
#include "generators/load/connection_pool.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "generators/load/auto_dialer.h"
#include "generators/load/datagram_connection.h"
#include "generators/load/stream_connection.h"
#include "harness/base/log.h"
#include "harness/base/warn_again.h"
#include "reports/measure/warnings.h"

namespace squall::generators {

using reports::ErrorClass;
using reports::Metric;
using Clock = std::chrono::steady_clock;

namespace {
// So many requests in a row go out on one connection at most.
constexpr std::size_t kMostTogether = 16;
// A server that means to leave a connection has said so, so long after its last answer.
constexpr Duration kTimeToLeave = std::chrono::milliseconds(20);
}  // namespace

std::vector<std::size_t> connections_of(std::size_t shard, std::size_t shards,
                                        std::size_t connections) {
  std::vector<std::size_t> block;
  const std::size_t end = connections * (shard + 1) / shards;
  for (std::size_t i = connections * shard / shards; i < end; ++i) block.push_back(i);
  return block;
}

ConnectionPool::ConnectionPool(asio::io_context& loop, Dialer& dialer, Recorder& recorder,
                               PoolOptions options, Owner& owner)
    : loop_(loop),
      dialer_(dialer),
      recorder_(recorder),
      owner_(owner),
      options_(std::move(options)),
      timeout_(options_.timeout),
      random_(derive_seed(options_.seed, "urls")),
      told_(options_.urls.size()),
      taken_(options_.urls.size()),
      doubt_(loop),
      disturber_(loop) {
  for (const std::size_t number : options_.places) {
    places_.push_back({number, Backoff(options_.reconnect, random_at(options_.seed, number)),
                       std::make_unique<asio::steady_timer>(loop)});
  }
}

ConnectionPool::~ConnectionPool() = default;

void ConnectionPool::open() {
  const Instant now = Clock::now();
  const auto all = static_cast<double>(places_.size());
  for (std::size_t place = 0; place < places_.size(); ++place) {
    const Duration later =
        from_seconds(to_seconds(options_.connect_over) * static_cast<double>(place) / all);
    if (later <= Duration::zero()) {
      dial(place);
    } else {
      dial_at(place, now + later);
    }
  }
}

void ConnectionPool::close(Instant now) {
  if (std::exchange(closed_, true)) return;
  const auto end = [&](Connection& connection) {
    if (!connection.is_established()) recorder_.connection_given_up(now);
    connection.close(now);
  };
  for (Place& place : places_) {
    if (std::exchange(place.attempt, nullptr)) recorder_.connection_given_up(now);
    place.timer->cancel();
    if (auto connection = std::exchange(place.connection, nullptr)) end(*connection);
  }
  for (const auto& connection : std::exchange(leaving_, {})) end(*connection);
  free_.clear();
  dirty_.clear();
  doubt_.cancel();
  up_ = 0;
  expiry_.reset();
}

Connection* ConnectionPool::take(Instant now) {
  const auto next = [this] { return turn_ + 1 < free_.size() ? turn_ + 1 : 0; };
  while (!free_.empty()) {
    // Another may have come to this place in the meantime; it will do if it is to be flushed.
    const bool stays = together_ > 0 && together_ < kMostTogether && turn_ < free_.size() &&
                       free_[turn_]->is_dirty;
    if (!stays) {
      turn_ = next();
      together_ = 0;
    }
    ++together_;
    Connection* connection = free_[turn_];
    if (!is_worn(*connection, now)) return connection;
    retire(*connection, now);
  }
  return nullptr;
}

Connection* ConnectionPool::take_again(Instant now, const Connection* from) {
  const std::size_t before = free_.size();
  for (std::size_t tries = 0; tries < before; ++tries) {
    Connection* connection = take(now);
    if (connection == nullptr) return nullptr;
    if (!is_used_up(*connection) && (connection != from || free_.size() == 1)) return connection;
    together_ = 0;  // The next one's turn.
  }
  return nullptr;
}

void ConnectionPool::send(Connection& connection, const Job& job, const PreparedRequest& request,
                          const RenderContext& context, Instant now) {
  ++in_flight_;
  if (!expiry_) expiry_ = now + timeout_;
  connection.send(job, request, context, now);
  mark_dirty(connection);
  update_free(connection);
  if (connection.is_worn_out()) retire(connection, now);  // That was the last request it takes.
}

void ConnectionPool::disturb(const Disturbance& what, std::uint64_t seed) {
  disturber_.begin(what, seed, [this](const Disturber::Act& act) {
    // Of its own, because what is done may change places.
    std::vector<std::shared_ptr<Connection>> all = leaving_;
    for (const Place& place : places_) {
      if (place.connection) all.push_back(place.connection);
    }
    for (const auto& connection : all) act(*connection);
  });
  dialer_.disturb(disturber_.trouble());
}

DisturbanceTally ConnectionPool::calm() {
  dialer_.disturb(nullptr);
  return disturber_.end();
}

void ConnectionPool::flush(Instant now) {
  together_ = 0;
  // A connection that breaks while it is flushed may let others be marked; those come next time.
  flushing_.swap(dirty_);
  for (const auto& connection : flushing_) {
    connection->is_dirty = false;
    connection->flush(now);
    if (!closed_) update_free(*connection);
  }
  flushing_.clear();
}

void ConnectionPool::expire_older(Duration timeout, Instant now) {
  std::optional<Instant> next;
  const auto expire = [&](Connection& connection) {
    const std::size_t before = connection.in_flight();
    if (before == 0) return;
    connection.expire(timeout, now);
    if (connection.in_flight() != before) mark_dirty(connection);
    update_free(connection);
    if (connection.in_flight() == 0) return;
    const Instant oldest = connection.oldest_sent() + timeout_;
    next = next ? std::min(*next, oldest) : oldest;
  };
  for (Place& place : places_) {
    if (place.connection) expire(*place.connection);
  }
  for (const auto& connection : leaving_) expire(*connection);
  expiry_ = next;
  std::erase_if(leaving_, [this, now](const std::shared_ptr<Connection>& connection) {
    if (connection->in_flight() > 0) return false;
    close_given_up(*connection, now);
    return true;
  });
}

void ConnectionPool::on_end(const InFlight& request, ErrorClass error, int status, Instant now) {
  --in_flight_;
  // An answer that was read before the sweep came by is as late as one that was read after it.
  if (status != 0 && is_too_late(request, timeout_, now)) {
    error = ErrorClass::kTimeout;
    status = 0;
  }
  owner_.on_end(request, error, status, now);
}

void ConnectionPool::on_trouble(const Connection& connection, ErrorClass error) {
  bool& said = said_[static_cast<std::size_t>(error)];
  if (said) return;
  const std::string why = connection.complaint(error);
  if (why.empty()) return;
  said = true;
  log_warning("requests to " + options_.urls[connection.url()].authority() + " end as " +
              std::string(reports::to_string(error)) + ": " + why);
}

bool ConnectionPool::on_unprocessed(const Connection& connection, const InFlight& request,
                                    Instant now) {
  if (closed_ || !owner_.on_unprocessed(connection, request, now)) return false;
  --in_flight_;
  return true;
}

void ConnectionPool::on_bytes(std::uint64_t received, std::uint64_t sent, Instant now) {
  recorder_.bytes(now, received, sent);
}

void ConnectionPool::on_datagrams(std::uint64_t received, std::uint64_t dropped, Instant now) {
  recorder_.datagrams(now, received, dropped);
}

void ConnectionPool::on_quic(const reports::QuicCounts& counts, Instant now) {
  recorder_.quic(now, counts);
}

void ConnectionPool::on_established(Connection& connection, Duration took, Instant now) {
  recorder_.measured(now, Metric::kConnect, took);
  note_opened(connection, connection.is_resumed(), now);
}

void ConnectionPool::note_opened(const Connection& connection, bool is_resumed, Instant now) {
  recorder_.connection_opened(now, connection.address);
  if (is_resumed) recorder_.tls_resumed(now);
  Place& place = places_[connection.place];
  if (place.connection.get() != &connection) return;
  if (const auto lost = std::exchange(place.lost, std::nullopt)) {
    recorder_.measured(now, Metric::kReconnect, now - *lost);
  }
}

void ConnectionPool::note_alternative(const Dialled& dialled, Instant now) {
  if (dialled.alternative != Dialled::Alternative::kNone) {
    recorder_.quic(now, counts_of_alternative(dialled));
  }
}

void ConnectionPool::on_progress(Connection& connection, Instant now) {
  const auto hold = connection.shared_from_this();
  mark_dirty(connection);  // The session may have acknowledgements and windows to send.
  note_answers(connection);
  if (taken_[connection.url()].answered(connection.answers())) update_all_free();
  if (connection.has_gone_away()) {
    replace(connection, now);
  } else {
    update_free(connection);
  }
  owner_.on_progress(now);
  if (connection.is_ended() || connection.in_flight() > 0) return;
  const auto left = std::find(leaving_.begin(), leaving_.end(), hold);
  if (left == leaving_.end()) return;
  leaving_.erase(left);
  close_given_up(connection, now);
}

void ConnectionPool::on_lost(Connection& connection, Instant now) {
  if (closed_) return;
  const auto hold = connection.shared_from_this();
  const bool was_given_up = std::erase(leaving_, hold) > 0;
  if (was_given_up && !connection.is_established()) {
    recorder_.connection_failed(now, connection.address);
  }
  note_answers(connection);
  disturber_.on_lost(connection);
  if (connection.went_silent()) {
    dialer_.alternative_failed(options_.urls[connection.url()], now);
  }
  replace(connection, now);
  // Not from here: this may be inside of flush(), or of a session's own work.
  asio::post(loop_, [this] {
    if (!closed_) owner_.on_progress(Clock::now());
  });
}

void ConnectionPool::replace(Connection& connection, Instant now) {
  Place& place = places_[connection.place];
  if (place.connection.get() != &connection) return;  // It has been replaced before.
  if (connection.is_established()) {
    recorder_.connection_lost(now, connection.address);
    place.lost = now;
  } else {
    recorder_.connection_failed(now, connection.address);
  }
  if (connection.has_left_in_good_order()) note_taken(connection);
  const bool in_good_order = leaves_in_good_order(connection);
  if (now - connection.opened() >= options_.reconnect.up_to) place.backoff.reset();
  let_go(connection);
  if (in_good_order) {
    dial(connection.place);
  } else {
    dial_at(connection.place, now + place.backoff.next());
  }
}

bool ConnectionPool::leaves_in_good_order(const Connection& connection) {
  if (!connection.has_left_in_good_order()) return false;
  if (connection.answers() > 0) return true;
  // GOAWAY often comes ahead of the answers that it promises.
  return connection.in_flight() > 0 && !std::exchange(places_[connection.place].believed, true);
}

void ConnectionPool::note_answers(const Connection& connection) {
  Place& place = places_[connection.place];
  if (!place.believed || connection.answers() == 0) return;
  place.believed = false;
  if (place.waits) dial(connection.place);
}

void ConnectionPool::note_taken(const Connection& connection) {
  TakenRule& rule = taken_[connection.url()];
  if (rule.left(connection.taken(), connection.requests_sent(), most_answers_beside(connection))) {
    update_all_free();
  }
}

std::uint64_t ConnectionPool::most_answers_beside(const Connection& connection) const {
  std::uint64_t most = 0;
  const auto count = [&](const std::shared_ptr<Connection>& other) {
    if (!other || other.get() == &connection || other->url() != connection.url()) return;
    most = std::max(most, other->answers());
  };
  for (const Place& place : places_) count(place.connection);
  for (const auto& other : leaving_) count(other);
  return most;
}

void ConnectionPool::doubt(Connection& connection) {
  if (!doubted_.expired()) return;
  doubted_ = connection.weak_from_this();
  doubt_.expires_after(kTimeToLeave);
  doubt_.async_wait([this, about = doubted_](const boost::system::error_code& aborted) {
    if (aborted || closed_) return;
    const auto doubted = about.lock();
    // One that has ended since made room for another doubt, before or after this was queued.
    if (doubted != doubted_.lock()) return;
    doubted_.reset();
    const bool stays = doubted && places_[doubted->place].connection == doubted &&
                       is_used_up(*doubted) && doubted->in_flight() == 0;
    if (stays) taken_[doubted->url()].drop();
    update_all_free();  // There may be another to be in doubt of.
    if (stays) owner_.on_progress(Clock::now());
  });
}

void ConnectionPool::retire(Connection& connection, Instant now) {
  const auto hold = connection.shared_from_this();
  let_go(connection);
  places_[connection.place].renewed = true;
  if (connection.in_flight() == 0) {
    std::erase(leaving_, hold);
    close_given_up(connection, now);
  }
  dial(connection.place);
}

void ConnectionPool::close_given_up(Connection& connection, Instant now) {
  if (!connection.is_established()) recorder_.connection_failed(now, connection.address);
  connection.close(now);
}

/// Takes the connection out of its place; what it has in flight goes on.
void ConnectionPool::let_go(Connection& connection) {
  auto hold = std::exchange(places_[connection.place].connection, nullptr);
  --up_;
  if (!connection.is_ended()) leaving_.push_back(std::move(hold));
  update_free(connection);
}

/// Says when the connection that has just been made is to be given up for a fresh one.
void ConnectionPool::limit(std::size_t index, Instant now) {
  if (!options_.renew) return;
  Place& place = places_[index];
  if (options_.renew->age) {
    place.most_age =
        now + from_seconds(to_seconds(*options_.renew->age) * (1 + random_.unit()) / 2);
  }
  if (!options_.renew->requests) return;
  place.most_requests = *options_.renew->requests;
  if (place.renewed) return;
  // It came up together with others: without this all would be given up in the same moment.
  const double share = 1 - static_cast<double>(index) / static_cast<double>(places_.size());
  const double some = std::ceil(static_cast<double>(place.most_requests) * share);
  place.most_requests = static_cast<std::uint64_t>(std::max(some, 1.0));
}

bool ConnectionPool::is_worn(const Connection& connection, Instant now) const {
  if (!options_.renew) return false;
  const Place& place = places_[connection.place];
  return (options_.renew->requests && connection.requests_sent() >= place.most_requests) ||
         now >= place.most_age;
}

void ConnectionPool::update_free(Connection& connection) {
  const bool is_up = !closed_ && places_[connection.place].connection.get() == &connection;
  // Where more may be in flight than the server takes, what is sent beyond that comes back.
  const bool is_at_end =
      taken_[connection.url()].is_less_than(options_.streams) && is_used_up(connection);
  if (is_up && is_used_up(connection) && connection.in_flight() == 0) doubt(connection);
  const bool is_free = is_up && !is_at_end && connection.can_take();
  const bool was_free = connection.free_index != Connection::kNowhere;
  if (is_free == was_free) return;
  if (is_free) {
    connection.free_index = free_.size();
    free_.push_back(&connection);
    return;
  }
  Connection* last = free_.back();
  free_[connection.free_index] = last;
  last->free_index = connection.free_index;
  free_.pop_back();
  connection.free_index = Connection::kNowhere;
}

void ConnectionPool::update_all_free() {
  for (const Place& place : places_) {
    if (place.connection) update_free(*place.connection);
  }
}

void ConnectionPool::mark_dirty(Connection& connection) {
  if (connection.is_dirty) return;
  connection.is_dirty = true;
  dirty_.push_back(connection.shared_from_this());
}

std::size_t ConnectionPool::pick_url(std::size_t place) {
  if (options_.balance == Balance::kRandom) {
    return static_cast<std::size_t>(random_.below(options_.urls.size()));
  }
  return places_[place].number % options_.urls.size();
}

void ConnectionPool::dial(std::size_t place) {
  if (closed_) return;
  places_[place].waits = false;
  const std::size_t url = pick_url(place);
  places_[place].attempt = dialer_.dial(options_.urls[url], [this, place, url](Dialled dialled) {
    on_dialled(place, url, std::move(dialled));
  });
}

void ConnectionPool::dial_at(std::size_t place, Instant when) {
  if (closed_) return;
  places_[place].waits = true;
  asio::steady_timer& timer = *places_[place].timer;
  timer.expires_at(when);
  timer.async_wait([this, place](const boost::system::error_code& aborted) {
    if (aborted || closed_ || !places_[place].waits) return;
    dial(place);
  });
}

void ConnectionPool::say_once(const Dialled& failed, std::size_t url) {
  if (std::exchange(told_[url][static_cast<std::size_t>(failed.error)], true)) return;
  // The reason may begin with the same word: "connect: Connection refused".
  const std::string what = std::string(reports::to_string(failed.error)) + ": ";
  log_warning_again(std::string(reports::kNoConnectionTo) + options_.urls[url].authority() + ": " +
                    (failed.why.starts_with(what) ? "" : what) + failed.why);
}

std::shared_ptr<Connection> ConnectionPool::connect(Dialled dialled, std::size_t url, Instant now) {
  Connection::Owner& owner = *this;
  if (dialled.link) {
    return std::make_shared<DatagramConnection>(loop_, std::move(dialled), options_.streams, url,
                                                now, owner);
  }
  return std::make_shared<StreamConnection>(loop_, std::move(dialled.stream), options_.protocol,
                                            options_.streams, url, now, owner,
                                            options_.first_stream);
}

void ConnectionPool::on_dialled(std::size_t index, std::size_t url, Dialled dialled) {
  Place& place = places_[index];
  place.attempt.reset();
  const Instant now = Clock::now();
  if (dialled.resolve) recorder_.measured(now, Metric::kResolve, *dialled.resolve);
  if (dialled.connect) recorder_.measured(now, Metric::kConnect, *dialled.connect);
  if (dialled.tls) recorder_.measured(now, Metric::kTls, *dialled.tls);
  const std::uint32_t address = dialled.address.empty() ? 0 : recorder_.address(dialled.address);
  for (const SessionEnd& end : dialled.ends) recorder_.quic(now, counts_of(end, true));
  if (!dialled.is_up()) {
    recorder_.connection_failed(now, address);
    taken_[url].drop();  // What comes back may be another server.
    say_once(dialled, url);
    place.renewed = false;
    dial_at(index, now + place.backoff.next());
    if (up_ == 0) owner_.on_no_connection(dialled.error, now);
    return;
  }
  note_alternative(dialled, now);
  limit(index, now);
  place.renewed = false;
  told_[url].fill(false);  // What fails from now on fails anew.
  ++up_;
  const bool is_done = !dialled.early;
  const bool is_resumed = is_done && dialled.is_resumed();
  place.connection = connect(std::move(dialled), url, now);
  place.connection->place = index;
  place.connection->address = address;
  const auto connection = place.connection;
  if (is_done) note_opened(*connection, is_resumed, now);
  disturber_.on_opened(*connection, now);
  connection->open(now);
  if (connection->is_ended()) return;  // on_lost() has been called.
  update_free(*connection);
  owner_.on_progress(now);
}

}  // namespace squall::generators
