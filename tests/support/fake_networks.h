#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
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

/// One namespace of a kernel that behaves: qdiscs, classes, interfaces and tables come and go by
/// the very messages that the real one gets, and a root that is deleted gives way to the default.
class FakeNetworks : public Networks {
 public:
  static constexpr std::uint64_t kSpace = 4026531840;

  FakeNetworks() {
    links_.push_back({.index = 2, .name = "va", .kind = "veth", .mtu = 1500, .is_up = true});
    set_root({.interface = 2, .parent = kRootParent, .handle = 0, .kind = "noqueue"});
  }

  void set_root(Qdisc root) {
    drop_qdiscs(root.interface);
    qdiscs_.push_back(std::move(root));
  }
  void add_link(Link link) { links_.push_back(std::move(link)); }
  /// Call `number` from now, from 1, is refused; later ones are not.
  void refuse_call(int number) {
    calls_ = 0;
    refused_ = number;
  }
  int calls() const { return calls_; }
  void forget_kind(const std::string& kind) { unknown_.insert(kind); }
  /// All later calls do nothing, as if the one who makes them had died.
  void die_after_call(int number) {
    calls_ = 0;
    dies_ = number;
  }
  void live() { dies_ = 0; }
  bool is_dead() const { return dies_ > 0 && calls_ >= dies_; }
  void count(const std::string& rule, std::uint64_t packets) { counts_[rule] = packets; }
  void lose_qdiscs() {
    set_root({.interface = 2, .parent = kRootParent, .handle = 0, .kind = "noqueue"});
  }

  /// All that is there, a line each: to be compared before and after.
  std::vector<std::string> state() const {
    std::vector<std::string> lines;
    for (const Link& link : links_) lines.push_back("link " + link.name);
    for (const Qdisc& one : qdiscs_) {
      lines.push_back("qdisc " + std::to_string(one.interface) + " " + handle_text(one.parent) +
                      " " + handle_text(one.handle) + " " + one.kind + " " + one.options);
    }
    for (const TrafficClass& one : classes_) {
      lines.push_back("class " + std::to_string(one.interface) + " " + handle_text(one.handle));
    }
    for (const auto& [table, rules] : tables_) lines.push_back("table " + table);
    return lines;
  }

  Result<std::unique_ptr<Network>> open(std::uint64_t inode) override;
  Result<std::uint64_t> own() override { return is_own_ ? kSpace : kSpace + 1; }
  Result<std::uint64_t> of_process(pid_t) override { return kSpace; }
  Result<std::uint64_t> of_name(const std::string&) override { return kSpace; }
  Result<std::vector<std::uint64_t>> all() override { return std::vector{kSpace}; }
  Result<std::string> default_qdisc() override { return std::string("fq_codel"); }
  void pause(Duration) override {}

  bool is_own_ = false;

 private:
  friend class FakeNetwork;

  void drop_qdiscs(int interface) {
    std::erase_if(qdiscs_, [&](const Qdisc& one) { return one.interface == interface; });
    std::erase_if(classes_, [&](const TrafficClass& one) { return one.interface == interface; });
  }
  Result<void> call() {
    ++calls_;
    if (is_dead() && calls_ > dies_) return error(std::errc::owner_dead, "dead");
    if (calls_ == refused_) return error(std::errc::operation_not_permitted, "refused");
    return {};
  }

  std::vector<Link> links_;
  std::vector<Qdisc> qdiscs_;
  std::vector<TrafficClass> classes_;
  std::map<std::string, nlohmann::json> tables_;  // "netdev squall_x" and its rules.
  std::set<std::string> unknown_;
  std::map<std::string, std::uint64_t> counts_;
  int calls_ = 0;
  int refused_ = 0;
  int dies_ = 0;
};

/// The one namespace of a FakeNetworks.
class FakeNetwork : public Network {
 public:
  explicit FakeNetwork(FakeNetworks& all) : all_(all) {}

  Result<std::vector<Link>> links() override {
    if (auto called = all_.call(); !called) return std::move(called).error();
    return all_.links_;
  }
  Result<std::vector<Qdisc>> qdiscs() override {
    if (auto called = all_.call(); !called) return std::move(called).error();
    return all_.qdiscs_;
  }

  Result<std::vector<TrafficClass>> classes(int interface) override {
    if (auto called = all_.call(); !called) return std::move(called).error();
    std::vector<TrafficClass> some;
    for (const TrafficClass& one : all_.classes_) {
      if (one.interface == interface) some.push_back(one);
    }
    return some;
  }

  Result<std::unique_ptr<ProbePath>> probe_path(int) override {
    return error(std::errc::not_supported, "the fake sends none");
  }

  Result<void> change(std::string_view message) override {
    if (auto called = all_.call(); !called) return called;
    switch (message_type(message)) {
      case RTM_NEWQDISC:
        return put_qdisc(message);
      case RTM_DELQDISC:
        return delete_qdisc(read_plain<tcmsg>(message_body(message)));
      case RTM_NEWTCLASS:
        all_.classes_.push_back(*read_class(message));
        return {};
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
    if (auto called = all_.call(); !called) return std::move(called).error();
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
    if (qdisc.is_root()) {
      all_.set_root(std::move(qdisc));
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
          statement.at("counter") = {{"packets", all_.counts_[rule.value("comment", "")]}};
        }
        answer.push_back({{"rule", rule}});
      }
    }
    return {};
  }

  FakeNetworks& all_;
};

inline Result<std::unique_ptr<Network>> FakeNetworks::open(std::uint64_t inode) {
  if (inode != kSpace) return error(std::errc::no_such_file_or_directory, "network namespace");
  if (auto called = call(); !called) return std::move(called).error();
  return std::unique_ptr<Network>(std::make_unique<FakeNetwork>(*this));
}

}  // namespace squall::faults
