#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/model/scenario.h"
#include "scenarios/parse/mistakes.h"
#include "scenarios/parse/node.h"
#include "scenarios/parse/values.h"
#include "scenarios/parse/words.h"

namespace squall::scenarios {

/// What the sections share while one file is read into the model.
///
/// Lifecycle:  one for each file that is parsed.
/// Threads:    one.
struct Reading {
  Mistakes& mistakes;
  Scenario scenario;
  std::vector<std::pair<std::string, Place>> not_supported;
  /// The names that stand in the file, right or wrong in themselves, by section ("targets").
  std::map<std::string, std::vector<std::string>, std::less<>> names;
  std::vector<std::string> vars;
  /// The columns of each table of data whose file could be read.
  std::map<std::string, std::vector<std::string>, std::less<>> columns;
  /// By table with the order once, the load that uses its rows.
  std::map<std::string, std::string, std::less<>> used_by;
  /// Sections that are misspelt or missing, which was told: no name can be looked up there.
  std::set<std::string, std::less<>> lost_sections;

  /// Notes a part of the language that is right, but that this version cannot carry out.
  void not_yet(const Node& node, std::string what) {
    not_supported.emplace_back(std::move(what), node.place);
  }
};

/// Reads one value; tells the mistake when it cannot.
template <typename T>
std::optional<T> read(Reading& reading, const Node& node, const Kind<T>& kind) {
  if (node.broken) return std::nullopt;
  if (!node.is_scalar()) {
    reading.mistakes.add(node.place,
                         "expected " + std::string(kind.expected) + ", found " + in_words(node));
    return std::nullopt;
  }
  auto parsed = kind.parse(node.text);
  if (!parsed.value) reading.mistakes.add(node.place, std::move(parsed.mistake));
  return std::move(parsed.value);
}

/// Reads a list of values, or one value as a list of one.
template <typename T>
std::vector<T> read_list(Reading& reading, const Node& node, const Kind<T>& kind) {
  std::vector<T> values;
  if (!node.is_list()) {
    if (auto value = read(reading, node, kind)) values.push_back(std::move(*value));
    return values;
  }
  if (node.items.empty()) {
    reading.mistakes.add(node.place, "an empty list: expected " + std::string(kind.expected));
  }
  for (const Node& item : node.items) {
    if (auto value = read(reading, item, kind)) values.push_back(std::move(*value));
  }
  return values;
}

/// Reads a name that must stand in `section`; `what` begins the message ("load browse"), and
/// `noun` says what is named ("target").
std::optional<std::string> read_reference(Reading& reading, const Node& node, std::string_view what,
                                          std::string_view noun, std::string_view section);

/// Reads a map from texts to texts.
std::map<std::string, std::string> read_texts(Reading& reading, const Node& node,
                                              std::string_view expected);

/// Calls `each` for every well-named entry of a section such as `targets`.
void for_each_named(Reading& reading, const Node& section, std::string_view noun,
                    const std::function<void(const std::string& name, const Node& node)>& each);

/// Reads a map whose keys the language knows.
///
/// Lifecycle:  stands on the stack while its node is read.
/// Threads:    one.
/// Errors:     tells unknown keys and a wrong kind of node when it is made.
class MapReader {
 public:
  /// `what` names the thing in messages ("load browse"); `keys` are all that it may hold.
  MapReader(Reading& reading, const Node& node, std::string what, std::vector<std::string> keys);

  /// False when the node is no map at all, which was told.
  bool is_map() const { return node_.is_map() && !node_.entries.empty(); }
  /// True when an unknown key was probably meant to be `key`.
  bool is_misspelt(std::string_view key) const;
  const std::string& what() const { return what_; }

  const Node* find(std::string_view key) const { return node_.find(key); }
  /// The same, and a mistake when it is not there.
  const Node* require(std::string_view key, std::string_view expected) const;
  /// The one of `keys` that is there; a mistake when there is none or more than one.
  std::optional<std::string> exactly_one(const std::vector<std::string>& keys) const;
  /// At most one of `keys`; a mistake when there are more.
  void at_most_one(const std::vector<std::string>& keys) const;

  /// Reads `key` where it is given.
  template <typename T>
  std::optional<T> get(std::string_view key, const Kind<T>& kind) const {
    const Node* node = find(key);
    return node == nullptr ? std::nullopt : read(reading_, *node, kind);
  }
  /// The same into a member, which else keeps its default.
  template <typename Into, typename T>
  void set(Into& into, std::string_view key, const Kind<T>& kind) const {
    if (auto value = get(key, kind)) into = std::move(*value);
  }
  /// The same, and a mistake when it is not there.
  template <typename Into, typename T>
  void set_required(Into& into, std::string_view key, const Kind<T>& kind) const {
    if (require(key, kind.expected) != nullptr) set(into, key, kind);
  }
  /// Reads one of a few words; `noun` names them ("protocol").
  template <typename T>
  void set_word(T& into, std::string_view key, std::string_view noun,
                std::initializer_list<std::pair<const char*, T>> words) const {
    const auto found = find_word(key, noun, [&] {
      std::vector<std::string> names;
      for (const auto& word : words) names.emplace_back(word.first);
      return names;
    }());
    for (const auto& word : words) {
      if (found && *found == word.first) into = word.second;
    }
  }

  void mistake(Place place, std::string message) const {
    reading_.mistakes.add(place, std::move(message));
  }
  /// A mistake about `key`, told with what this is ("load browse: …") at its value.
  void mistake_at(std::string_view key, const std::string& message) const;

 private:
  std::optional<std::string> find_word(std::string_view key, std::string_view noun,
                                       const std::vector<std::string>& words) const;

  Reading& reading_;  // NOLINT: both stand on the stack above.
  const Node& node_;
  std::string what_;
  std::vector<std::string> misspelt_;  ///< Keys that an unknown key was probably meant to be.
};

}  // namespace squall::scenarios
