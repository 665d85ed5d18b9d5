#include "faults/network/network_probes.h"

#include <chrono>
#include <utility>

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Direction = NetworkFault::Direction;

constexpr ProbeOrder kBefore{.count = 20, .gap = 200us, .patience = 50ms};

/// What comes in at lo is what went out there: each probe would be met twice.
bool is_seen_twice(const NetworkFault& fault) {
  return fault.interface == "lo" && fault.direction == Direction::kBoth;
}

/// Rules lose what comes in before it gets to where the probes are.
NetworkFault shaped_part(NetworkFault fault) {
  fault.partition = false;
  fault.loss.reset();
  fault.loss_every.reset();
  return fault;
}

}  // namespace

NetworkProbes::NetworkProbes(const NetworkFault& fault, const NetworkPlan& plan)
    : fault_(fault), plan_(plan) {
  if (fault.reject) why_none_ = "what is rejected never comes as far as probes do";
  if (is_seen_twice(fault)) why_none_ = "what goes out of lo comes in again";
  if (why_none_.empty() && fault.direction == Direction::kIn && !plan.ifb) {
    why_none_ = "what is lost as it comes in can only be counted";
  }
}

NetworkProbes::~NetworkProbes() { stop(); }

void NetworkProbes::open(Network& network, int interface, Way& way) {
  auto path = network.probe_path(interface);
  if (!path) {
    why_none_ = path.error().message();
    return;
  }
  way.path = *std::move(path);
  way.frame.emplace(fault_, way.path->address());
}

void NetworkProbes::look_before(Network& network) {
  if (!why_none_.empty() || fault_.direction == Direction::kIn) return;
  open(network, plan_.interface, out_);
  if (!out_.path) return;
  auto before = probe(*out_.path, *out_.frame, kBefore, is_stopping_);
  if (before && before->sent > 0) out_.before = *std::move(before);
}

void NetworkProbes::begin(Network& network, std::optional<Duration> longest) {
  if (!why_none_.empty()) return;
  if (plan_.ifb) open(network, *plan_.ifb, in_);
  thread_ = std::thread([this, longest] {
    ProbeOrder order = probe_order(fault_);
    order.longest = longest.value_or(Duration{});
    for (Way* way : {&out_, &in_}) {
      if (!way->path) continue;
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

void NetworkProbes::stop() {
  is_stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

std::size_t NetworkProbes::met() const {
  return out_.during ? out_.during->sent + out_.during->burst : 0;
}

std::size_t NetworkProbes::lost() const {
  return out_.during ? out_.during->lost + out_.during->burst_lost : 0;
}

std::string NetworkProbes::words() const {
  std::string text;
  if (out_.during) text += "; " + describe(fault_, *out_.during, out_.before);
  if (in_.during) text += "; coming in " + describe(shaped_part(fault_), *in_.during, {});
  if (text.empty()) text = "; not probed" + (why_none_.empty() ? "" : ": " + why_none_);
  return text;
}

std::string NetworkProbes::contradiction() const {
  std::string why;
  if (out_.during) why = faults::contradiction(fault_, *out_.during, out_.before);
  if (!why.empty() || !in_.during) return why;
  return faults::contradiction(shaped_part(fault_), *in_.during, {});
}

}  // namespace squall::faults
