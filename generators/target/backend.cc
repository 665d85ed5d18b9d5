#include "generators/target/backend.h"

#include <algorithm>
#include <utility>

namespace squall::generators {
namespace {

/// Requests in service or waiting, over all paths; what bounds memory where a path has no limit.
constexpr std::size_t kMostPending = 1'000'000;
/// Bounds what thrashing makes of a service, as sample() bounds what it draws.
constexpr Duration kLongestService = std::chrono::hours(1);

ServiceQueue::Limits limits_of(const Behaviour& behaviour) {
  if (!behaviour.limit) return {};
  return {.slots = *behaviour.limit, .queue = behaviour.queue};
}

bool is_instant(const Behaviour& behaviour) {
  return behaviour.service.distribution == ServiceTime::Distribution::kNone;
}

}  // namespace

Backend::Backend(const BehaviourTable& behaviours, std::uint64_t seed, Instant start)
    : random_(seed), start_(start), last_status_(counts_.status.end()) {
  set_behaviours(behaviours, start);
}

Reply Backend::arrive(std::string_view path, Ticket ticket, Instant now) {
  ++counts_.requests;
  Route& route = route_of(path);
  catch_up(route, work_time(now));
  // The short way: no service time, no one ahead, so no place in the line is needed.
  if (is_instant(route.behaviour) && !is_stalled(now) && route.queue.is_idle()) {
    Reply reply = reply_of(route.behaviour);
    count(reply, true);
    return reply;
  }
  const std::uint64_t number = ++last_number_;
  const bool has_room = pending() < kMostPending;
  if (has_room &&
      route.queue.arrive(number, ticket, work_time(now)) != ServiceQueue::Admission::kRefused) {
    return {.kind = Reply::Kind::kLater, .status = 0, .body = {}, .place = number};
  }
  ++counts_.refused;
  const Reply refusal{.kind = Reply::Kind::kAnswer, .status = 503, .body = {}, .place = number};
  if (is_stalled(now)) {  // Not even a refusal leaves a server that stands still.
    held_.push_back({ticket, refusal});
    return {.kind = Reply::Kind::kLater, .status = 0, .body = {}, .place = number};
  }
  count(refusal, true);
  return refusal;
}

void Backend::withdraw(std::uint64_t place) {
  for (auto* routes : {&routes_, &retired_}) {
    for (const auto& route : *routes) {
      if (route->queue.withdraw(place)) {
        ++counts_.abandoned;
        return;
      }
    }
  }
  // Else it is in service or held; it is counted when its reply finds nobody.
}

std::optional<Instant> Backend::next_due() const {
  std::optional<Instant> first;
  if (!held_.empty()) first = stall_until_;
  const auto consider = [&](Instant work) {
    Instant due = real_time(work);
    // Ended before the last stall began and not collected by then: it has to wait, too.
    if (due < stall_from_) due = stall_until_;
    if (!first || due < *first) first = due;
  };
  for (const auto* routes : {&routes_, &retired_}) {
    for (const auto& route : *routes) {
      if (const auto event = route->queue.next_event()) consider(*event);
      // A change may make room for those who wait.
      const auto change = next_change(*route);
      if (change && route->queue.queued() > 0) consider(*change);
    }
  }
  return first;
}

void Backend::collect(Instant now, std::vector<Completion>& due) {
  if (is_stalled(now)) return;
  due.insert(due.end(), held_.begin(), held_.end());
  held_.clear();
  const Instant work_now = work_time(now);
  for (auto* routes : {&routes_, &retired_}) {
    for (const auto& route : *routes) {
      catch_up(*route, work_now);
      route->queue.advance(work_now);
      while (const auto finished = route->queue.take_finished()) {
        Reply reply = reply_of(route->behaviour);
        reply.place = finished->number;
        due.push_back({finished->ticket, reply});
      }
    }
  }
  std::erase_if(retired_, [](const auto& route) { return route->queue.is_idle(); });
}

void Backend::count(const Reply& reply, bool was_given) {
  if (!was_given) {
    ++counts_.abandoned;
    return;
  }
  if (reply.kind == Reply::Kind::kReset) ++counts_.resets;
  if (reply.kind == Reply::Kind::kSilence) ++counts_.silenced;
  if (reply.kind != Reply::Kind::kAnswer) return;
  if (reply.is_error) ++counts_.errors;
  if (last_status_ == counts_.status.end() || last_status_->first != reply.status) {
    last_status_ = counts_.status.try_emplace(reply.status).first;
  }
  ++last_status_->second;
}

void Backend::stall(Duration length, Instant now) {
  if (is_stalled(now)) {
    stall_until_ = std::max(stall_until_, now + length);
    return;
  }
  // What ended before the stall has ended; it must not be moved behind it.
  for (auto* routes : {&routes_, &retired_}) {
    for (const auto& route : *routes) {
      catch_up(*route, work_time(now));
      route->queue.advance(work_time(now));
    }
  }
  stalled_before_ += stall_until_ - stall_from_;
  stall_from_ = now;
  stall_until_ = now + length;
}

void Backend::set_behaviours(const BehaviourTable& behaviours, Instant now) {
  const Instant work = work_time(now);
  for (const auto& route : routes_) {
    catch_up(*route, work);
    route->queue.advance(work);  // What has started by now did so under the former behaviour.
  }
  behaviours_ = behaviours;
  behaviours_.try_emplace("/");
  std::vector<std::unique_ptr<Route>> former = std::exchange(routes_, {});
  for (const auto& entry : behaviours_) {
    const auto& [prefix, behaviour] = entry;
    const auto same = std::find_if(former.begin(), former.end(), [&entry](const auto& route) {
      return route != nullptr && route->prefix == entry.first;
    });
    if (same == former.end()) {
      routes_.push_back(make_route(prefix));
    } else {
      routes_.push_back(std::move(*same));
    }
    Route& route = *routes_.back();
    route.behaviour = behaviour;
    route.changed = 0;
    while (take_change(route, work)) continue;
    route.queue.change(limits_of(route.behaviour), work);
  }
  for (auto& route : former) {
    if (route != nullptr && !route->queue.is_idle()) retired_.push_back(std::move(route));
  }
  std::stable_sort(routes_.begin(), routes_.end(), [](const auto& a, const auto& b) {
    return a->prefix.size() > b->prefix.size();
  });
}

RequestCounts Backend::counts() const {
  RequestCounts counts = counts_;
  for (const auto* routes : {&routes_, &retired_}) {
    for (const auto& route : *routes) {
      counts.in_service += route->queue.in_service() + route->queue.finished();
      counts.queued += route->queue.queued();
    }
  }
  counts.held = held_.size();
  return counts;
}

Backend::Route& Backend::route_of(std::string_view path) {
  for (const auto& route : routes_) {
    if (path.starts_with(route->prefix)) return *route;
  }
  return *routes_.back();  // "/" is the shortest, so the last; also for "*" and for no path at all.
}

std::unique_ptr<Backend::Route> Backend::make_route(const std::string& prefix) {
  auto route = std::make_unique<Route>(Route{prefix, {}, ServiceQueue({}, {})});
  Route* const stable = route.get();
  route->queue = ServiceQueue({}, [this, stable] { return service_time(*stable); });
  return route;
}

Duration Backend::service_time(const Route& route) {
  const Duration drawn = sample(route.behaviour.service, random_);
  const auto& thrash = route.behaviour.thrash;
  if (!thrash || route.queue.queued() <= thrash->beyond) return drawn;
  const auto excess = static_cast<double>(route.queue.queued() - thrash->beyond);
  const double seconds = to_seconds(drawn) * (1 + thrash->each.value * excess);
  return from_seconds(std::min(seconds, to_seconds(kLongestService)));
}

std::optional<Instant> Backend::next_change(const Route& route) const {
  const auto& changes = route.behaviour.changes;
  if (route.changed == changes.size()) return std::nullopt;
  return start_ + changes[route.changed].from;
}

/// Puts the next change in force if it is due by `work`; the queue has still to be told.
bool Backend::take_change(Route& route, Instant work) const {
  const auto at = next_change(route);
  if (!at || *at > work) return false;
  const BehaviourChange& change = route.behaviour.changes[route.changed++];
  if (change.service) route.behaviour.service = *change.service;
  if (change.limit) route.behaviour.limit = change.limit;
  return true;
}

/// Puts all that is due by `work` in force, each at its own moment.
void Backend::catch_up(Route& route, Instant work) const {
  while (const auto at = next_change(route)) {
    if (*at > work) return;
    route.queue.advance(*at - Duration(1));  // What starts before it starts as before.
    take_change(route, *at);
    route.queue.change(limits_of(route.behaviour), *at);
  }
}

Reply Backend::reply_of(const Behaviour& behaviour) {
  Reply reply{.kind = Reply::Kind::kAnswer, .status = behaviour.status, .body = behaviour.body};
  const double errors = behaviour.errors.value;
  const double resets = errors + behaviour.resets.value;
  const double silence = resets + behaviour.silence.value;
  if (silence <= 0) return reply;
  const double drawn = random_.uniform();
  if (drawn < errors) {
    reply.is_error = true;
    reply.status = behaviour.error_status;
    reply.body = {};
  } else if (drawn < resets) {
    reply.kind = Reply::Kind::kReset;
  } else if (drawn < silence) {
    reply.kind = Reply::Kind::kSilence;
  }
  return reply;
}

Instant Backend::work_time(Instant now) const {
  if (is_stalled(now)) return stall_from_ - stalled_before_;
  return now - stalled_before_ - (stall_until_ - stall_from_);
}

Instant Backend::real_time(Instant work) const {
  // What is due at the very moment of the stall is due after it: the clock stands still there.
  if (work < stall_from_ - stalled_before_) return work + stalled_before_;
  return work + stalled_before_ + (stall_until_ - stall_from_);
}

std::size_t Backend::pending() const {
  std::size_t all = held_.size();
  for (const auto* routes : {&routes_, &retired_}) {
    for (const auto& route : *routes) all += route->queue.in_service() + route->queue.queued();
  }
  return all;
}

}  // namespace squall::generators
