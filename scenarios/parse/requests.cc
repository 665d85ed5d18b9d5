#include <algorithm>
#include <array>
#include <cctype>

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using generators::ExpectSpec;
using generators::LoadSpec;
using generators::RequestSpec;
using generators::Template;

const std::vector<std::string>& methods() {
  static const std::vector<std::string> kMethods{"get",   "post", "put",    "delete",
                                                 "patch", "head", "options"};
  return kMethods;
}

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// RFC 9110 §5.6.2: what a field name is made of.
bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           kMarks.find(c) != std::string_view::npos;
  });
}

/// Reads the requests of one load, which know of the names taken by those before.
class RequestReader {
 public:
  RequestReader(Reading& reading, std::string what, LoadSpec& load)
      : reading_(reading), what_(std::move(what)), load_(load) {}

  void read_one(const Node& node, std::size_t number) {
    const std::string kind = load_.is_flow ? "step " : "request ";
    const std::string what = what_ + ": " + kind + std::to_string(number);
    std::vector<std::string> keys = methods();
    keys.insert(keys.end(), {"name", "headers", "body", "expect", "weight", "take"});
    const MapReader map(reading_, node, what, keys);
    if (!map.is_map()) return;

    if (load_.is_flow && map.find("weight") != nullptr) {
      map.mistake_at("weight", "the steps of a flow come in order: leave 'weight' away");
    } else if (!load_.is_flow && map.find("take") != nullptr) {
      map.mistake_at("take", "only the steps of a flow take values: expected 'flow'");
    }

    RequestSpec request;
    if (const auto method = map.exactly_one(methods())) {
      request.method = upper_case(*method);
      const Node& path = *map.find(*method);
      if (auto made = read_template(path, kLine)) {
        check_path(path, *made);
        request.path = std::move(*made);
      }
      request.name = request.method + " " + path.text;
    }
    map.set(request.name, "name", kLine);
    map.set(request.weight, "weight", kWeight);
    if (const Node* headers = map.find("headers")) read_headers(*headers, what, request);
    if (const Node* body = map.find("body")) read_body(*body, what, request);
    if (const Node* expect = map.find("expect")) {
      request.expect = read_expect(reading_, *expect, what);
    }
    if (const Node* take = map.find("take")) read_take(*take, what, request);
    load_.requests.push_back(std::move(request));
  }

 private:
  std::optional<Template> read_template(const Node& node, const Kind<std::string>& kind) {
    const auto text = read(reading_, node, kind);
    if (!text) return std::nullopt;
    auto made = Template::parse(*text);
    if (!made) {
      reading_.mistakes.add(node.place, made.error().trail);
      return std::nullopt;
    }
    for (const Template::Part& part : made->parts) check_part(node, part);
    return *std::move(made);
  }

  /// What a template names must be there.
  void check_part(const Node& node, const Template::Part& part) {
    if (const auto* taken = std::get_if<generators::TakenValue>(&part)) {
      if (std::find(taken_.begin(), taken_.end(), taken->name) != taken_.end()) return;
      std::vector<std::string> known{"seq", "random.uuid", "random.int", "squall"};
      known.insert(known.end(), reading_.vars.begin(), reading_.vars.end());
      known.insert(known.end(), taken_.begin(), taken_.end());
      reading_.mistakes.add(
          node.place,
          "unknown placeholder " + in_quotes("${" + taken->name + "}") + hint(taken->name, known));
    } else if (const auto* column = std::get_if<generators::DataColumn>(&part)) {
      const auto& tables = reading_.names["data"];
      if (std::find(tables.begin(), tables.end(), column->table) == tables.end()) {
        reading_.mistakes.add(node.place, what_ + ": unknown table of data " +
                                              in_quotes(column->table) +
                                              hint(column->table, tables));
      }
      check_column(node, *column);
    }
  }

  void check_column(const Node& node, const generators::DataColumn& column) {
    const auto columns = reading_.columns.find(column.table);
    if (columns == reading_.columns.end())
      return;  // No such table, or none that can be read: told.
    const auto& names = columns->second;
    const auto& tables = reading_.scenario.data;
    const auto table = std::find_if(tables.begin(), tables.end(),
                                    [&](const auto& one) { return one.first == column.table; });
    if (table == tables.end()) return;
    if (std::find(names.begin(), names.end(), column.column) == names.end()) {
      reading_.mistakes.add(node.place, what_ + ": " + in_quotes(table->second.file) +
                                            " has no column " + in_quotes(column.column) +
                                            hint(column.column, names));
    }
    if (table->second.order != generators::DataSpec::Order::kOnce) return;
    const auto [user, is_first] = reading_.used_by.emplace(column.table, load_.name);
    if (!is_first && user->second != load_.name) {
      reading_.mistakes.add(node.place, what_ + ": load " + user->second + " uses the rows of " +
                                            in_quotes(column.table) +
                                            " already, each once: expected another table");
    }
  }

  void check_path(const Node& node, const Template& path) {
    for (const Template::Part& part : path.parts) {
      const auto* text = std::get_if<std::string>(&part);
      if (text != nullptr && text->find_first_of(" #") != std::string::npos) {
        reading_.mistakes.add(node.place, in_quotes(node.text) +
                                              " holds a space or '#': a path has none (write %20"
                                              " or %23)");
        return;
      }
    }
    const auto* first =
        path.parts.empty() ? nullptr : std::get_if<std::string>(&path.parts.front());
    if (first != nullptr && !first->starts_with('/')) {
      reading_.mistakes.add(node.place,
                            in_quotes(node.text) + " is no path: expected one such as /index.html");
    }
  }

  void read_headers(const Node& node, const std::string& what, RequestSpec& request) {
    // RFC 9113 §8.2.2, and what the client counts itself.
    static const std::vector<std::string> kRefused{"connection",       "keep-alive",
                                                   "proxy-connection", "transfer-encoding",
                                                   "upgrade",          "content-length"};
    if (!node.is_map() || node.entries.empty()) {
      if (!node.broken) {
        reading_.mistakes.add(node.place,
                              what + ": 'headers' must be a map of names to values; found " +
                                  (node.is_map() ? "an empty map" : in_words(node)));
      }
      return;
    }
    for (const Node::Entry& entry : node.entries) {
      const std::string name = lower_case(entry.key);
      if (!is_token(name)) {
        reading_.mistakes.add(entry.place, in_quotes(entry.key) + " is no name of a header");
      } else if (std::find(kRefused.begin(), kRefused.end(), name) != kRefused.end()) {
        reading_.mistakes.add(entry.place, "header " + in_quotes(entry.key) +
                                               " cannot be set: the protocol takes care of it");
      }
      const auto is_same = [&](const auto& header) { return header.first == name; };
      if (std::any_of(request.headers.begin(), request.headers.end(), is_same)) {
        reading_.mistakes.add(entry.place, "duplicate header " + in_quotes(entry.key) +
                                               ": names of headers have no case");
      }
      if (auto value = read_template(entry.value, kHeaderValue)) {
        request.headers.emplace_back(name, std::move(*value));
      }
    }
  }

  void read_body(const Node& node, const std::string& what, RequestSpec& request) {
    if (!node.is_map()) {
      request.body = read_template(node, Kind<std::string>{"a text, or {file: NAME}", parse_text});
      return;
    }
    const MapReader map(reading_, node, what + ".body", {"file"});
    if (const Node* file = map.require("file", "the name of a file")) {
      request.body_file = read_file_name(reading_, *file);
    }
  }

  void read_take(const Node& node, const std::string& what, RequestSpec& request) {
    static const std::vector<std::string> kWays{"regex", "json", "header"};
    for_each_named(reading_, node, "taken value", [&](const std::string& name, const Node& value) {
      if (std::find(reading_.vars.begin(), reading_.vars.end(), name) != reading_.vars.end()) {
        reading_.mistakes.add(value.place, what + ": " + in_quotes(name) +
                                               " is a var already: expected another name");
      }
      taken_.push_back(name);
      const auto way =
          read(reading_, value,
               Kind<std::string>{"'regex:...', 'json:...' or 'header:...'", parse_line});
      if (!way) return;
      const std::size_t colon = way->find(':');
      const std::string kind = way->substr(0, colon);
      if (colon == std::string::npos ||
          std::find(kWays.begin(), kWays.end(), kind) == kWays.end() || colon + 1 == way->size()) {
        reading_.mistakes.add(value.place, in_quotes(*way) +
                                               " says nothing that could be taken: expected"
                                               " 'regex:...', 'json:...' or 'header:...'");
        return;
      }
      if (kind == "regex") check_regex(value, way->substr(colon + 1));
      if (kind == "json") check_pointer(value, way->substr(colon + 1));
      if (kind == "header" && !is_token(way->substr(colon + 1))) {
        reading_.mistakes.add(value.place,
                              in_quotes(way->substr(colon + 1)) + " is no name of a header");
      }
      request.take[name] = *way;
    });
  }

  void check_regex(const Node& node, const std::string& text) {
    constexpr std::size_t kLongest = 500;
    if (text.size() > kLongest) {
      reading_.mistakes.add(node.place, "a regular expression of more than 500 characters");
      return;
    }
    const re2::RE2 regex(text, re2::RE2::Quiet);
    if (!regex.ok()) {
      reading_.mistakes.add(node.place,
                            in_quotes(text) + " is no regular expression: " + regex.error());
    } else if (regex.NumberOfCapturingGroups() != 1) {
      reading_.mistakes.add(node.place,
                            in_quotes(text) + " must have one group '( )': what it holds is taken");
    }
  }

  void check_pointer(const Node& node, const std::string& text) {
    try {
      static_cast<void>(nlohmann::json::json_pointer(text));
    } catch (const nlohmann::json::exception&) {
      reading_.mistakes.add(node.place, in_quotes(text) +
                                            " is no JSON pointer: expected one such as"
                                            " /items/0/id");
    }
  }

  static constexpr Kind<std::string> kHeaderValue{
      "a text", [](std::string_view text) {
        return text.empty() ? Parsed<std::string>::ok({}) : parse_line(text);
      }};

  Reading& reading_;  // NOLINT: both stand on the stack above.
  std::string what_;
  LoadSpec& load_;
  std::vector<std::string> taken_;
};

}  // namespace

void read_requests(Reading& reading, const Node& node, const std::string& what, LoadSpec& load) {
  if (node.broken) return;
  if (!node.is_list() || node.items.empty()) {
    reading.mistakes.add(node.place, what +
                                         ": expected a list of requests such as {get: /}; found " +
                                         (node.is_list() ? "an empty list" : in_words(node)));
    return;
  }
  RequestReader reader(reading, what, load);
  for (std::size_t i = 0; i < node.items.size(); ++i) reader.read_one(node.items[i], i + 1);
}

ExpectSpec read_expect(Reading& reading, const Node& node, const std::string& what) {
  ExpectSpec expect;
  const MapReader map(reading, node, what + ".expect", {"status", "body_contains", "headers"});
  if (const Node* status = map.find("status")) expect.status = read_list(reading, *status, kStatus);
  map.set(expect.body_contains, "body_contains", kText);
  if (const Node* headers = map.find("headers")) {
    for (auto& [name, text] :
         read_texts(reading, *headers, "a map of headers to what they contain")) {
      expect.headers[lower_case(name)] = text;
    }
    for (const Node::Entry& entry : headers->entries) {
      if (!is_token(entry.key)) {
        reading.mistakes.add(entry.place, in_quotes(entry.key) + " is no name of a header");
      }
    }
  }
  return expect;
}

}  // namespace squall::scenarios
