#include "faults/network/network_fault.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "faults/core/fault_error.h"
#include "faults/core/pulses.h"
#include "faults/core/undo.h"
#include "faults/network/network_probes.h"
#include "harness/base/log.h"

namespace squall::faults {
namespace {

constexpr double kEnoughExpected = 30;  // Losses of which none is seen: one in 10^13 by chance.

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

/// One network fault from its first change to its last undo.
class Application {
 public:
  Application(Networks& networks, HeldFaults& held, Journal& journal, NetworkFault fault,
              NetworkPlan plan)
      : networks_(networks),
        held_(held),
        journal_(journal),
        fault_(std::move(fault)),
        plan_(std::move(plan)) {}

  /// With probes, from now on; before the first change.
  void look_before() {
    auto network = networks_.open(plan_.undo.space);
    if (!network) return;  // As the first change will find.
    probes_.emplace(fault_, plan_);
    probes_->look_before(**network);
  }

  Result<void> record(const std::string& label) {
    std::string intent = label + ": " + describe_effect(fault_) + " on " + fault_.interface;
    std::string prior = "untouched";
    if (plan_.undo.root) prior = "root qdisc " + plan_.undo.root->kind;
    SQUALL_TRY(entry_, journal_.record({std::move(intent), std::move(prior), plan_.undo}));
    held_.add({label, fault_, plan_.undo});
    return {};
  }

  Result<void> apply() {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    for (const NetworkChange& change : plan_.changes) {
      auto made = [&]() -> Result<void> {
        if (change.by == NetworkChange::By::kNetlink) return network->change(change.payload);
        auto answer = network->nft(change.payload);
        if (!answer) return std::move(answer).error();
        return {};
      }();
      if (!made) {
        return std::move(made).error().within(change.line.substr(0, change.line.find('\n')));
      }
    }
    return {};
  }

  /// Reads back that all is there.
  Result<std::string> read_back() {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    SQUALL_TRY(const auto missing, missing_in(*network));
    if (!missing.empty()) {
      return error(std::errc::io_error, "read back: " + missing + " is not there");
    }
    std::string seen = "read back: table " + plan_.undo.table;
    for (const Qdisc& qdisc : plan_.qdiscs) {
      seen += ", " + qdisc.kind + " " + handle_text(qdisc.handle);
    }
    for (const std::string& note : plan_.notes) seen += "; " + note;
    return seen;
  }

  /// Goes on by itself, until it is reverted.
  void begin(const std::optional<Pulse>& pulse) {
    pulse_ = pulse;
    if (auto network = networks_.open(plan_.undo.space); network && probes_) {
      probes_->begin(**network, pulse ? std::optional(pulse->on / 2) : std::nullopt);
    }
    if (pulse) pulses_.emplace(*pulse, [this](bool on) { return switch_rules(on); });
  }

  /// Measures, undoes, and marks that it is done.
  Result<void> revert() {
    if (pulses_) pulses_->stop();
    if (probes_) probes_->stop();
    const std::lock_guard turn(held_.turn());
    if (!finding_) finding_ = measure();
    auto undone = take_back(plan_.undo, networks_);
    if (!undone) return as_residue(undone.error());
    held_.remove(plan_.undo.table);
    if (!entry_) return {};
    if (auto marked = journal_.mark_done(*entry_); !marked) {
      log_warning(marked.error().message());  // The undo took; recover() will find nothing.
    }
    entry_.reset();
    return {};
  }

  NetworkFinding finding() const { return finding_.value_or(NetworkFinding{}); }

 private:
  /// What of the plan is not in force; empty when all is.
  Result<std::string> missing_in(Network& network) {
    SQUALL_TRY(const auto listed, network.nft(json_to_list_tables()));
    const auto tables = read_tables(listed);
    const auto has_table = [&](const NftTable& one) { return one.name == plan_.undo.table; };
    if (std::none_of(tables.begin(), tables.end(), has_table)) return "table " + plan_.undo.table;
    SQUALL_TRY(const auto qdiscs, network.qdiscs());
    for (const Qdisc& ours : plan_.qdiscs) {
      const auto is_it = [&](const Qdisc& one) {
        return one.interface == ours.interface && one.parent == ours.parent &&
               one.handle == ours.handle && one.kind == ours.kind;
      };
      if (std::none_of(qdiscs.begin(), qdiscs.end(), is_it)) {
        return "qdisc " + ours.kind + " " + handle_text(ours.handle);
      }
    }
    return std::string();
  }

  /// All rules come and go in one step; the table stays, and with it whose all is.
  Result<void> switch_rules(bool on) {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    if (!on) {
      if (auto counted = count(*network); !counted) return counted;
    }
    auto answer =
        network->nft(on ? plan_.changes.back().payload : json_to_empty(plan_.tables.front()));
    if (!answer) return std::move(answer).error();
    return {};
  }

  /// Adds what the rules that are there have met.
  Result<void> count(Network& network) {
    for (const NftTable& table : plan_.tables) {
      SQUALL_TRY(const auto listed, network.nft(json_to_list(table)));
      for (const RuleCount& one : read_counts(listed)) {
        if (one.name == "protected") continue;
        met_ += one.packets;
        if (one.name == "lost") lost_ += one.packets;
      }
    }
    return {};
  }

  NetworkFinding measure() {
    auto found = try_to_measure();
    if (found) {
      add_pulses(*found);
      add_probes(*found);
      return *std::move(found);
    }
    return {.seen = "not seen: " + found.error().message(),
            .took = false,
            .why_not = "it could not be seen: " + found.error().message()};
  }

  Result<NetworkFinding> try_to_measure() {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    SQUALL_TRY(const auto missing, missing_in(*network));
    if (!missing.empty()) {
      return NetworkFinding{.seen = missing + " was gone",
                            .took = false,
                            .why_not = "somebody else took away " + missing + " meanwhile"};
    }
    if (auto counted = count(*network); !counted) return std::move(counted).error();
    SQUALL_TRY(const auto qdiscs, network->qdiscs());
    std::uint64_t dropped = 0;
    for (const Qdisc& qdisc : qdiscs) {
      if (is_our_leaf(qdisc)) dropped += qdisc.drops;
    }
    const auto without = [](std::uint64_t all, std::uint64_t ours) {
      return all - std::min(all, ours);
    };
    const std::uint64_t ours = probes_ ? probes_->lost() : 0;
    const bool by_rule = fault_.loss || fault_.loss_every || fault_.partition;
    return judge(without(met_, probes_ ? probes_->met() : 0), without(lost_, by_rule ? ours : 0),
                 without(dropped, by_rule ? 0 : ours));
  }

  void add_pulses(NetworkFinding& finding) const {
    if (!pulses_) return;
    finding.seen = std::to_string(pulses_->count()) + " pulses of " +
                   number(to_milliseconds(pulse_->on)) + " ms, " + finding.seen;
    if (const auto& failure = pulses_->failure(); failure && finding.took) {
      finding.took = false;
      finding.why_not = "a pulse could not be switched: " + failure->message();
    }
  }

  void add_probes(NetworkFinding& finding) const {
    if (!probes_) return;
    finding.seen += probes_->words();
    const std::string why_not = probes_->contradiction();
    if (why_not.empty() || !finding.took) return;
    finding.took = false;
    finding.why_not = why_not;
  }

  bool is_our_leaf(const Qdisc& qdisc) const {
    return qdisc.kind != "blackhole" && !qdisc.is_root() &&
           std::any_of(plan_.qdiscs.begin(), plan_.qdiscs.end(), [&](const Qdisc& ours) {
             return ours.interface == qdisc.interface && ours.handle == qdisc.handle;
           });
  }

  NetworkFinding judge(std::uint64_t met, std::uint64_t lost, std::uint64_t dropped) const {
    NetworkFinding finding;
    finding.seen = std::to_string(met) + " packets met";
    const auto part = [&](std::uint64_t some) {
      return std::to_string(some) + " (" +
             number(100 * static_cast<double>(some) / static_cast<double>(met)) + " %)";
    };
    if (met == 0) {
      finding.took = false;
      finding.why_not = "no packet came that it was for";
      return finding;
    }
    if (fault_.loss || fault_.loss_every || fault_.partition) {
      finding.seen += ", " + part(lost) + " of them lost";
    }
    if (dropped > 0 || fault_.gilbert_elliott) {
      finding.seen += ", " + part(dropped) +
                      (fault_.gilbert_elliott ? " dropped by netem" : " dropped for want of room");
    }
    const double asked = fault_.loss_every ? 1 / static_cast<double>(*fault_.loss_every)
                                           : fault_.loss.value_or(Share{}).value;
    if (lost == 0 && asked * static_cast<double>(met) >= kEnoughExpected) {
      finding.took = false;
      finding.why_not = "none was lost of " + std::to_string(met) + " packets";
    }
    return finding;
  }

  Networks& networks_;
  HeldFaults& held_;
  Journal& journal_;
  const NetworkFault fault_;
  const NetworkPlan plan_;
  std::optional<std::uint64_t> entry_;
  std::uint64_t met_ = 0;  // Counted so far; the pulses' thread adds to them while it runs.
  std::uint64_t lost_ = 0;
  std::optional<Pulse> pulse_;
  std::optional<NetworkProbes> probes_;
  std::optional<Pulses> pulses_;
  std::optional<NetworkFinding> finding_;
};

}  // namespace

Result<NetworkFacts> look_around(const NetworkSite& site) {
  NetworkFacts facts;
  facts.space = site.space;
  facts.capabilities = site.capabilities;
  SQUALL_TRY(const auto own, site.networks.own());
  facts.is_own_space = own == site.space;
  SQUALL_TRY(const auto network, site.networks.open(site.space));
  SQUALL_TRY(facts.links, network->links());
  SQUALL_TRY(facts.qdiscs, network->qdiscs());
  SQUALL_TRY(facts.default_qdisc, site.networks.default_qdisc());
  if (site.held != nullptr) facts.held = site.held->in(site.space);
  return facts;
}

Result<InjectedNetworkFault> inject(const NetworkSite& site, Journal& journal,
                                    const NetworkFault& fault, const std::string& label,
                                    const std::optional<Pulse>& pulse) {
  std::unique_lock turn(site.held->turn());
  auto facts = look_around(site);
  if (!facts) return std::move(facts).error().within(label);
  auto plan = plan_network(fault, *facts, site.name);
  if (!plan) return std::move(plan).error().within(label);
  const auto application =
      std::make_shared<Application>(site.networks, *site.held, journal, fault, *std::move(plan));
  if (site.probes) application->look_before();
  if (auto recorded = application->record(label); !recorded) {
    return std::move(recorded).error().within(label);
  }
  InjectedNetworkFault injected{ActiveFault(label, [application] { return application->revert(); }),
                                "", [application] { return application->finding(); }};
  auto applied = application->apply();
  auto seen = applied ? application->read_back() : Result<std::string>(applied.error());
  if (seen) application->begin(pulse);
  turn.unlock();
  if (seen) {
    injected.seen = *std::move(seen);
    return injected;
  }
  Error failure = std::move(seen).error().within(label);
  if (const auto reverted = injected.active.revert(); !reverted) {
    return as_residue(reverted.error()).within(failure.message());
  }
  return failure;
}

}  // namespace squall::faults
