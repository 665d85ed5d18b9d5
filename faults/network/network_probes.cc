#include "faults/network/network_probes.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Direction = NetworkFault::Direction;

/// What comes in at lo is what went out there: each probe would be met twice.
bool is_seen_twice(const NetworkFault& fault) {
  return fault.interface == "lo" && fault.direction == Direction::kBoth;
}

bool is_by_cgroup(const NetworkFault& fault) { return fault.of && fault.of->cgroup; }

/// Rules lose what comes in, or what is a cgroup's, before it gets to where the probes are.
NetworkFault shaped_part(NetworkFault fault) {
  fault.partition = false;
  fault.loss.reset();
  fault.loss_every.reset();
  return fault;
}

}  // namespace

NetworkProbes::NetworkProbes(const NetworkFault& fault, const NetworkPlan& plan)
    : fault_(fault), plan_(plan) {
  if (fault.reject)
    why_none_ = "what is rejected is answered before it comes as far as probes do; it is counted";
  if (is_seen_twice(fault)) {
    why_none_ =
        "what goes out of lo comes in again, so that each probe would be met twice and what "
        "is done to it each way could not be told apart";
  }
  if (why_none_.empty() && fault.direction == Direction::kIn && !plan.ifb) {
    why_none_ = "what is lost as it comes in can only be counted";
  }
  if (why_none_.empty() && is_by_cgroup(fault) && plan.probe_class == 0) {
    why_none_ = "what is lost of a cgroup can only be counted";
  }
}

NetworkProbes::~NetworkProbes() { stop(); }

void NetworkProbes::open(Network& network, int interface, Way& way) {
  const std::uint32_t class_id = interface == plan_.interface ? plan_.probe_class : 0;
  if (way.path && way.interface == interface && way.class_id == class_id) return;
  auto path = network.probe_path(interface, class_id);
  if (!path) {
    why_none_ = path.error().message();
    return;
  }
  way.path = *std::move(path);
  way.interface = interface;
  way.class_id = class_id;
  std::random_device random;
  const std::uint64_t series = std::uint64_t{random()} << 32U | random();
  way.frame.emplace(fault_, way.path->address(), series);
}

void NetworkProbes::look_before(Network& network) {
  if (!why_none_.empty() || fault_.direction == Direction::kIn) return;
  open(network, plan_.interface, out_);
  if (!out_.path) return;
  const ProbeOrder few{.count = 20, .gap = 200us, .patience = 50ms};
  auto before = probe(*out_.path, *out_.frame, few, is_stopping_);
  if (before && before->sent > 0) out_.before = *std::move(before);
}

void NetworkProbes::begin(Network& network, std::optional<Duration> longest) {
  if (!why_none_.empty()) return;
  if (fault_.direction != Direction::kIn) open(network, plan_.interface, out_);
  if (plan_.ifb) open(network, *plan_.ifb, in_);
  thread_ = std::thread([this, longest] {
    ProbeOrder order = probe_order(fault_);
    order.longest = longest.value_or(Duration{});
    for (Way* way : {&out_, &in_}) {
      if (!way->path) continue;
      std::unique_lock sending(sending_);
      order.on_sent = [&sending] { sending.unlock(); };
      auto found = probe(*way->path, *way->frame, order, is_stopping_);
      if (found) {
        way->during = *std::move(found);
      } else {
        why_none_ = found.error().message();
      }
      way->path.reset();
      if (longest) return;  // The rest of its time is for the other packets.
    }
  });
}

void NetworkProbes::send_no_more() {
  is_stopping_ = true;
  const std::lock_guard sent(sending_);
}

void NetworkProbes::stop() {
  is_stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

std::size_t NetworkProbes::met() const {
  return out_.during && !is_by_cgroup(fault_) ? out_.during->sent + out_.during->burst : 0;
}

std::size_t NetworkProbes::lost() const {
  return out_.during ? out_.during->lost + out_.during->burst_lost : 0;
}

std::size_t NetworkProbes::unmet() const {
  const auto all = [](const std::optional<ProbeFinding>& found) {
    return found ? found->sent + found->burst : 0;
  };
  return (is_by_cgroup(fault_) ? all(out_.during) : 0) + all(in_.during);
}

std::string NetworkProbes::words() const {
  std::string text;
  if (out_.during && is_by_cgroup(fault_)) {
    text += "; through its class " + describe(shaped_part(fault_), *out_.during, out_.before);
  } else if (out_.during) {
    text += "; " + describe(fault_, *out_.during, out_.before);
  }
  if (in_.during) text += "; coming in " + describe(shaped_part(fault_), *in_.during, {});
  if (text.empty()) text = "; not probed" + (why_none_.empty() ? "" : ": " + why_none_);
  return text;
}

ProbeJudgement NetworkProbes::judgement() const {
  ProbeJudgement both;
  if (out_.during) both = judge(is_by_cgroup(fault_) ? shaped_part(fault_) : fault_, *out_.during);
  if (!in_.during) return both;
  ProbeJudgement in = judge(shaped_part(fault_), *in_.during);
  if (both.contradiction.empty() && !in.contradiction.empty()) {
    both.contradiction = "coming in, " + in.contradiction;
  }
  for (std::string& one : in.not_judged) {
    if (std::find(both.not_judged.begin(), both.not_judged.end(), one) != both.not_judged.end()) {
      continue;
    }
    both.not_judged.push_back(std::move(one));
  }
  return both;
}

}  // namespace squall::faults
