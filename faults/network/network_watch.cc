#include "faults/network/network_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "faults/network/nft_rules.h"

namespace squall::faults {
namespace {

std::string in_words(const Qdisc& qdisc) {
  return qdisc.kind + (qdisc.handle == 0 ? "" : " " + handle_text(qdisc.handle));
}

const Qdisc* find_at(const std::vector<Qdisc>& qdiscs, const Qdisc& place) {
  const auto found = std::find_if(qdiscs.begin(), qdiscs.end(), [&](const Qdisc& one) {
    return one.interface == place.interface && one.parent == place.parent;
  });
  return found == qdiscs.end() ? nullptr : &*found;
}

Result<bool> has_table(Network& network, const std::string& name) {
  SQUALL_TRY(const auto listed, network.nft(json_to_list_tables()));
  const auto tables = read_our_tables(listed);
  return std::any_of(tables.begin(), tables.end(),
                     [&](const NftTable& one) { return one.name == name; });
}

Result<std::size_t> count_rules(Network& network, const std::vector<NftTable>& tables) {
  std::size_t rules = 0;
  for (const NftTable& table : tables) {
    SQUALL_TRY(const auto listed, network.nft(json_to_list(table)));
    rules += read_counts(listed).size();
  }
  return rules;
}

}  // namespace

Result<void> InPlace::remember(Network& network) {
  qdiscs_.clear();
  SQUALL_TRY(classes_, classes(network));
  SQUALL_TRY(filters_, count_filters(network));
  SQUALL_TRY(rules_, count_rules(network, plan_.tables));
  SQUALL_TRY(const auto found, change(network, true));
  if (found) {
    return error(std::errc::io_error, "read back: " + found->what + " is not there: " + found->now);
  }
  SQUALL_TRY(const auto qdiscs, network.qdiscs());
  for (const Qdisc& ours : plan_.qdiscs) {
    if (const Qdisc* now = find_at(qdiscs, ours)) qdiscs_.push_back(*now);
  }
  return {};
}

Result<std::optional<ForeignChange>> InPlace::change(Network& network, bool has_rules) const {
  using Found = std::optional<ForeignChange>;
  SQUALL_TRY(const auto is_named, has_table(network, plan_.undo.table));
  if (!is_named) return Found({"table " + plan_.undo.table, "it is gone"});
  SQUALL_TRY(const auto qdiscs, network.qdiscs());
  for (const Qdisc& ours : plan_.qdiscs) {
    const Qdisc* now = find_at(qdiscs, ours);
    if (now == nullptr || now->handle != ours.handle || now->kind != ours.kind) {
      return Found(changed(ours, now));
    }
    // Those of our root also count what passed through it.
    const Qdisc* before = ours.is_root() ? nullptr : find_at(qdiscs_, ours);
    if (before != nullptr && now->options != before->options) {
      return Found({"qdisc " + in_words(ours), "it has other options"});
    }
  }
  SQUALL_TRY(const auto classes_now, classes(network));
  for (const TrafficClass& before : classes_) {
    const auto now =
        std::find_if(classes_now.begin(), classes_now.end(), [&](const TrafficClass& one) {
          return one.interface == before.interface && one.handle == before.handle;
        });
    const std::string what = "class " + before.kind + " " + handle_text(before.handle);
    if (now == classes_now.end()) return Found({what, "it is gone"});
    const bool is_same = now->parent == before.parent && now->options == before.options;
    if (!is_same) return Found({what, "it has other options"});
  }
  SQUALL_TRY(const auto filters, count_filters(network));
  if (filters != filters_) {
    return Found({"what chooses packets on " + plan_.undo.interface_name,
                  "it has " + std::to_string(filters) + (filters == 1 ? " filter" : " filters") +
                      " of tc instead of " + std::to_string(filters_)});
  }
  if (!has_rules) return Found();
  SQUALL_TRY(const auto rules, count_rules(network, plan_.tables));
  if (rules == rules_) return Found();
  return Found({"table " + plan_.undo.table, "it has " + std::to_string(rules) +
                                                 " rules that count instead of " +
                                                 std::to_string(rules_)});
}

std::set<int> InPlace::interfaces() const {
  std::set<int> all;
  for (const Qdisc& ours : plan_.qdiscs) all.insert(ours.interface);
  return all;
}

Result<std::vector<TrafficClass>> InPlace::classes(Network& network) const {
  std::vector<TrafficClass> ours;
  const auto& shared = plan_.undo.classes;
  for (const int interface : interfaces()) {
    SQUALL_TRY(const auto all, network.classes(interface));
    std::copy_if(all.begin(), all.end(), std::back_inserter(ours), [&](const TrafficClass& one) {
      // Other faults have classes of their own below the same root; an ifb is one fault's.
      return interface != plan_.interface ||
             std::find(shared.begin(), shared.end(), one.handle) != shared.end();
    });
  }
  return ours;
}

Result<std::size_t> InPlace::count_filters(Network& network) const {
  std::size_t filters = 0;
  for (const int interface : interfaces()) {
    SQUALL_TRY(const auto tree, network.tree(interface));
    filters +=
        static_cast<std::size_t>(std::count_if(tree.begin(), tree.end(), [](const TreePart& part) {
          // u32 makes a table beside the filters of each priority.
          return part.what == TreePart::What::kFilter && !comes_by_itself(part);
        }));
  }
  return filters;
}

ForeignChange InPlace::changed(const Qdisc& ours, const Qdisc* now) const {
  ForeignChange found;
  const bool is_of_ifb = ours.interface != plan_.interface;
  if (ours.is_root()) {
    found.what = "the root qdisc of " +
                 (is_of_ifb ? plan_.undo.ifb.value_or("") : plan_.undo.interface_name);
  } else {
    found.what = "qdisc " + in_words(ours);
  }
  found.now = now == nullptr ? "it is gone" : "it is " + in_words(*now);
  return found;
}

NetworkWatch::NetworkWatch(Duration step, Look look)
    : step_(step), look_(std::move(look)), thread_([this] { run(); }) {}

NetworkWatch::~NetworkWatch() { stop(); }

void NetworkWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void NetworkWatch::run() {
  while (!found_) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, step_, [this] { return is_stopping_; })) return;
    }
    auto looked = look_();
    if (looked && *looked) found_ = Found{**std::move(looked), std::chrono::steady_clock::now()};
  }
}

}  // namespace squall::faults
