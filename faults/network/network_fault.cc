#include "faults/network/network_fault.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "faults/core/fault_error.h"
#include "faults/core/pulses.h"
#include "faults/core/undo.h"
#include "faults/network/network_preparation.h"
#include "faults/network/network_probes.h"
#include "faults/network/network_watch.h"
#include "faults/network/our_marks.h"
#include "harness/base/log.h"
#include "harness/base/number_text.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

/// What it waits for while others cannot come or go: what has met no fault and leaves at line rate.
constexpr Duration kLongestInTurn = std::chrono::milliseconds(100);
/// So long one that has ended waits for those that are about to begin.
constexpr Duration kLetsOthersCome = std::chrono::milliseconds(500);

/// One network fault from its first change to its last undo.
class Application {
 public:
  Application(const NetworkSite& site, Journal& journal, NetworkFault fault, NetworkPlan plan)
      : networks_(site.networks),
        held_(*site.held),
        journal_(journal),
        fault_(std::move(fault)),
        plan_(std::move(plan)),
        in_place_(plan_),
        until_(site.until) {
    if (site.probes) probes_.emplace(fault_, plan_);
  }

  /// Before the first change.
  void look_before() {
    if (!probes_) return;
    auto network = networks_.open(plan_.undo.space);
    if (network) probes_->look_before(**network);  // Else the first change will find it.
  }

  /// As things are by now; before the first change.
  void plan_anew(NetworkPlan plan) { plan_ = std::move(plan); }

  /// Whether the root that it replaces is still what it was planned for.
  Result<bool> is_as_planned() {
    const bool replaces =
        std::any_of(plan_.qdiscs.begin(), plan_.qdiscs.end(), [&](const Qdisc& qdisc) {
          return qdisc.interface == plan_.undo.interface && qdisc.is_root();
        });
    if (!replaces) return true;
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    return is_root_before(plan_.undo, *network);
  }

  /// What was recorded is not done after all.
  Result<void> forget() {
    held_.remove(plan_.undo.table);
    return journal_.mark_done(*std::exchange(entry_, {}));
  }

  Result<void> record(const std::string& label) {
    std::string intent = label + ": " + describe_effect(fault_) + " on " + fault_.interface;
    std::string prior = "untouched";
    if (plan_.undo.root) prior = "root qdisc " + plan_.undo.root->kind;
    SQUALL_TRY(entry_, journal_.record({std::move(intent), std::move(prior), plan_.undo}));
    held_.add({.label = label, .fault = fault_, .undo = plan_.undo, .until = until_});
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

  /// Reads back that all is there, beside others.
  Result<std::string> read_back() {
    return again_in_turn([this] { return read_back_once(); });
  }

  /// Goes on by itself, until it is reverted. Others' changes are looked for so often, and told of
  /// as so long after `since`, or else after now.
  void begin(const std::optional<Pulse>& pulse, Duration watch, std::optional<Instant> since) {
    pulse_ = pulse;
    since_ = since;
    begun_ = std::chrono::steady_clock::now();
    if (auto network = networks_.open(plan_.undo.space); network && watch > Duration::zero()) {
      const std::shared_ptr<Network> watched = *std::move(network);
      watch_.emplace(watch, [this, watched] {
        const std::lock_guard lock(rules_);
        return find_change(*watched);
      });
    }
    if (auto network = networks_.open(plan_.undo.space); network && probes_) {
      probes_->begin(**network, pulse ? std::optional(pulse->on / 2) : std::nullopt);
    }
    if (pulse) pulses_.emplace(*pulse, [this](bool on) { return switch_rules(on); });
  }

  /// Meets no more packets. Waits for nobody else's fault, so that this one ends at its time.
  void let_go() {
    if (counted_at_end_) return;
    held_.mark(plan_.undo.table, HeldFault::State::kEnding);
    ended_ = std::chrono::steady_clock::now();
    if (pulses_) pulses_->stop();
    if (probes_) probes_->send_no_more();
    auto network = networks_.open(plan_.undo.space);
    if (!network) return;  // As the undo will find.
    const std::lock_guard lock(rules_);
    counted_at_end_ = look_at_end(**network);
    has_rules_ = false;
    for (const NftTable& table : plan_.tables) {
      auto emptied = (*network)->nft(json_to_empty(table));
      if (!emptied) return;  // The undo does it again.
    }
    lets_pass_ = true;
    held_.mark(plan_.undo.table, HeldFault::State::kLetsPass);
  }

  /// Whether the caller has the turn of its namespace while it reverts.
  void set_has_turn(bool has) { has_turn_ = has; }

  /// Measures, undoes, and marks that it is done.
  Result<void> revert() {
    let_go();
    if (probes_) probes_->stop();
    if (watch_) watch_->stop();
    const Duration patience = std::min(await_drained(plan_.undo, networks_), kLongestInTurn);
    if (!finding_) finding_ = measure();
    auto undone = take_back_in_turn(patience);
    if (!undone) {
      // Nobody waits for it any more.
      const auto state = lets_pass_ ? HeldFault::State::kLeft : HeldFault::State::kInForce;
      held_.mark(plan_.undo.table, state);
      return as_residue(undone.error());
    }
    held_.remove(plan_.undo.table);
    if (auto clean = again_in_turn([this] { return look_for_marks(); }); !clean)
      return as_residue(clean.error());
    if (!entry_) return {};
    if (auto marked = journal_.mark_done(*entry_); !marked) {
      log_warning(marked.error().message());  // The undo took; recover() will find nothing.
    }
    entry_.reset();
    return {};
  }

  NetworkFinding finding() const { return finding_.value_or(NetworkFinding{}); }

 private:
  Result<std::string> read_back_once() {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    if (auto there = in_place_.remember(*network); !there) return std::move(there).error();
    if (fault_.of && fault_.of->cgroup) {
      SQUALL_TRY(cgroup_, networks_.cgroup(*fault_.of->cgroup));
    }
    std::string seen = "read back: table " + plan_.undo.table;
    for (const Qdisc& qdisc : plan_.qdiscs) {
      seen += ", " + qdisc.kind + " " + handle_text(qdisc.handle);
    }
    for (const std::string& note : plan_.notes) seen += "; " + note;
    for (const std::string& limit : plan_.limits) seen += "; " + limit;
    return seen;
  }

  Result<void> take_back_in_turn(Duration patience) {
    // It meets no more packets: one that follows it is due, and finds our root still there.
    if (lets_pass_ && !has_turn_) held_.let_others_come(plan_.undo.space, kLetsOthersCome);
    auto put = in_turn([&] { return put_back(plan_.undo, networks_, patience); });
    if (!put) return std::move(put).error();
    return again_in_turn([this] { return look_whether_back(plan_.undo, networks_); });
  }

  /// What others of ours are just changing may look wrong: then it is looked again without them.
  template <typename Look>
  auto again_in_turn(Look look) -> decltype(look()) {
    if (auto seen = look()) return seen;
    return in_turn(look);
  }

  /// While no other fault of the namespace comes or goes.
  template <typename Work>
  auto in_turn(Work work) -> decltype(work()) {
    if (has_turn_) return work();
    const HeldFaults::Turn turn(held_, plan_.undo.space);
    return work();
  }

  /// After the last fault of a namespace: that nothing of ours is in it which was not before.
  Result<void> look_for_marks() {
    if (!held_.in(plan_.undo.space).empty()) return {};
    const auto network = networks_.open(plan_.undo.space);
    if (!network) return {};  // It took all with it, as take_back() has found.
    SQUALL_TRY(const auto marks, marks_in(**network, owner_in(plan_.undo.table)));
    const std::string left = left_behind(held_.remembered(plan_.undo.space), marks);
    if (left.empty()) return {};
    return reason(std::errc::device_or_resource_busy, "left behind: " + left);
  }

  /// What somebody else has changed. With the rules' mutex.
  Result<std::optional<ForeignChange>> find_change(Network& network) {
    using Found = std::optional<ForeignChange>;
    SQUALL_TRY(auto found, in_place_.change(network, has_rules_));
    if (found || !cgroup_) return found;
    const auto now = networks_.cgroup(*fault_.of->cgroup);
    if (now && *now == *cgroup_) return Found();
    return Found({"cgroup " + *fault_.of->cgroup,
                  now ? "it is a new one, whose packets are not met" : now.error().message()});
  }

  /// "the root qdisc of va was changed by somebody else at 12.3 s: it is fq 8001:".
  std::string in_words(const NetworkWatch::Found& found) const {
    const double seconds = to_seconds(found.at - since_.value_or(begun_));
    return found.change.what + " was changed by somebody else " +
           (since_ ? "at " + rounded(seconds) + " s" : rounded(seconds) + " s after it began") +
           ": " + found.change.now;
  }

  /// All rules come and go in one step; the table stays, and with it whose all is.
  Result<void> switch_rules(bool on) {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    const std::lock_guard lock(rules_);
    if (!on) {
      if (auto counted = count(*network); !counted) return counted;
    }
    auto answer =
        network->nft(on ? plan_.changes.back().payload : json_to_empty(plan_.tables.front()));
    if (!answer) return std::move(answer).error();
    has_rules_ = on;
    return {};
  }

  /// Adds what the rules that are there have met.
  Result<void> count(Network& network) {
    for (const NftTable& table : plan_.tables) {
      SQUALL_TRY(const auto listed, network.nft(json_to_list(table)));
      for (const RuleCount& one : read_counts(listed)) {
        if (one.name == "protected") continue;
        met_ += one.packets;
        bytes_ += one.bytes;
        if (one.name != "lost") continue;
        lost_ += one.packets;
        ++starts_;
      }
    }
    return {};
  }

  NetworkFinding measure() {
    auto found = try_to_measure();
    if (found) {
      add_pulses(*found);
      add_probes(*found);
      add_large_sends(*found);
      for (const std::string& limit : plan_.limits) found->seen += "; " + limit;
      return *std::move(found);
    }
    return {.seen = "not seen: " + found.error().message(),
            .took = false,
            .why_not = "it could not be seen: " + found.error().message()};
  }

  /// The last look while it is in force: what was changed of it, else what it has met.
  Result<std::optional<NetworkWatch::Found>> look_at_end(Network& network) {
    using Found = std::optional<NetworkWatch::Found>;
    SQUALL_TRY(auto change, find_change(network));
    if (change) return Found({*std::move(change), std::chrono::steady_clock::now()});
    if (!has_rules_) return Found();  // Counted when they went.
    if (auto counted = count(network); !counted) return std::move(counted).error();
    return Found();
  }

  Result<NetworkFinding> try_to_measure() {
    SQUALL_TRY(const auto network, networks_.open(plan_.undo.space));
    if (!counted_at_end_) return error(std::errc::no_such_file_or_directory, "its end");
    SQUALL_TRY(const auto at_end, *counted_at_end_);
    const std::optional<NetworkWatch::Found> found =
        watch_ && watch_->found() ? watch_->found() : at_end;
    if (found) {
      // What was counted since, or before, is not all of what it did.
      return NetworkFinding{.seen = in_words(*found), .took = false, .why_not = in_words(*found)};
    }
    SQUALL_TRY(const auto qdiscs, network->qdiscs());
    std::uint64_t dropped = 0;
    for (const Qdisc& qdisc : qdiscs) {
      if (is_our_leaf(qdisc)) dropped += qdisc.drops;
    }
    CountedPackets counted{.met = met_, .lost = lost_, .dropped = dropped, .starts = starts_};
    if (probes_) {
      const bool is_by_cgroup = fault_.of && fault_.of->cgroup;
      const bool by_rule = (fault_.loss || fault_.loss_every || fault_.partition) && !is_by_cgroup;
      counted.probes_met = probes_->met();
      (by_rule ? counted.probes_lost : counted.probes_dropped) = probes_->lost();
      counted.probes_unmet = probes_->unmet();
    }
    return judge(fault_, counted);
  }

  /// What the kernel hands over as one has one fate; that it did is seen by its size.
  void add_large_sends(NetworkFinding& finding) const {
    constexpr std::uint64_t kHeader = 18;  // Ethernet's, with a VLAN.
    if (met_ == 0 || plan_.mtu == 0 || bytes_ / met_ <= plan_.mtu + kHeader) return;
    finding.seen += "; " + std::to_string(bytes_ / met_) + " bytes in the mean, of an MTU of " +
                    std::to_string(plan_.mtu) +
                    ": many were several packets of the wire (GSO or GRO), which had one fate";
  }

  void add_pulses(NetworkFinding& finding) const {
    if (!pulses_) return;
    finding.seen = std::to_string(pulses_->count()) + " pulses of " +
                   rounded(to_milliseconds(pulse_->on)) + " ms, " + finding.seen;
    if (!finding.took) return;
    if (const auto& failure = pulses_->failure()) {
      finding.took = false;
      finding.why_not = "a pulse could not be switched: " + failure->message();
    } else if (const auto due = pulses_due(*pulse_, ended_ - begun_); pulses_->count() < due / 2) {
      finding.took = false;
      finding.why_not = "only " + std::to_string(pulses_->count()) + " of " + std::to_string(due) +
                        " pulses came: it could not be switched so fast";
    }
  }

  void add_probes(NetworkFinding& finding) const {
    if (!probes_) return;
    finding.seen += probes_->words();
    const ProbeJudgement said = probes_->judgement();
    std::string left;
    for (const std::string& one : said.not_judged) {
      if (finding.tells_loss && one.starts_with("loss")) continue;
      left += (left.empty() ? "; seen, not judged: " : ", ") + one;
    }
    finding.seen += left;
    if (said.contradiction.empty() || !finding.took) return;
    finding.took = false;
    finding.why_not = said.contradiction;
  }

  bool is_our_leaf(const Qdisc& qdisc) const {
    return qdisc.kind != "blackhole" && !qdisc.is_root() &&
           std::any_of(plan_.qdiscs.begin(), plan_.qdiscs.end(), [&](const Qdisc& ours) {
             return ours.interface == qdisc.interface && ours.handle == qdisc.handle;
           });
  }

  Networks& networks_;
  HeldFaults& held_;
  Journal& journal_;
  const NetworkFault fault_;
  NetworkPlan plan_;
  std::optional<std::uint64_t> entry_;
  std::uint64_t met_ = 0;  // Counted so far; the pulses' thread adds to them while it runs.
  std::uint64_t lost_ = 0;
  std::uint64_t starts_ = 0;  // Of counting by a rule that loses.
  std::uint64_t bytes_ = 0;   // Of those met.
  InPlace in_place_;
  const std::optional<Instant> until_;
  std::optional<std::uint64_t> cgroup_;  // Its number when the rules were made.
  std::optional<Instant> since_;
  Instant begun_;
  Instant ended_;
  std::mutex rules_;  // Guards the next: pulses change them, and the watch looks at them.
  bool has_rules_ = true;
  bool lets_pass_ = false;
  bool has_turn_ = false;
  std::optional<Pulse> pulse_;
  std::optional<NetworkProbes> probes_;
  std::optional<Pulses> pulses_;
  std::optional<NetworkWatch> watch_;
  std::optional<Result<std::optional<NetworkWatch::Found>>> counted_at_end_;
  std::optional<NetworkFinding> finding_;
};

/// Writes down what is to be done, and looks again: what others did to the root since it was looked
/// at, while it was probed or written down, would else be undone with the fault.
Result<void> record_as_it_is(const NetworkSite& site, const NetworkFault& fault,
                             const std::string& label, Application& application) {
  constexpr int kOften = 3;
  for (int looks = 1;; ++looks) {
    if (auto recorded = application.record(label); !recorded) return recorded;
    const auto is_so = application.is_as_planned();
    if (is_so && *is_so) return {};
    if (auto forgotten = application.forget(); !forgotten) return forgotten;
    if (!is_so) return is_so.error();
    if (looks == kOften) {
      return reason(std::errc::device_or_resource_busy,
                    "somebody else keeps changing the root qdisc of " + fault.interface);
    }
    SQUALL_TRY(auto anew, prepare(site, fault));
    application.plan_anew(std::move(anew.plan));
  }
}

}  // namespace

Result<InjectedNetworkFault> inject(const NetworkSite& site, Journal& journal,
                                    const NetworkFault& fault, const std::string& label,
                                    const std::optional<Pulse>& pulse) {
  wait_for_those_that_end(site, fault);
  std::optional<HeldFaults::Coming> coming(std::in_place, *site.held, site.space);
  // Beside others, so that the turn is for the changes alone: whoever had it meanwhile may have
  // changed what was seen, and only then it is looked again.
  const std::uint64_t age = site.held->age(site.space);
  auto prepared = prepare(site, fault);
  std::shared_ptr<Application> application;
  if (prepared) {
    application = std::make_shared<Application>(site, journal, fault, prepared->plan);
    application->look_before();
  }
  std::optional<HeldFaults::Turn> turn(std::in_place, *site.held, site.space);
  if (!turn->is_first_since(age)) {
    prepared = prepare(site, fault);
    // Who came meanwhile may have come late, and have to go at once.
    constexpr int kOften = 3;
    for (int waits = 0; waits < kOften && !prepared && has_to_wait(site, fault); ++waits) {
      turn.reset();
      coming.reset();
      wait_for_those_that_end(site, fault);
      coming.emplace(*site.held, site.space);
      turn.emplace(*site.held, site.space);
      prepared = prepare(site, fault);
    }
    if (prepared && application) {
      application->plan_anew(std::move(prepared->plan));
    } else if (prepared) {
      application = std::make_shared<Application>(site, journal, fault, std::move(prepared->plan));
    }
  }
  if (!prepared) return std::move(prepared).error().within(label);
  if (site.is_over && site.is_over()) return error(std::errc::operation_canceled, label);
  if (prepared->marks) site.held->remember(site.space, *std::move(prepared->marks));
  if (auto recorded = record_as_it_is(site, fault, label, *application); !recorded) {
    return std::move(recorded).error().within(label);
  }
  InjectedNetworkFault injected{ActiveFault(label, [application] { return application->revert(); }),
                                "", [application] { return application->finding(); },
                                [application] { application->let_go(); }};
  injected.begun = std::chrono::steady_clock::now();
  auto applied = application->apply();
  std::optional<Result<void>> reverted;
  if (!applied) {
    // In the same turn: no other fault is to meet what is half made.
    application->set_has_turn(true);
    reverted = injected.active.revert();
    application->set_has_turn(false);
  }
  turn.reset();
  coming.reset();
  auto seen = applied ? application->read_back() : Result<std::string>(applied.error());
  if (seen) {
    application->begin(pulse, site.watch, site.since);
    injected.seen = *std::move(seen);
    return injected;
  }
  Error failure = std::move(seen).error().within(label);
  if (!reverted) reverted = injected.active.revert();
  if (!*reverted) return as_residue(reverted->error()).within(failure.message());
  return failure;
}

}  // namespace squall::faults
