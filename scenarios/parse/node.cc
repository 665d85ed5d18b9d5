#include "scenarios/parse/node.h"

#include "scenarios/parse/words.h"

namespace squall::scenarios {

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  for (Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string in_words(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      return in_quotes(node.text);
    case Node::Kind::kNothing:
      break;
  }
  return "nothing";
}

}  // namespace squall::scenarios
