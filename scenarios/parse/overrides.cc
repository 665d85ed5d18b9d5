#include "scenarios/parse/overrides.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "scenarios/parse/words.h"
#include "scenarios/parse/yaml.h"

namespace squall::scenarios {
namespace {

/// The sections whose keys are names, each of which must hold more than one override can give.
bool holds_names(std::string_view section) {
  static const std::vector<std::string> kSections{"services",   "targets", "load",   "faults",
                                                  "objectives", "probes",  "guards", "data"};
  return std::find(kSections.begin(), kSections.end(), section) != kSections.end();
}

std::vector<std::string> keys_of(const Node& map) {
  std::vector<std::string> keys;
  for (const Node::Entry& entry : map.entries) keys.push_back(entry.key);
  return keys;
}

/// Walks down a path, one step at a time.
class Walk {
 public:
  Walk(const Override& setting, std::size_t source, Node& root, Mistakes& mistakes)
      : rest_(setting.path), here_(&root), place_{source, 0, 0}, mistakes_(mistakes) {}

  /// The node at the end of the path; null when a mistake was told.
  Node* to_the_end() {
    if (rest_.empty()) return fail("an empty path: expected one such as seed or load.browse.at");
    while (!rest_.empty()) {
      Node* next = here_->is_list() ? into_list() : into_map();
      if (next == nullptr) return nullptr;
      here_ = next;
      ++depth_;
    }
    return here_;
  }

 private:
  Node* fail(std::string message) {
    mistakes_.add(place_, std::move(message));
    return nullptr;
  }

  std::string take_step() {
    const std::size_t dot = rest_.find('.');
    std::string step(rest_.substr(0, dot));
    take(step.size());
    return step;
  }
  void take(std::size_t length) {
    done_ += (done_.empty() ? "" : ".") + std::string(rest_.substr(0, length));
    rest_.remove_prefix(std::min(rest_.size(), length + 1));
  }

  Node* into_list() {
    const std::string before = done_;
    const std::string step = take_step();
    std::size_t index = 0;
    const auto [end, failure] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (failure != std::errc{} || end != step.data() + step.size() ||
        index >= here_->items.size()) {
      return fail(
          in_quotes(before) + " is a list: expected an index from 0 to " +
          std::to_string(here_->items.size() - std::min<std::size_t>(here_->items.size(), 1)) +
          ", found " + in_quotes(step));
    }
    return &here_->items[index];
  }

  Node* into_map() {
    if (depth_ >= kMostDepth / 2) return fail("the path is too long");
    if (here_->kind == Node::Kind::kNothing) here_->kind = Node::Kind::kMap;
    if (!here_->is_map()) {
      return fail(in_quotes(done_) + " is " + in_words(*here_) + ": there is nothing inside it");
    }
    // Names may hold dots (hosts do): the longest key that fits is meant.
    Node::Entry* best = nullptr;
    for (Node::Entry& entry : here_->entries) {
      const bool fits = rest_.starts_with(entry.key) &&
                        (rest_.size() == entry.key.size() || rest_[entry.key.size()] == '.');
      if (fits && (best == nullptr || entry.key.size() > best->key.size())) best = &entry;
    }
    if (best != nullptr) {
      take(best->key.size());
      return &best->value;
    }
    return make_entry();
  }

  Node* make_entry() {
    const std::string section = done_;
    const std::string step = take_step();
    if (step.empty()) return fail("an empty step in the path");
    if (depth_ == 1 && holds_names(section) && !rest_.empty()) {
      const auto keys = keys_of(*here_);
      return fail("there is no " + in_quotes(step) + " in '" + section + "'" + hint(step, keys));
    }
    Node made;
    made.place = place_;
    here_->entries.push_back({step, place_, std::move(made)});
    return &here_->entries.back().value;
  }

  std::string_view rest_;
  std::string done_;
  Node* here_;
  Place place_;
  std::size_t depth_ = 0;
  Mistakes& mistakes_;  // NOLINT: stands on the stack of parse().
};

}  // namespace

std::string source_name(const Override& setting) {
  return "--set " + setting.path + "=" + setting.value;
}

void apply(const Override& setting, std::size_t source, Node& root, Mistakes& mistakes) {
  if (setting.path.find_first_of(std::string("\n\0", 2)) != std::string::npos) {
    mistakes.add({source, 0, 0}, "the path holds a control character");
    return;
  }
  auto value = read_yaml(setting.value, source, mistakes);
  Node* node = Walk(setting, source, root, mistakes).to_the_end();
  if (node == nullptr) return;
  if (value) {
    *node = std::move(*value);
  } else {
    node->broken = true;  // Told already; say no more of what it should be.
  }
}

void leave_out(const std::string& path, Node& root) {
  const std::size_t dot = path.find('.');
  const std::string section = path.substr(0, dot);
  const auto named = [](const std::string& key) {
    return [&key](const Node::Entry& entry) { return entry.key == key; };
  };
  if (dot == std::string::npos) {
    std::erase_if(root.entries, named(section));
    return;
  }
  Node* const map = root.find(section);
  if (map == nullptr) return;
  const std::string name = path.substr(dot + 1);
  std::erase_if(map->entries, named(name));
  if (map->is_map() && map->entries.empty()) std::erase_if(root.entries, named(section));
}

}  // namespace squall::scenarios
