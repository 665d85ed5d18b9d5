#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/rtnetlink.h>
#include <nlohmann/json.hpp>

#include "faults/network/netlink_message.h"
#include "faults/network/networks.h"
#include "faults/network/nft_rules.h"

namespace squall::faults {

/// One namespace of a kernel that behaves, whatever thread asks: qdiscs, classes, interfaces and
/// tables come and go by the very messages that the real one gets, and a root that is deleted gives
/// way to the default.
class FakeNetworks : public Networks {
 public:
  static constexpr std::uint64_t kSpace = 4026531840;

  FakeNetworks() {
    links_.push_back({.index = 2, .name = "va", .kind = "veth", .mtu = 1500, .is_up = true});
    set_root({.interface = 2, .parent = kRootParent, .handle = 0, .kind = "noqueue"});
  }

  void set_root(Qdisc root) {
    const std::lock_guard lock(mutex_);
    drop_qdiscs(root.interface);
    qdiscs_.push_back(std::move(root));
  }
  /// Below the root that is there.
  void set_tree(int interface, std::vector<TreePart> tree) {
    const std::lock_guard lock(mutex_);
    trees_[interface] = std::move(tree);
  }
  void add_link(Link link) {
    const std::lock_guard lock(mutex_);
    links_.push_back(std::move(link));
  }
  /// Call `number` from now, from 1, is refused; later ones are not.
  void refuse_call(int number) {
    const std::lock_guard lock(mutex_);
    calls_ = 0;
    refused_ = number;
  }
  int calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  void make_cgroup(const std::string& path, std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    cgroups_[path] = number;
  }
  void forget_kind(const std::string& kind) {
    const std::lock_guard lock(mutex_);
    unknown_.insert(kind);
  }
  /// All later calls do nothing, as if the one who makes them had died.
  void die_after_call(int number) {
    const std::lock_guard lock(mutex_);
    calls_ = 0;
    dies_ = number;
  }
  void live() {
    const std::lock_guard lock(mutex_);
    dies_ = 0;
  }
  bool is_dead() const {
    const std::lock_guard lock(mutex_);
    return dies_ > 0 && calls_ >= dies_;
  }
  void count(const std::string& rule, std::uint64_t packets, std::uint64_t each = 100) {
    const std::lock_guard lock(mutex_);
    counts_[rule] = packets;
    sizes_[rule] = each;
  }
  void change_options(std::uint32_t handle, const std::string& options) {
    const std::lock_guard lock(mutex_);
    for (Qdisc& one : qdiscs_) {
      if (one.handle == handle) one.options = options;
    }
  }
  void change_class(std::uint32_t handle, const std::string& options) {
    const std::lock_guard lock(mutex_);
    for (TrafficClass& one : classes_) {
      if (one.handle == handle) one.options = options;
    }
  }
  /// So many packets are on their way through each qdisc, and stay there.
  void keep_waiting(std::uint32_t packets) {
    const std::lock_guard lock(mutex_);
    waiting_ = packets;
  }
  void lose_qdiscs() {
    set_root({.interface = 2, .parent = kRootParent, .handle = 0, .kind = "noqueue"});
  }

  /// All that is there, a line each: to be compared before and after.
  std::vector<std::string> state() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const Link& link : links_) lines.push_back("link " + link.name);
    for (const Qdisc& one : qdiscs_) {
      lines.push_back("qdisc " + std::to_string(one.interface) + " " + handle_text(one.parent) +
                      " " + handle_text(one.handle) + " " + one.kind + " " + one.options);
    }
    for (const TrafficClass& one : classes_) {
      lines.push_back("class " + std::to_string(one.interface) + " " + handle_text(one.handle));
    }
    for (const auto& [interface, tree] : trees_) {
      for (const TreePart& part : tree) {
        lines.push_back("part " + handle_text(part.handle) + " " + part.kind + " " + part.options);
      }
    }
    for (const auto& [table, rules] : tables_) lines.push_back("table " + table);
    return lines;
  }

  /// How many rules all tables have.
  std::size_t rules() const {
    const std::lock_guard lock(mutex_);
    std::size_t all = 0;
    for (const auto& [table, rules] : tables_) all += rules.size();
    return all;
  }

  Result<std::unique_ptr<Network>> open(std::uint64_t inode) override;
  Result<std::uint64_t> own() override { return is_own_ ? kSpace : kSpace + 1; }
  Result<std::uint64_t> of_process(pid_t) override { return kSpace; }
  Result<std::uint64_t> of_name(const std::string&) override { return kSpace; }
  Result<std::vector<std::uint64_t>> all() override { return std::vector{kSpace}; }
  Result<std::uint64_t> cgroup(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (auto called = call(); !called) return std::move(called).error();
    const auto found = cgroups_.find(path);
    if (found != cgroups_.end()) return found->second;
    return error(std::errc::no_such_file_or_directory, "there is no cgroup " + path);
  }
  Result<std::string> default_qdisc() override { return std::string("fq_codel"); }
  void pause(Duration) override {
    if (on_pause_) on_pause_();
  }

  bool is_own_ = false;
  std::function<void()> on_pause_;
  std::function<void()> on_probe_path_;
  std::function<void()> on_change_;

 private:
  friend class FakeNetwork;

  void drop_qdiscs(int interface) {
    std::erase_if(qdiscs_, [&](const Qdisc& one) { return one.interface == interface; });
    std::erase_if(classes_, [&](const TrafficClass& one) { return one.interface == interface; });
    trees_.erase(interface);
  }
  Result<void> call() {
    ++calls_;
    if (is_dead() && calls_ > dies_) return error(std::errc::owner_dead, "dead");
    if (calls_ == refused_) return error(std::errc::operation_not_permitted, "refused");
    return {};
  }

  mutable std::recursive_mutex mutex_;  // Faults on threads of their own ask it.
  std::vector<Link> links_;
  std::vector<Qdisc> qdiscs_;
  std::vector<TrafficClass> classes_;
  std::map<int, std::vector<TreePart>> trees_;    // Of others' roots.
  std::map<std::string, nlohmann::json> tables_;  // "netdev squall_x" and its rules.
  std::map<std::string, std::uint64_t> cgroups_;
  std::set<std::string> unknown_;
  std::map<std::string, std::uint64_t> counts_;
  std::map<std::string, std::uint64_t> sizes_;
  std::uint32_t waiting_ = 0;
  int calls_ = 0;
  int refused_ = 0;
  int dies_ = 0;
};

/// The one namespace of a FakeNetworks.
class FakeNetwork : public Network {
 public:
  explicit FakeNetwork(FakeNetworks& all) : all_(all) {}

  Result<std::vector<Link>> links() override {
    const std::lock_guard lock(all_.mutex_);
    if (auto called = all_.call(); !called) return std::move(called).error();
    return all_.links_;
  }
  Result<std::vector<Qdisc>> qdiscs() override {
    const std::lock_guard lock(all_.mutex_);
    if (auto called = all_.call(); !called) return std::move(called).error();
    std::vector<Qdisc> qdiscs = all_.qdiscs_;
    for (Qdisc& one : qdiscs) one.waiting = all_.waiting_;
    return qdiscs;
  }

  Result<std::vector<TrafficClass>> classes(int interface) override {
    const std::lock_guard lock(all_.mutex_);
    if (auto called = all_.call(); !called) return std::move(called).error();
    std::vector<TrafficClass> some;
    for (const TrafficClass& one : all_.classes_) {
      if (one.interface == interface) some.push_back(one);
    }
    return some;
  }

  Result<std::vector<TreePart>> tree(int interface) override {
    const std::lock_guard lock(all_.mutex_);
    if (auto called = all_.call(); !called) return std::move(called).error();
    return all_.trees_[interface];
  }
  Result<std::unique_ptr<ProbePath>> probe_path(int, std::uint32_t) override {
    if (all_.on_probe_path_) all_.on_probe_path_();
    return error(std::errc::not_supported, "the fake sends none");
  }

  Result<void> change(std::string_view message) override {
    const std::lock_guard lock(all_.mutex_);
    if (auto called = all_.call(); !called) return called;
    if (all_.on_change_) all_.on_change_();
    switch (message_type(message)) {
      case RTM_NEWQDISC:
        return put_qdisc(message);
      case RTM_DELQDISC:
        return delete_qdisc(read_plain<tcmsg>(message_body(message)));
      case RTM_NEWTCLASS:
        if (read_class(message)->handle >> 16U != kOurRoot >> 16U) return put_part(message);
        all_.classes_.push_back(*read_class(message));
        return {};
      case RTM_NEWTFILTER:
        return put_part(message);
      case RTM_DELTCLASS:
        return delete_class(read_plain<tcmsg>(message_body(message)));
      case RTM_NEWLINK:
        return put_link(message);
      case RTM_DELLINK: {
        const int index = read_plain<ifinfomsg>(message_body(message)).ifi_index;
        std::erase_if(all_.links_, [&](const Link& link) { return link.index == index; });
        all_.drop_qdiscs(index);
        return {};
      }
      default:
        return error(std::errc::not_supported, "what the fake does not know");
    }
  }

  Result<std::string> nft(const std::string& json) override {
    const std::lock_guard lock(all_.mutex_);
    if (auto called = all_.call(); !called) return std::move(called).error();
    if (!json.starts_with('{')) return add_lines(json);
    nlohmann::json answer = {{"nftables", nlohmann::json::array()}};
    const auto commands = nlohmann::json::parse(json);
    for (const auto& command : commands.at("nftables")) {
      if (auto done = carry_out(command, answer.at("nftables")); !done) {
        return std::move(done).error();
      }
    }
    return answer.dump();
  }

 private:
  Result<void> put_qdisc(std::string_view message) {
    Qdisc qdisc = *read_qdisc(message);
    if (all_.unknown_.contains(qdisc.kind)) {
      return error(std::errc::no_such_file_or_directory, "Specified qdisc kind is unknown");
    }
    const bool is_below_ours =
        std::any_of(all_.qdiscs_.begin(), all_.qdiscs_.end(), [&](const Qdisc& one) {
          return one.interface == qdisc.interface && one.is_root() && one.handle == kOurRoot;
        });
    if (qdisc.is_root()) {
      all_.set_root(std::move(qdisc));
    } else if (!is_below_ours) {
      return put_part(message);
    } else {
      all_.qdiscs_.push_back(std::move(qdisc));
    }
    return {};
  }

  Result<void> delete_qdisc(const tcmsg& header) {
    const auto found = std::find_if(all_.qdiscs_.begin(), all_.qdiscs_.end(), [&](auto& one) {
      return one.interface == header.tcm_ifindex && one.handle == header.tcm_handle;
    });
    if (found == all_.qdiscs_.end()) return error(std::errc::no_such_file_or_directory, "qdisc");
    if (found->is_root()) {
      all_.set_root(
          {.interface = header.tcm_ifindex, .parent = kRootParent, .handle = 0, .kind = "noqueue"});
    } else {
      all_.qdiscs_.erase(found);
    }
    return {};
  }

  /// Of a root that is not ours.
  Result<void> put_part(std::string_view message) {
    const auto part = read_tree_part(message);
    if (!part) return error(std::errc::invalid_argument, "no part of a tree");
    all_.trees_[read_plain<tcmsg>(message_body(message)).tcm_ifindex].push_back(*part);
    return {};
  }

  Result<void> delete_class(const tcmsg& header) {
    const auto erased = std::erase_if(all_.classes_, [&](const TrafficClass& one) {
      return one.interface == header.tcm_ifindex && one.handle == header.tcm_handle;
    });
    if (erased == 0) return error(std::errc::no_such_file_or_directory, "class");
    std::erase_if(all_.qdiscs_, [&](const Qdisc& one) {
      return one.interface == header.tcm_ifindex && one.parent == header.tcm_handle;
    });
    return {};
  }

  Result<void> put_link(std::string_view message) {
    Link link = *read_link(message);
    if (link.name.empty()) return {};  // Set up.
    all_.set_root({.interface = link.index, .parent = kRootParent, .kind = "pfifo_fast"});
    all_.links_.push_back(std::move(link));
    return {};
  }

  Result<void> carry_out(const nlohmann::json& command, nlohmann::json& answer) {
    const std::string verb = command.begin().key();
    const nlohmann::json& what = command.front();
    const std::string kind = what.begin().key();
    const nlohmann::json& object = what.front();
    if (verb == "list" && kind == "tables") {
      for (const auto& [name, rules] : all_.tables_) {
        const std::size_t space = name.find(' ');
        answer.push_back(
            {{"table", {{"family", name.substr(0, space)}, {"name", name.substr(space + 1)}}}});
      }
      return {};
    }
    const std::string family = object.at("family");
    const std::string name = family + " " + object.value(kind == "table" ? "name" : "table", "");
    if (verb == "add" && kind == "table") {
      all_.tables_.emplace(name, nlohmann::json::array());
      return {};
    }
    const auto table = all_.tables_.find(name);
    if (table == all_.tables_.end()) {
      return error(std::errc::no_such_file_or_directory, "no such table");
    }
    if (verb == "delete") all_.tables_.erase(table);
    if (verb == "add" && kind == "rule") table->second.push_back(object);
    if (verb == "list") {
      for (auto rule : table->second) {
        for (auto& statement : rule.at("expr")) {
          if (!statement.contains("counter")) continue;
          const std::string about = rule.value("comment", "");
          statement.at("counter") = {{"packets", all_.counts_[about]},
                                     {"bytes", all_.counts_[about] * all_.sizes_[about]}};
        }
        answer.push_back({{"rule", rule}});
      }
    }
    return {};
  }

  /// Of nft's own language only rules with a counter and a comment, and chains, which are not kept.
  Result<std::string> add_lines(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string verb;
      std::string what;
      std::string family;
      std::string table;
      words >> verb >> what >> family >> table;
      const auto found = all_.tables_.find(family.append(" ").append(table));
      if (verb != "add" || found == all_.tables_.end()) {
        return error(std::errc::no_such_file_or_directory, line);
      }
      if (what != "rule") continue;
      const std::size_t end = line.rfind('"');
      const std::size_t begin = line.rfind('"', end - 1) + 1;
      nlohmann::json rule = {{"comment", line.substr(begin, end - begin)},
                             {"expr", nlohmann::json::array()}};
      if (line.find(" counter ") != std::string::npos) {
        rule.at("expr").push_back({{"counter", nullptr}});
      }
      found->second.push_back(std::move(rule));
    }
    return std::string("{}");
  }

  FakeNetworks& all_;
};

inline Result<std::unique_ptr<Network>> FakeNetworks::open(std::uint64_t inode) {
  const std::lock_guard lock(mutex_);
  if (inode != kSpace) return error(std::errc::no_such_file_or_directory, "network namespace");
  if (auto called = call(); !called) return std::move(called).error();
  return std::unique_ptr<Network>(std::make_unique<FakeNetwork>(*this));
}

}  // namespace squall::faults
