#include "faults/link/links.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <future>
#include <optional>
#include <utility>

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/link/link_state.h"
#include "faults/link/tcp_relay.h"
#include "faults/link/udp_relay.h"
#include "harness/base/log.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAnswersWithin = 1000;     // Milliseconds.
constexpr int kAnswersAtEndWithin = 20;  // What does not answer shall not put off the end.
constexpr int kPortAttempts = 50;        // To find a port that is free for TCP and for UDP.

/// Does something on the loop, and waits for what comes of it.
template <typename Do>
auto on_loop(asio::io_context& loop, const Do& what) {
  std::packaged_task<decltype(what())()> task(what);
  auto done = task.get_future();
  asio::post(loop, [&task] { task(); });
  return done.get();
}

/// Asks for short slices of time, so that this thread is let in as soon as something comes for it
/// though others compute. It takes no privileges; kernels before 6.12 pass it over.
void ask_for_short_slices() {
  constexpr std::uint64_t kShortest = 100'000;  // Nanoseconds; the kernel grants no less.
  struct {                                      // struct sched_attr (linux/sched/types.h).
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime;
    std::uint64_t deadline;
    std::uint64_t period;
  } wish{};
  if (::syscall(SYS_sched_getattr, 0, &wish, sizeof wish, 0) != 0) return;
  if (wish.policy != SCHED_OTHER) return;  // Somebody has chosen for this program.
  wish.runtime = kShortest;
  ::syscall(SYS_sched_setattr, 0, &wish, 0);
}

/// Whether a connection to it is refused: asked, not believed. None: no answer came in time.
std::optional<bool> refuses(const SocketAddress& address, int within_ms) {
  auto socket = open_socket(address, SOCK_STREAM);
  if (!socket) return {};
  if (::connect(socket->get(), address.data(), address.length) == 0) return false;
  if (errno != EINPROGRESS) return errno == ECONNREFUSED;
  pollfd answer{.fd = socket->get(), .events = POLLOUT, .revents = 0};
  int failure = 0;
  socklen_t size = sizeof(failure);
  if (::poll(&answer, 1, within_ms) != 1) return {};
  return ::getsockopt(socket->get(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0 &&
         failure == ECONNREFUSED;
}

}  // namespace

/// The relays of one target, and what is in force on them.
class Links::Link {
 public:
  Link(std::string target, asio::io_context& loop, Agenda& agenda)
      : target_(std::move(target)), state_(loop, agenda) {}

  const std::string& target() const { return target_; }

  Result<SocketAddress> add(const LinkPlace& place) {
    SocketAddress listen;
    if (place.listen) {
      listen = *place.listen;
    } else {
      SQUALL_TRY(listen, make_address("127.0.0.1", 0));
    }
    const bool may_choose = listen.port() == 0;
    for (int attempt = 1;; ++attempt) {
      auto made = open(place, listen);
      if (made || !may_choose || attempt == kPortAttempts) return made;
    }
  }

  void start() {
    for (const auto& relay : tcp_) relay->start();
    for (const auto& relay : udp_) relay->start();
  }

  Result<void> begin(const LinkFault& fault, const std::optional<Pulse>& pulse,
                     std::uint64_t seed) {
    if (is_in_force_) {
      return reason(std::errc::device_or_resource_busy,
                    "the link to target " + target_ + " has a fault already");
    }
    const Instant now = Clock::now();
    drops_before_ = drops();
    state_.begin(fault, seed, now);
    is_in_force_ = true;
    auto heeded = heed_change();
    if (heeded && fault.refuse) try_to_connect(At::kBegin);
    if (!heeded) {
      if (auto ended = end(); !ended) log_warning(ended.error().message());
      return heeded;
    }
    if (pulse) plan_pause(fault, *pulse);
    return {};
  }

  Result<void> end() {
    const Instant now = Clock::now();
    if (std::exchange(is_in_force_, false)) {
      if (state_.fault && state_.fault->refuse) try_to_connect(At::kEnd);
      state_.pause(now);
      state_.tally.overruns += drops() - drops_before_;
      last_ = state_.counted(now);
    }
    if (auto heeded = heed_change(); !heeded) return heeded;
    for (const auto& relay : tcp_) {
      if (!relay->is_listening()) {
        return error(std::errc::connection_refused,
                     "the link to target " + target_ + " does not listen again");
      }
    }
    return {};
  }

  LinkTally counted() { return is_in_force_ ? state_.counted(Clock::now()) : last_; }

  void close() {
    for (const auto& relay : tcp_) relay->close();
    for (const auto& relay : udp_) relay->close();
  }

 private:
  Result<SocketAddress> open(const LinkPlace& place, SocketAddress listen) {
    std::unique_ptr<TcpRelay> tcp;
    if (place.relays_tcp) {
      SQUALL_TRY(tcp, TcpRelay::make(state_, listen, place.upstream));
      listen = tcp->address();
    }
    if (place.relays_udp) {
      SQUALL_TRY(auto udp, UdpRelay::make(state_, listen, place.upstream.front()));
      listen = udp->address();
      udp_.push_back(std::move(udp));
    }
    if (tcp) tcp_.push_back(std::move(tcp));
    return listen;
  }

  Result<void> heed_change() {
    Result<void> heeded;
    for (const auto& relay : tcp_) {
      if (auto one = relay->heed_change(); !one) heeded = std::move(one);
    }
    for (const auto& relay : udp_) relay->heed_change();
    return heeded;
  }

  enum class At { kBegin, kEnd };
  void try_to_connect(At moment) {
    for (const auto& relay : tcp_) {
      const auto is_refused =
          refuses(relay->address(), moment == At::kBegin ? kAnswersWithin : kAnswersAtEndWithin);
      // At the end there is no time to wait for what keeps the answer away.
      state_.tally.tries += is_refused || moment == At::kBegin ? 1 : 0;
      state_.tally.refusals += is_refused.value_or(false) ? 1 : 0;
    }
  }

  void plan_pause(const LinkFault& fault, const Pulse& pulse) {
    state_.agenda.at(state_.since + pulse.on, [this, fault, pulse, epoch = state_.epoch] {
      if (state_.epoch != epoch) return;
      if (fault.refuse) try_to_connect(At::kEnd);
      state_.pause(Clock::now());
      heed_or_warn();
      state_.agenda.at(Clock::now() + pulse.off, [this, fault, pulse, paused = state_.epoch] {
        if (state_.epoch != paused) return;
        state_.go_on(fault, Clock::now());
        heed_or_warn();
        plan_pause(fault, pulse);
      });
    });
  }

  void heed_or_warn() {
    if (auto heeded = heed_change(); !heeded) log_warning(heeded.error().message());
  }

  std::uint64_t drops() {
    std::uint64_t all = 0;
    for (const auto& relay : udp_) all += relay->drops();
    return all;
  }

  std::string target_;
  LinkState state_;
  bool is_in_force_ = false;  // Also in the pauses of a pulse.
  std::uint64_t drops_before_ = 0;
  LinkTally last_;
  std::vector<std::unique_ptr<TcpRelay>> tcp_;
  std::vector<std::unique_ptr<UdpRelay>> udp_;
};

Links::Links() : shard_("squall.link"), agenda_(std::make_unique<Agenda>(shard_.context())) {}

Links::~Links() {
  if (!is_running_) return;  // make() has failed.
  on_loop(shard_.context(), [this] {
    for (const auto& link : links_) link->close();
    agenda_->clear();
  });
  shard_.let_end();
  shard_.join();
}

Result<std::unique_ptr<Links>> Links::make(const std::vector<LinkPlace>& places) {
  std::unique_ptr<Links> links(new Links);
  for (const LinkPlace& place : places) {
    Link* link = links->find(place.target);
    if (link == nullptr) {
      links->links_.push_back(
          std::make_unique<Link>(place.target, links->shard_.context(), *links->agenda_));
      link = links->links_.back().get();
    }
    auto address = link->add(place);
    if (!address) return std::move(address).error().within("link to target " + place.target);
    links->addresses_.push_back(*address);
  }
  links->shard_.start();
  links->is_running_ = true;
  on_loop(links->shard_.context(), [&links] {
    ask_for_short_slices();
    for (const auto& link : links->links_) link->start();
  });
  return links;
}

Links::Link* Links::find(const std::string& target) {
  const auto found = std::find_if(links_.begin(), links_.end(),
                                  [&](const auto& link) { return link->target() == target; });
  return found == links_.end() ? nullptr : found->get();
}

Result<void> Links::begin(const LinkFault& fault, const std::optional<Pulse>& pulse,
                          std::uint64_t seed) {
  Link* link = find(fault.target);
  if (link == nullptr) {
    return error(std::errc::invalid_argument, "there is no link to target " + fault.target);
  }
  return on_loop(shard_.context(), [&] { return link->begin(fault, pulse, seed); });
}

Result<void> Links::end(const std::string& target) {
  Link* link = find(target);
  if (link == nullptr) return {};
  return on_loop(shard_.context(), [&] { return link->end(); });
}

LinkTally Links::counted(const std::string& target) {
  Link* link = find(target);
  if (link == nullptr) return {};
  return on_loop(shard_.context(), [&] { return link->counted(); });
}

Duration Links::cpu_time() {
  return on_loop(shard_.context(), [] { return Shard::cpu_time(); });
}

}  // namespace squall::faults
