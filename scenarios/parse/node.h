#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace squall::scenarios {

/// Where something stands: in the file, or in the n-th `--set`.
struct Place {
  std::size_t source = 0;  ///< 0: the file; n: the n-th override.
  std::size_t line = 0;    ///< From 1; 0 when all of the source is meant.
  std::size_t column = 0;  ///< From 1, in characters.
  auto operator<=>(const Place&) const = default;
};

/// A piece of the YAML file as it was written, before anything is known of its meaning.
///
/// Lifecycle:  a value; made by read_yaml(), changed by overrides and placeholders, then only read.
/// Threads:    none of its own.
struct Node {
  enum class Kind { kNothing, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNothing;
  Place place;
  std::string text;            ///< Of a scalar.
  bool quoted = false;         ///< The scalar stood in quotes.
  bool broken = false;         ///< A mistake in it was told already: say no more of it.
  std::vector<Node> items;     ///< Of a list.
  std::vector<Entry> entries;  ///< Of a map, in the order of the file.

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  /// The value of `key` in a map; null when there is none.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
};

/// One `key: value` of a map.
struct Node::Entry {
  std::string key;
  Place place;  ///< Of the key.
  Node value;
};

/// "a list", "a map", "nothing" or "'the text'".
std::string in_words(const Node& node);

}  // namespace squall::scenarios
