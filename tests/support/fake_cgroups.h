#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "faults/process/cgroups.h"

namespace squall::faults {

/// Control groups that behave: version 2 at /cg, and version 1's freezer at /v1 where it is asked
/// for. Processes move, freeze and keep a group from being removed; any call can be refused.
class FakeCgroups : public Cgroups {
 public:
  /// `lives` says whether there is such a process, `is_refused` is asked by every call.
  FakeCgroups(std::function<bool(pid_t)> lives, std::function<bool()> is_refused)
      : lives_(std::move(lives)), is_refused_(std::move(is_refused)) {
    groups_[kVersion2] = {};
  }

  static constexpr const char* kVersion2 = "/cg";
  static constexpr const char* kVersion1 = "/v1";

  void has_version_2(bool there) { version_2_ = there; }
  void has_version_1() {
    version_1_ = true;
    groups_[kVersion1] = {};
  }
  void cannot_freeze_by_version_2() { freezes_by_version_2_ = false; }
  /// A group, and those above it.
  void add(const std::filesystem::path& folder) {
    for (auto at = folder; at.has_relative_path(); at = at.parent_path()) groups_.try_emplace(at);
  }
  void put(pid_t pid, const std::filesystem::path& folder) {
    add(folder);
    places_[{pid, root_of(folder)}] = folder;
  }
  void fork(pid_t parent, pid_t child) {
    for (const char* root : {kVersion2, kVersion1}) {
      const auto at = places_.find({parent, root});
      if (at != places_.end()) places_[{child, root}] = at->second;
    }
  }
  /// Its processes stay as they are, whatever is written.
  void never_freezes(const std::filesystem::path& folder) { stuck_.insert(folder); }
  /// It stays where it is, whatever is written.
  void keep(pid_t pid) { kept_.insert(pid); }

  bool has(const std::filesystem::path& folder) const { return groups_.contains(folder); }
  std::filesystem::path place_of(pid_t pid, const std::string& root = kVersion2) const {
    const auto at = places_.find({pid, root});
    return at == places_.end() ? std::filesystem::path(root) : at->second;
  }
  bool is_frozen(pid_t pid) const {
    return is_frozen(place_of(pid)) || is_frozen(place_of(pid, kVersion1));
  }
  /// The groups that are named as ours.
  std::vector<std::filesystem::path> ours() const {
    std::vector<std::filesystem::path> found;
    for (const auto& [folder, told] : groups_) {
      if (folder.filename().string().starts_with("squall_")) found.push_back(folder);
    }
    return found;
  }

  Result<std::string> mounts() override {
    if (is_refused_()) return refusal();
    std::string text = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
    if (version_2_) text += "22 21 0:1 / /cg rw,nosuid - cgroup2 cgroup2 rw\n";
    if (version_1_) text += "23 21 0:2 / /v1 rw shared:9 - cgroup cgroup rw,freezer\n";
    return text;
  }
  Result<std::string> membership_of(pid_t pid) override {
    if (is_refused_()) return refusal();
    if (!lives_(pid)) return error(std::errc::no_such_process, "membership");
    std::string text;
    const auto inside = [&](const std::string& root) {
      const std::string path = place_of(pid, root).string().substr(root.size());
      return path.empty() ? std::string("/") : path;
    };
    if (version_1_) text += "6:freezer:" + inside(kVersion1) + "\n";
    return text + "0::" + inside(kVersion2) + "\n";
  }
  Result<std::string> read(const std::filesystem::path& file) override {
    if (is_refused_()) return refusal();
    const auto folder = file.parent_path();
    const bool is_new = root_of(folder) == kVersion2;
    const std::string name = file.filename();
    if (!groups_.contains(folder)) return missing();
    if (name == "cgroup.procs") return members_in(folder);
    if (is_new && freezes_by_version_2_ && name == "cgroup.freeze") {
      return std::string(groups_[folder] ? "1\n" : "0\n");
    }
    if (is_new && name == "cgroup.events") {
      return std::string("populated 1\nfrozen ") + (is_frozen(folder) ? "1\n" : "0\n");
    }
    if (!is_new && name == "freezer.self_freezing") {
      return std::string(groups_[folder] ? "1\n" : "0\n");
    }
    if (!is_new && name == "freezer.state") {
      return std::string(is_frozen(folder) ? "FROZEN\n" : "THAWED\n");
    }
    return missing();
  }
  Result<void> write(const std::filesystem::path& file, std::string_view text) override {
    if (is_refused_()) return refusal();
    const auto folder = file.parent_path();
    if (!groups_.contains(folder)) return missing();
    const std::string name = file.filename();
    if (name == "cgroup.procs") {
      pid_t pid = 0;
      std::from_chars(text.data(), text.data() + text.size(), pid);
      if (!lives_(pid)) return error(std::errc::no_such_process, "move");
      if (!kept_.contains(pid)) places_[{pid, root_of(folder)}] = folder;
      return {};
    }
    groups_[folder] = text == "1" || text == "FROZEN";
    return {};
  }
  Result<void> make(const std::filesystem::path& folder) override {
    if (is_refused_()) return refusal();
    if (!groups_.contains(folder.parent_path())) return missing();
    if (!groups_.try_emplace(folder).second) return error(std::errc::file_exists, "make");
    return {};
  }
  Result<void> remove(const std::filesystem::path& folder) override {
    if (is_refused_()) return refusal();
    if (!groups_.contains(folder)) return missing();
    if (!members_in(folder).empty() || !groups_below(folder).empty()) {
      return error(std::errc::device_or_resource_busy, "remove");
    }
    groups_.erase(folder);
    return {};
  }
  Result<std::vector<std::filesystem::path>> groups_in(
      const std::filesystem::path& folder) override {
    if (is_refused_()) return refusal();
    if (!groups_.contains(folder)) return missing();
    return groups_below(folder);
  }

 private:
  static Error refusal() { return error(std::errc::operation_not_permitted, "cgroup"); }
  static Error missing() { return error(std::errc::no_such_file_or_directory, "cgroup"); }
  static std::string root_of(const std::filesystem::path& folder) {
    return folder.string().starts_with(kVersion1) ? kVersion1 : kVersion2;
  }
  std::string members_in(const std::filesystem::path& folder) const {
    std::string text;
    for (const auto& [key, place] : places_) {
      if (place == folder && lives_(key.first)) text += std::to_string(key.first) + "\n";
    }
    return text;
  }
  std::vector<std::filesystem::path> groups_below(const std::filesystem::path& folder) const {
    std::vector<std::filesystem::path> found;
    for (const auto& [one, told] : groups_) {
      if (one.parent_path() == folder) found.push_back(one);
    }
    return found;
  }
  bool is_frozen(const std::filesystem::path& folder) const {
    for (auto at = folder; at.has_relative_path(); at = at.parent_path()) {
      const auto group = groups_.find(at);
      if (group != groups_.end() && group->second && !is_stuck(at)) return true;
    }
    return false;
  }
  bool is_stuck(const std::filesystem::path& folder) const {
    return std::any_of(stuck_.begin(), stuck_.end(),
                       [&](const auto& one) { return folder.string().starts_with(one.string()); });
  }

  const std::function<bool(pid_t)> lives_;
  const std::function<bool()> is_refused_;
  bool version_2_ = true;
  bool version_1_ = false;
  bool freezes_by_version_2_ = true;
  std::map<std::filesystem::path, bool> groups_;  // And whether it was told to freeze.
  std::map<std::pair<pid_t, std::string>, std::filesystem::path> places_;
  std::set<std::filesystem::path> stuck_;
  std::set<pid_t> kept_;
};

}  // namespace squall::faults
