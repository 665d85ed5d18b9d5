#include "harness/agent/quic_fault.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "reports/judge/words.h"

namespace squall::agent {
namespace {

using generators::Disturbance;
using generators::DisturbanceTally;

Disturbance disturbance_of(const faults::QuicFault& fault) {
  return {.loss = fault.loss,
          .duplicate = fault.duplicate,
          .reorder = fault.reorder,
          .delay = fault.delay,
          .mtu = fault.mtu,
          .rebind_every = fault.rebind_every,
          .migrate_every = fault.migrate_every,
          .migrate_to = fault.migrate_to,
          .update_keys_every = fault.update_keys_every};
}

/// True when something that is expected so often, of so many datagrams, can hardly have been missed
/// by chance.
bool must_show(Share share, std::uint64_t datagrams) {
  constexpr double kSurely = 10;  // e^-10 is the chance that it does not.
  return share.value * static_cast<double>(datagrams) >= kSurely;
}

/// Why what was asked did not take; empty when it did.
std::string why_not(const faults::QuicFault& asked, const DisturbanceTally& tally) {
  if (tally.connections == 0 && tally.datagrams == 0) {
    return "load " + asked.load + " had no connection over QUIC";
  }
  const auto misses = [&](Share share, std::uint64_t seen) {
    return seen == 0 && must_show(share, tally.datagrams);
  };
  if (misses(asked.loss, tally.dropped)) return "nothing was lost";
  if (misses(asked.duplicate, tally.duplicated)) return "nothing came twice";
  if (misses(asked.reorder, tally.held_back)) return "nothing was reordered";
  if (asked.mtu && tally.too_large == 0) return "nothing was too large";
  const std::string no_socket = tally.no_socket > 0 ? ": " + tally.why_no_socket : "";
  if (asked.rebind_every && tally.rebinds == 0) return "no connection got a new port" + no_socket;
  if (asked.migrate_every && tally.migrations == 0) {
    if (tally.unanswered > 0) {
      return "no connection migrated: the server did not answer on the new path";
    }
    return tally.not_migrated > 0 ? "no connection could migrate: the server does not allow it, or "
                                    "has given no connection ID for it"
                                  : "no connection migrated" + no_socket;
  }
  if (asked.update_keys_every && tally.key_updates == 0) {
    return "no connection went on with new keys: it was too soon after its handshake, or the "
           "server "
           "did not follow";
  }
  return {};
}

}  // namespace

reports::Survival survival_in(const DisturbanceTally& tally) {
  const auto connections = static_cast<std::int64_t>(tally.connections);
  return {.connections = tally.connections,
          .survived = tally.connections - std::min(tally.lost, tally.connections),
          .silent = tally.silent,
          .longest_gap = tally.longest_gap,
          .mean_gap = connections == 0 ? Duration::zero() : tally.all_gaps / connections,
          .rebinds = tally.rebinds,
          .migrations = tally.migrations,
          .unanswered = tally.unanswered,
          .refused = tally.not_migrated,
          .impossible = tally.no_socket,
          .key_updates = tally.key_updates,
          .keys_kept = tally.keys_kept};
}

faults::LinkFinding judge(const faults::QuicFault& asked, const DisturbanceTally& tally) {
  const reports::Survival survival = survival_in(tally);
  std::string seen =
      std::to_string(survival.survived) + " of " + std::to_string(survival.connections) +
      " connections survived, " +
      (survival.silent == 0 ? ""
                            : std::to_string(survival.silent) + " of them silent at the end, ") +
      "longest gap " + reports::in_three_digits(survival.longest_gap) + ", mean " +
      reports::in_three_digits(survival.mean_gap);
  const auto count = [&](bool is_asked, std::uint64_t times, const char* what) {
    if (is_asked) seen += ", " + std::to_string(times) + what;
  };
  count(asked.rebind_every.has_value(), tally.rebinds, " new ports");
  count(asked.migrate_every.has_value(), tally.migrations, " migrations");
  count(tally.unanswered > 0, tally.unanswered, " unanswered");
  count(tally.not_migrated > 0, tally.not_migrated, " refused");
  count(tally.no_socket > 0, tally.no_socket, " that could not be");
  if (tally.no_socket > 0) seen += " (" + tally.why_no_socket + ")";
  count(asked.update_keys_every.has_value(), tally.key_updates, " key updates");
  count(tally.keys_kept > 0, tally.keys_kept, " too soon or not followed");
  count(asked.loss.value > 0, tally.dropped, " datagrams lost");
  count(asked.duplicate.value > 0, tally.duplicated, " sent twice");
  count(asked.reorder.value > 0, tally.held_back, " overtaken");
  count(asked.mtu.has_value(), tally.too_large, " too large");
  seen += " (" + std::to_string(tally.datagrams) + " datagrams)";
  std::string why = why_not(asked, tally);
  const bool took = why.empty();
  return {.seen = std::move(seen), .took = took, .why_not = std::move(why)};
}

Result<InjectedQuicFault> inject(generators::LoadEngine& engine, const faults::QuicFault& fault,
                                 const std::string& label, std::uint64_t seed,
                                 std::optional<Duration> lasts) {
  Disturbance disturbance = disturbance_of(fault);
  disturbance.lasts = lasts;
  if (auto begun = engine.disturb(fault.load, disturbance, seed); !begun) {
    return std::move(begun).error().within(label);
  }
  const auto tally = std::make_shared<DisturbanceTally>();
  return InjectedQuicFault{
      .active = faults::ActiveFault(label,
                                    [&engine, load = fault.load, tally]() -> Result<void> {
                                      *tally = engine.calm(load);
                                      return {};
                                    }),
      .seen = "the connections of load " + fault.load + " are disturbed",
      .look = [fault, tally] { return judge(fault, *tally); },
      .survival = [tally] { return survival_in(*tally); }};
}

}  // namespace squall::agent
