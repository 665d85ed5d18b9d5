#include "scenarios/parse/variables.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "harness/base/nearest.h"
#include "scenarios/model/scenario.h"
#include "scenarios/parse/utf8.h"
#include "scenarios/parse/words.h"
#include "scenarios/parse/yaml.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view kEnvironment = "env.";

/// A list as text is its items with commas between.
std::string as_text(const Node& value) {
  if (!value.is_list()) return value.text;
  std::string text;
  for (const Node& item : value.items) text += (text.empty() ? "" : ", ") + item.text;
  return text;
}

std::string escaped(const std::string& text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "${") == 0) made += '$';
    made += text[i];
  }
  return made;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool belongs_to_requests(std::string_view inside) {
  return inside == "seq" || inside.starts_with("random.") || inside.starts_with("data.");
}

bool belongs_to_services(std::string_view inside) {
  return inside == "instance" || inside.starts_with("port(");
}

}  // namespace

Variables::Variables(Node* vars, std::string squall_program, Mistakes& mistakes)
    : squall_program_(squall_program.empty() ? "squall" : std::move(squall_program)),
      mistakes_(mistakes) {
  static const std::vector<std::string> kTaken{"env", "squall", "instance", "port",
                                               "seq", "random", "data"};
  if (vars == nullptr) return;
  if (!vars->is_map() || vars->entries.empty()) {
    mistakes_.add(vars->place, "'vars' must be a map of names to values; found " +
                                   (vars->is_map() ? "an empty map" : in_words(*vars)));
    return;
  }
  for (Node::Entry& entry : vars->entries) {
    const bool is_text_or_list =
        entry.value.is_scalar() ||
        (entry.value.is_list() && std::all_of(entry.value.items.begin(), entry.value.items.end(),
                                              [](const Node& item) { return item.is_scalar(); }));
    if (!is_word(entry.key)) {
      mistakes_.add(entry.place, in_quotes(entry.key) +
                                     " is no name for a var: expected letters, digits, '-', '_'");
    } else if (std::find(kTaken.begin(), kTaken.end(), entry.key) != kTaken.end()) {
      mistakes_.add(entry.place, in_quotes(entry.key) +
                                     " is a word of the language: expected another name for a var");
    } else if (!is_text_or_list) {
      mistakes_.add(entry.value.place, "var " + entry.key +
                                           ": expected a text, a number or a list" +
                                           " of them; found " + in_words(entry.value));
      entry.value.broken = true;
    } else {
      fill(entry.value, Context::kPlain);  // Knows the vars above it.
    }
    if (is_word(entry.key)) {
      values_[entry.key] = entry.value;
      names_.push_back(entry.key);
    }
  }
}

void Variables::fill(Node& root) {
  for (Node::Entry& entry : root.entries) {
    if (entry.key == "vars") continue;
    if (entry.key == "load") {
      for (Node::Entry& load : entry.value.entries) fill_load(load.value);
      if (!entry.value.is_map()) fill(entry.value, Context::kPlain);
    } else {
      fill(entry.value, entry.key == "services" ? Context::kService : Context::kPlain);
    }
  }
}

void Variables::fill_load(Node& load) {
  for (Node::Entry& entry : load.entries) {
    const bool is_requests = entry.key == "requests" || entry.key == "flow";
    if (is_requests && entry.value.is_list()) {
      for (Node& request : entry.value.items) fill_request(request);
    } else {
      fill(entry.value, Context::kPlain);
    }
  }
  if (!load.is_map()) fill(load, Context::kPlain);
}

void Variables::fill_request(Node& request) {
  static const std::vector<std::string> kPlainKeys{"expect", "weight", "name", "take"};
  for (Node::Entry& entry : request.entries) {
    const bool is_plain =
        std::find(kPlainKeys.begin(), kPlainKeys.end(), entry.key) != kPlainKeys.end() ||
        (entry.key == "body" && entry.value.is_map());
    fill(entry.value, is_plain ? Context::kPlain : Context::kRequest);
  }
  if (!request.is_map()) fill(request, Context::kPlain);
}

void Variables::fill(Node& node, Context context) {
  if (node.is_scalar()) fill_scalar(node, context);
  for (Node& item : node.items) fill(item, context);
  for (Node::Entry& entry : node.entries) fill(entry.value, context);
}

bool Variables::spend(std::size_t bytes, Node& node) {
  spent_ += bytes;
  if (spent_ <= kMostExpanded) return true;
  mistakes_.add(node.place,
                "too much: with all placeholders filled the scenario is larger than 8 MiB");
  node.broken = true;
  return false;
}

void Variables::fill_scalar(Node& node, Context context) {
  if (node.text.find("${") == std::string::npos || spent_ > kMostExpanded) return;
  if (context == Context::kPlain && node.text.ends_with('}') && node.text.starts_with("${")) {
    // `${ports}` alone may stand for a list.
    const auto known = values_.find(std::string_view(node.text).substr(2, node.text.size() - 3));
    if (known != values_.end() && known->second.is_list()) {
      if (!spend(as_text(known->second).size(), node)) return;
      const Place place = node.place;
      node = known->second;
      node.place = place;
      return;
    }
  }
  const bool keeps_escapes = context != Context::kPlain;
  std::string made;
  std::string_view rest = node.text;
  while (true) {
    const std::size_t mark = rest.find("${");
    if (mark == std::string_view::npos) break;
    if (mark > 0 && rest[mark - 1] == '$') {  // `$${`: a literal `${`.
      made.append(rest.substr(0, mark - 1)).append(keeps_escapes ? "$${" : "${");
      rest.remove_prefix(mark + 2);
      continue;
    }
    const std::size_t close = rest.find('}', mark);
    if (close == std::string_view::npos) {
      mistakes_.add(node.place,
                    in_quotes(rest.substr(mark)) +
                        " is not closed: expected a '}' (a literal '${' is written '$${')");
      node.broken = true;
      return;
    }
    made.append(rest.substr(0, mark));
    const std::string inside(rest.substr(mark + 2, close - mark - 2));
    const auto text = text_for(inside, node, context);
    made.append(text ? (keeps_escapes ? escaped(*text) : *text)
                     : std::string(rest.substr(mark, close - mark + 1)));
    if (!spend(text ? text->size() : 0, node) || node.broken) return;
    rest.remove_prefix(close + 1);
  }
  node.text = made.append(rest);
}

std::optional<std::string> Variables::text_for(const std::string& inside, Node& node,
                                               Context context) {
  if (inside == "squall") return squall_program_;
  if (inside.starts_with(kEnvironment)) {
    const std::string name = inside.substr(kEnvironment.size());
    const char* value =
        name.empty() || name.find('\0') != std::string::npos ? nullptr : std::getenv(name.c_str());
    if (value == nullptr || first_not_text(value)) {
      mistakes_.add(node.place, "the environment variable " + in_quotes(name) +
                                    (value == nullptr ? " is not set" : " is not UTF-8 text"));
      node.broken = true;
      return std::nullopt;
    }
    return value;
  }
  if (const auto known = values_.find(inside); known != values_.end()) {
    node.broken = node.broken || known->second.broken;  // Told at the var.
    return as_text(known->second);
  }
  if (context == Context::kService && belongs_to_services(inside)) {
    check_service_placeholder(inside, node);
    return std::nullopt;
  }
  // In requests a word may be a value that a flow takes; who reads the flow knows.
  if (context == Context::kRequest && (belongs_to_requests(inside) || is_word(inside))) {
    return std::nullopt;
  }
  return unknown(inside, node, context);
}

void Variables::check_service_placeholder(const std::string& inside, Node& node) {
  const std::string with_one = expand_for_instance("${" + inside + "}", 1);
  if (!with_one.starts_with("${")) return;
  mistakes_.add(node.place,
                in_quotes("${" + inside + "}") + " is not readable: expected ${port(8443)}");
  node.broken = true;
}

std::optional<std::string> Variables::unknown(const std::string& inside, Node& node,
                                              Context context) {
  node.broken = true;
  const std::string shown = in_quotes("${" + inside + "}");
  if (belongs_to_requests(inside)) {
    mistakes_.add(node.place, shown +
                                  " differs from request to request: it can stand only in their"
                                  " path, headers and body");
    return std::nullopt;
  }
  if (belongs_to_services(inside)) {
    mistakes_.add(node.place, shown +
                                  " differs from instance to instance: it can stand only in"
                                  " services");
    return std::nullopt;
  }
  std::vector<std::string> known = names_;
  known.emplace_back("squall");
  if (context == Context::kService) known.insert(known.end(), {"instance", "port(8443)"});
  if (context == Context::kRequest) {
    known.insert(known.end(), {"seq", "random.uuid", "random.int(1,1000)"});
  }
  const std::string near = nearest(inside, known);
  known.emplace_back("env.NAME");
  mistakes_.add(node.place, "unknown placeholder " + shown +
                                (near.empty() ? ": expected " + one_of(known)
                                              : ", did you mean '${" + near + "}'?"));
  return std::nullopt;
}

}  // namespace squall::scenarios
