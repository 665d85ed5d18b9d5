#include "scenarios/parse/reader.h"

#include <algorithm>

#include "harness/base/nearest.h"

namespace squall::scenarios {
namespace {

constexpr std::size_t kLongestName = 64;

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= kLongestName && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), may_follow);
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string with_article(std::string_view noun) {
  const bool is_vowel = std::string_view("aeiou").find(noun.front()) != std::string_view::npos;
  return (is_vowel ? "an " : "a ") + std::string(noun);
}

}  // namespace

std::optional<std::string> read_reference(Reading& reading, const Node& node, std::string_view what,
                                          std::string_view noun, std::string_view section) {
  const auto name = read(reading, node, Kind<std::string>{"a name", parse_line});
  if (!name) return std::nullopt;
  const std::vector<std::string>& known = reading.names[std::string(section)];
  if (contains(known, *name) || reading.lost_sections.count(section) > 0) return name;
  reading.mistakes.add(node.place, std::string(what) + ": unknown " + std::string(noun) + " " +
                                       in_quotes(*name) + hint(*name, known));
  return std::nullopt;
}

std::map<std::string, std::string> read_texts(Reading& reading, const Node& node,
                                              std::string_view expected) {
  std::map<std::string, std::string> texts;
  if (!node.is_map() || node.entries.empty()) {
    if (node.broken) return texts;
    reading.mistakes.add(node.place, "expected " + std::string(expected) + ", found " +
                                         (node.is_map() ? "an empty map" : in_words(node)));
    return texts;
  }
  for (const Node::Entry& entry : node.entries) {
    const auto text = read(reading, entry.value, kText);
    if (entry.key.empty()) reading.mistakes.add(entry.place, "an empty key: expected a name");
    if (text && !entry.key.empty()) texts[entry.key] = *text;
  }
  return texts;
}

void for_each_named(Reading& reading, const Node& section, std::string_view noun,
                    const std::function<void(const std::string&, const Node&)>& each) {
  if (!section.is_map() || section.entries.empty()) {
    if (section.broken) return;
    reading.mistakes.add(section.place,
                         "expected at least one " + std::string(noun) +
                             ", each under its name; found " +
                             (section.is_map() ? "an empty map" : in_words(section)));
    return;
  }
  for (const Node::Entry& entry : section.entries) {
    if (!is_name(entry.key)) {
      reading.mistakes.add(
          entry.place, in_quotes(entry.key) + " is no name for " + with_article(noun) +
                           ": expected a letter, then letters, digits, '-' and '_', at most 64");
      continue;
    }
    each(entry.key, entry.value);
  }
}

MapReader::MapReader(Reading& reading, const Node& node, std::string what,
                     std::vector<std::string> keys)
    : reading_(reading), node_(node), what_(std::move(what)) {
  if (!is_map()) {
    if (!node.broken) {
      const std::string holds = keys.size() == 1 ? "holds " : "may hold ";
      mistake(node.place, what_ + ": expected a map that " + holds + one_of(keys) + "; found " +
                              (node.is_map() ? "an empty map" : in_words(node)));
    }
    return;
  }
  for (const Node::Entry& entry : node.entries) {
    if (contains(keys, entry.key)) continue;
    // A key that stands here already was hardly meant a second time.
    std::vector<std::string> free_keys = keys;
    std::erase_if(free_keys, [&](const std::string& key) { return node.find(key) != nullptr; });
    if (auto near = nearest(entry.key, free_keys); !near.empty()) {
      misspelt_.push_back(std::move(near));
    }
    mistake(entry.place, "unknown key " + in_quotes(entry.key) +
                             (free_keys.empty() ? ": every key that there is stands here already"
                                                : hint(entry.key, free_keys)));
  }
}

bool MapReader::is_misspelt(std::string_view key) const { return contains(misspelt_, key); }

const Node* MapReader::require(std::string_view key, std::string_view expected) const {
  const Node* node = find(key);
  if (node == nullptr && is_map() && !is_misspelt(key)) {
    mistake(node_.place,
            what_ + ": '" + std::string(key) + "' is missing: expected " + std::string(expected));
  }
  return node;
}

std::optional<std::string> MapReader::exactly_one(const std::vector<std::string>& keys) const {
  const auto is_given = [&](const std::string& key) { return find(key) != nullptr; };
  const auto found = std::find_if(keys.begin(), keys.end(), is_given);
  if (found == keys.end()) {
    const auto misspelt = [&](const std::string& key) { return is_misspelt(key); };
    if (is_map() && std::none_of(keys.begin(), keys.end(), misspelt)) {
      mistake(node_.place, what_ + ": expected " + one_of(keys));
    }
    return std::nullopt;
  }
  at_most_one(keys);
  return *found;
}

void MapReader::at_most_one(const std::vector<std::string>& keys) const {
  const Node::Entry* first = nullptr;
  for (const Node::Entry& entry : node_.entries) {
    if (!contains(keys, entry.key)) continue;
    if (first != nullptr) {
      mistake(entry.place, what_ + ": both '" + first->key + "' and '" + entry.key +
                               "' are given: expected one of them");
      return;
    }
    first = &entry;
  }
}

void MapReader::mistake_at(std::string_view key, const std::string& message) const {
  const Node* node = find(key);
  mistake(node == nullptr ? node_.place : node->place, what_ + ": " + message);
}

std::optional<std::string> MapReader::find_word(std::string_view key, std::string_view noun,
                                                const std::vector<std::string>& words) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto word = read(reading_, *node, Kind<std::string>{"a word", parse_line});
  if (!word || contains(words, *word)) return word;
  mistake(node->place,
          "unknown " + std::string(noun) + " " + in_quotes(*word) + hint(*word, words));
  return std::nullopt;
}

}  // namespace squall::scenarios
