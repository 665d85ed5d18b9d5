// What a conductor does beyond a plain run where the agents are on other machines and dial in.
#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/log.h"
#include "harness/coordinator/conductor.h"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr Duration kTick = 50ms;
/// How often clocks are compared before a start, and how long the answers may take.
constexpr int kExchanges = 8;
constexpr Duration kBetweenExchanges = 20ms;
constexpr Duration kAnswerWithin = 2s;
/// An agent that was told to go ends its stream; it is not waited for any longer than this.
constexpr Duration kGoWithin = 5s;
/// Of agents that left, so many are named where it is told who is missing.
constexpr std::size_t kMostTold = 20;

std::string in_words(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> parts;
  parts.reserve(labels.size());
  for (const auto& [key, value] : labels) parts.push_back(fmt::format("{}={}", key, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Whether ssh has ended because what it started there has, and not by trouble of its own.
bool is_of_the_command(std::optional<int> exit_status) {
  constexpr int kOfSshItself = 255;
  return exit_status && *exit_status != kOfSshItself;
}

}  // namespace

bool Conductor::place_agents(const std::string& address) {
  const SshHosts& hosts = *options_.fleet->placed;
  const std::string local_socket = address.substr(std::string_view("unix:").size());
  for (const SshHost& host : hosts.hosts) {
    // In a folder of everybody's: a name that nobody can have taken before.
    const std::string remote_socket = fmt::format("/tmp/squall-{}-{:08x}{:08x}.sock", host.name,
                                                  std::random_device()(), std::random_device()());
    auto child = ChildProcess::start(ssh_command(hosts, host, local_socket, remote_socket));
    if (!child) {
      const std::string why = "start " + host.name + " over ssh: " + child.error().message();
      record_.errors.push_back(why);
      end_early(reports::EarlyEnd::Cause::kError, why);
      return false;
    }
    placed_.emplace(host.name, *std::move(child));
  }
  return true;
}

std::string Conductor::ended_before_joining() {
  for (auto& [name, child] : placed_) {
    const auto has_joined = [&name = name](const Seat& seat) { return seat.name == name; };
    if (std::any_of(seats_.begin(), seats_.end(), has_joined)) continue;
    const auto ended = child.wait_until(Clock::now());
    if (ended) return fmt::format("{} did not join: its ssh {} (see above)", name, *ended);
  }
  return {};
}

void Conductor::watch_placed() {
  if (door_ != Door::kShut) return;
  for (Seat& seat : seats_) {
    const auto placed = placed_.find(seat.name);
    if (placed == placed_.end() || seat.is_over() || seat.death) continue;
    const auto ended = placed->second.wait_until(Clock::now());
    if (!ended || !is_of_the_command(placed->second.exit_status())) continue;
    seat.death = {Clock::now(), "its process has ended: its ssh " + *ended};
  }
}

std::string Conductor::who_came_in_vain() const {
  std::string words;
  for (const auto& [name, said] : gone_) words += fmt::format("; {} left: {}", name, said);
  for (const std::string& why : refused_) words += "; refused: " + why;
  // Of whoever does not believe our certificate we hear nothing: it hangs up.
  if (const std::uint64_t mute = link_.let_in() - std::min(hellos_, link_.let_in()); mute > 0) {
    words += fmt::format(
        "; {} connection{} ended before an agent said who it is: is the authority in its --ca that "
        "of this coordinator's certificate, and the other way round?",
        mute, mute == 1 ? "" : "s");
  }
  return words;
}

bool Conductor::gather_fleet(const std::string& address) {
  if (options_.fleet->placed && !place_agents(address)) return false;
  const Instant deadline = Clock::now() + options_.fleet->patience;
  log_info(fmt::format("waiting for agents {}",
                       placed_.empty() ? "on " + options_.fleet->listen : "started over ssh"));
  while (!roll_->is_complete()) {
    if (stop_is_asked()) {
      heed_stop_request();
      turn_all_away("the run was stopped before it began");
      return false;
    }
    std::string why = ended_before_joining();
    if (why.empty() && Clock::now() > deadline) {
      why = fmt::format("not all agents joined within {:.0f} s: {}",
                        to_seconds(options_.fleet->patience), fmt::join(roll_->missing(), ", "));
      why += who_came_in_vain();
    }
    if (!why.empty()) {
      record_.errors.push_back(why);
      end_early(reports::EarlyEnd::Cause::kError, why);
      turn_all_away(why);
      return false;
    }
    listen_until(Clock::now() + kTick);
  }
  door_ = Door::kShut;
  // Who does what follows from the names, not from who was first.
  std::sort(seats_.begin(), seats_.end(),
            [](const Seat& a, const Seat& b) { return a.name < b.name; });
  return true;
}

void Conductor::take_hello_of_fleet(const control::Told& told) {
  ++hellos_;
  const auto who = applicant(told.message.hello(), told.peer);
  if (!who) {
    return refuse(told.stream, who.error().trail,
                  who.error().code == std::errc::protocol_not_supported);
  }
  if (told.message.hello().process_ended()) return take_witness(*who, told);
  if (told.message.hello().run_id() == record_.id && take_back(who->name, told)) return;
  if (door_ != Door::kOpen) {
    return refuse(told.stream,
                  fmt::format("{}: run {} takes no more agents", who->name, record_.id), false);
  }
  if (const auto admitted = roll_->admit(*who); !admitted) {
    return refuse(told.stream, who->name + ": " + admitted.error().trail, false);
  }
  Seat& seat = seats_.emplace_back();
  seat.name = who->name;
  seat.labels = who->labels;
  seat.stream = told.stream;
  seat.version = told.message.hello().version();
  seat.process = told.message.hello().process();
  seat.state = Seat::State::kJoined;
  seat.heard = told.at;
  gone_.erase(seat.name);
  put_event("agent.joined", seat.name, "version " + seat.version);
  log_info(seat.labels.empty()
               ? seat.name + " has joined"
               : fmt::format("{} has joined ({})", seat.name, in_words(seat.labels)));
}

bool Conductor::take_back(const std::string& name, const control::Told& told) {
  for (Seat& seat : seats_) {
    if (seat.name != name || seat.state == Seat::State::kLost) continue;
    if (seat.process != told.message.hello().process()) continue;
    if (seat.stream != 0) link_.hang_up(seat.stream);
    seat.stream = told.stream;
    seat.heard = told.at;
    put_event("agent.back", seat.name, "by a new connection");
    for (const wire::ToAgent& order : seat.orders.waiting()) {
      if (auto sent = link_.tell(seat.stream, order); !sent) log_debug(sent.error().message());
    }
    return true;
  }
  return false;
}

void Conductor::compare_clocks() {
  for (int i = 0; i < kExchanges && !stop_is_asked(); ++i) {
    next_renewal_ = Clock::now();
    listen_until(Clock::now() + kBetweenExchanges);
  }
  const Instant deadline = Clock::now() + kAnswerWithin;
  const auto is_unknown = [](const Seat& seat) {
    return !seat.is_over() && !seat.offset.is_known();
  };
  while (Clock::now() < deadline && std::any_of(seats_.begin(), seats_.end(), is_unknown)) {
    listen_until(Clock::now() + kBetweenExchanges);
  }
}

void Conductor::refuse(control::StreamId stream, const std::string& why, bool for_good) {
  refusals_.note(why);
  if (door_ == Door::kOpen && refused_.size() < kMostTold) refused_.insert(why);
  wire::ToAgent order;
  order.mutable_refused()->set_why(why);
  order.mutable_refused()->set_for_good(for_good);
  if (auto sent = link_.tell(stream, order); !sent) log_debug(sent.error().message());
  link_.show_out(stream);
}

void Conductor::leave_early(const Seat& seat) {
  const std::string& why = seat.left_because;
  const std::string words = "before the run began" + (why.empty() ? why : ": " + why);
  if (door_ == Door::kOpen) {
    log_warning(seat.name + " has gone " + words);
    if (!why.empty() && gone_.size() < kMostTold) gone_[seat.name] = why;
  }
  put_event("agent.left", seat.name, words);
  if (roll_) roll_->strike(seat.name);
  const std::string name = seat.name;
  std::erase_if(seats_, [&](const Seat& one) { return one.name == name; });
}

void Conductor::turn_all_away(const std::string& why) {
  door_ = Door::kExit;
  wire::ToAgent order;
  order.mutable_refused()->set_why(why);
  order.mutable_refused()->set_for_good(!roll_);
  for (Seat& seat : seats_) {
    tell(seat, order);
    record_.agents.push_back(seat.record());
  }
  // Theirs are the last words: what they still say is no concern of this run.
  const Instant deadline = Clock::now() + kGoWithin;
  while (!seats_.empty() && Clock::now() < deadline) listen_until(Clock::now() + kTick);
  seats_.clear();
  door_ = Door::kShut;
}

void Conductor::await_departures() {
  const Instant deadline = Clock::now() + kGoWithin;
  const auto is_here = [](const Seat& seat) {
    return seat.is_over() && !seat.child && seat.stream != 0;
  };
  while (Clock::now() < deadline && std::any_of(seats_.begin(), seats_.end(), is_here)) {
    listen_until(Clock::now() + kTick);
  }
  // Each agent's ssh ends with it; one that does not is ended, and its agent with it.
  for (auto& [name, child] : placed_) child.wait_until(deadline);
  placed_.clear();
}

}  // namespace squall::coordinator
