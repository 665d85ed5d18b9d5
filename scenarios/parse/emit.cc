#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "scenarios/parse/yaml.h"

namespace squall::scenarios {
namespace {

/// True when `text` means itself without quotes anywhere in YAML, whatever follows.
bool is_plain(std::string_view text) {
  const auto is_simple = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-' || c == '%' || c == '+';
  };
  if (text.empty() || text.front() == '-' || text.front() == '%' || text.starts_with("...")) {
    return false;
  }
  if (text.front() == ' ' || text.back() == ' ') return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_simple(c) || c == ' '; });
}

bool means_nothing(std::string_view text) {
  return text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::string in_double_quotes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      made += '\\';
      made += c;
    } else if (c == '\n') {
      made += "\\n";
    } else if (c == '\t') {
      made += "\\t";
    } else if ((c >= '\0' && c < ' ') || c == '\x7f') {
      const auto byte = static_cast<unsigned char>(c);
      made += "\\x";
      made += kHex[byte >> 4U];
      made += kHex[byte & 0xFU];
    } else {
      made += c;
    }
  }
  return made + '"';
}

std::string scalar(std::string_view text, bool quoted) {
  return !quoted && is_plain(text) && !means_nothing(text) ? std::string(text)
                                                           : in_double_quotes(text);
}

void write(std::string& out, const Node& node, std::size_t depth);

/// Writes what follows "key:" or "-".
void write_value(std::string& out, const Node& value, std::size_t depth) {
  const bool is_block =
      (value.is_map() && !value.entries.empty()) || (value.is_list() && !value.items.empty());
  out += is_block ? "\n" : " ";
  write(out, value, depth);
}

void write(std::string& out, const Node& node, std::size_t depth) {
  const std::string indent(depth * 2, ' ');
  switch (node.kind) {
    case Node::Kind::kNothing:
      out += "null\n";
      break;
    case Node::Kind::kScalar:
      out += scalar(node.text, node.quoted) + "\n";
      break;
    case Node::Kind::kList:
      if (node.items.empty()) out += "[]\n";
      for (const Node& item : node.items) {
        out += indent + "-";
        write_value(out, item, depth + 1);
      }
      break;
    case Node::Kind::kMap:
      if (node.entries.empty()) out += "{}\n";
      for (const Node::Entry& entry : node.entries) {
        out += indent + scalar(entry.key, false) + ":";
        write_value(out, entry.value, depth + 1);
      }
      break;
  }
}

}  // namespace

std::string to_yaml(const Node& node) {
  std::string text;
  write(text, node, 0);
  return text;
}

}  // namespace squall::scenarios
