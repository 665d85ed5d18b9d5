#include "scenarios/parse/yaml.h"

#include <exception>
#include <sstream>
#include <unordered_map>
#include <utility>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "scenarios/parse/utf8.h"
#include "scenarios/parse/words.h"

namespace squall::scenarios {
namespace {

/// Ends yaml-cpp's parse from inside an event; caught in read_yaml(). The mistake is told already.
struct Stopped : std::exception {};

/// Turns yaml-cpp's marks (bytes, from 0) into places (characters, from 1).
class Places {
 public:
  Places(std::string_view text, std::size_t source) : text_(text), source_(source) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }

  Place of(const YAML::Mark& mark) const {
    if (source_ != 0) return {source_, 0, 0};  // An override is one line: its path says where.
    if (mark.is_null() || mark.line < 0 || mark.column < 0) return {source_, 1, 1};
    const auto line = static_cast<std::size_t>(mark.line);
    const auto bytes = static_cast<std::size_t>(mark.column);
    if (line >= starts_.size()) return {source_, line + 1, bytes + 1};
    const std::string_view before = text_.substr(starts_[line]).substr(0, bytes);
    return {source_, line + 1, count_characters(before) + 1};
  }

 private:
  std::string_view text_;
  std::size_t source_;
  std::vector<std::size_t> starts_;
};

struct Size {
  std::size_t nodes = 1;
  std::size_t bytes = 0;
  std::size_t depth = 1;
};

Size size_of(const Node& node) {
  Size size{1, node.text.size(), 1};
  const auto add = [&](const Node& child) {
    const Size inner = size_of(child);
    size.nodes += inner.nodes;
    size.bytes += inner.bytes;
    size.depth = std::max(size.depth, inner.depth + 1);
  };
  for (const Node& item : node.items) add(item);
  for (const Node::Entry& entry : node.entries) {
    add(entry.value);
    size.bytes += entry.key.size();
  }
  return size;
}

/// Builds the tree from yaml-cpp's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Places& places, Mistakes& mistakes) : places_(places), mistakes_(mistakes) {}

  std::optional<Node> take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) {
      stop(places_.of(mark), "several documents in one file: expected one scenario");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = places_.of(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) stop(places_.of(mark), "an alias stands inside its own anchor");
    const Size size = size_of(known->second);
    spend(size, places_.of(mark));
    if (open_.size() + size.depth > kMostDepth) too_deep(places_.of(mark));
    attach(Node(known->second));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.kind = Node::Kind::kScalar;
    node.place = places_.of(mark);
    node.text = value;
    node.quoted = tag == "!";
    refuse_tag(tag, node.place);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key;                           ///< Read, its value not yet.
    std::unordered_map<std::string, Place> keys_seen;  ///< Of a map.
  };

  [[noreturn]] void stop(Place place, std::string message) {
    mistakes_.add(place, std::move(message));
    throw Stopped{};
  }
  [[noreturn]] void too_deep(Place place) {
    stop(place, "maps and lists stand more than " + std::to_string(kMostDepth) +
                    " deep inside each other");
  }

  void refuse_tag(const std::string& tag, Place place) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    mistakes_.add(place, "a YAML tag (" + in_quotes(tag) + "): scenarios have none, leave it away");
  }

  void spend(const Size& size, Place place) {
    nodes_ += size.nodes;
    bytes_ += size.bytes;
    if (nodes_ > kMostNodes || bytes_ > kMostExpanded) {
      stop(place, "too much: a scenario holds at most " + std::to_string(kMostNodes) +
                      " values, with aliases written out");
    }
  }

  void add(Node node, YAML::anchor_t anchor) {
    spend({1, node.text.size(), 1}, node.place);
    if (anchor != 0) remember(anchor, node);
    attach(std::move(node));
  }

  void remember(YAML::anchor_t anchor, const Node& node) {
    spend(size_of(node), node.place);
    anchors_[anchor] = node;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    const Place place = places_.of(mark);
    if (open_.size() >= kMostDepth) too_deep(place);
    refuse_tag(tag, place);
    spend({}, place);
    open_.emplace_back();
    open_.back().node.kind = kind;
    open_.back().node.place = place;
    open_.back().anchor = anchor;
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) remember(done.anchor, done.node);
    attach(std::move(done.node));
  }

  void attach(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (!node.is_scalar()) {
        stop(node.place, "a key must be a word, found " + in_words(node));
      }
      parent.key = std::move(node);
    } else {
      attach_entry(parent, std::move(node));
    }
  }

  void attach_entry(Open& parent, Node value) {
    Node key = std::move(*parent.key);
    parent.key.reset();
    const auto [seen, is_new] = parent.keys_seen.emplace(key.text, key.place);
    if (!is_new) {
      mistakes_.add(key.place, "duplicate key " + in_quotes(key.text) + ": it stands on line " +
                                   std::to_string(seen->second.line) + " already");
      return;
    }
    // yaml-cpp puts an absent value where the next thing stands.
    if (value.kind == Node::Kind::kNothing) value.place = key.place;
    parent.node.entries.push_back({std::move(key.text), key.place, std::move(value)});
  }

  const Places& places_;  // NOLINT: outlived by both, they stand in read_yaml().
  Mistakes& mistakes_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Node> anchors_;
  std::optional<Node> root_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
};

/// The first line of `text` that is indented with a tab, or none.
std::optional<Place> tab_in_indentation(std::string_view text, std::size_t source) {
  std::size_t line = 1;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view now = text.substr(0, end);
    const std::size_t indent = now.find_first_not_of(" \t");
    const std::size_t tab = now.find('\t');
    if (tab != std::string_view::npos && (indent == std::string_view::npos || tab < indent)) {
      return Place{source, line, tab + 1};
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    ++line;
  }
  return std::nullopt;
}

/// Says where `text` is no plain UTF-8 text; yaml-cpp would guess at it.
std::optional<std::pair<Place, std::string>> not_text(std::string_view text, std::size_t source) {
  const auto bad = first_not_text(text);
  if (!bad) return std::nullopt;
  std::size_t line = 1;
  std::size_t start = 0;
  for (std::size_t i = 0; i < *bad; ++i) {
    if (text[i] == '\n') {
      ++line;
      start = i + 1;
    }
  }
  const auto byte = static_cast<unsigned char>(text[*bad]);
  std::ostringstream message;
  message << "not UTF-8 text: found the byte 0x" << std::hex << static_cast<unsigned>(byte);
  const Place place{source, line, count_characters(text.substr(start, *bad - start)) + 1};
  return std::pair(place, message.str());
}

}  // namespace

std::optional<Node> read_yaml(std::string_view text, std::size_t source, Mistakes& mistakes) {
  const auto in_file = [&](Place place) { return source == 0 ? place : Place{source, 0, 0}; };
  if (text.size() > kMostText) {
    mistakes.add({source, 0, 0}, "larger than 1 MiB: that is no scenario");
    return std::nullopt;
  }
  if (auto bad = not_text(text, source)) {
    mistakes.add(in_file(bad->first), bad->second);
    return std::nullopt;
  }
  const Places places(text, source);
  TreeBuilder builder(places, mistakes);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stopped&) {
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    if (const auto tab = tab_in_indentation(text, source)) {
      mistakes.add(in_file(*tab), "a tab in the indentation: expected spaces");
    } else {
      mistakes.add(places.of(exception.mark), "not YAML: " + exception.msg);
    }
    return std::nullopt;
  } catch (const std::exception& exception) {
    mistakes.add({source, 0, 0}, std::string("not YAML: ") + exception.what());
    return std::nullopt;
  }
  auto root = builder.take_root();
  if (!root) {
    root.emplace();
    root->place = in_file({source, 1, 1});
  }
  return root;
}

}  // namespace squall::scenarios
