#include "reports/json/json_text.h"

#include <algorithm>
#include <cstddef>

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

bool is_flat(const Json& json) {
  return !json.is_structured() || std::none_of(json.begin(), json.end(), [](const Json& item) {
    return item.is_structured() && !item.empty();
  });
}

void write_indented(const Json& json, std::size_t indent, std::string& out) {
  if (is_flat(json)) {
    out += json_line(json);
    return;
  }
  const std::string margin(indent + 2, ' ');
  out += json.is_object() ? "{" : "[";
  bool is_first = true;
  for (const auto& [key, value] : json.items()) {
    out += is_first ? "\n" : ",\n";
    is_first = false;
    out += margin;
    if (json.is_object()) out += json_line(key) + ": ";
    write_indented(value, indent + 2, out);
  }
  out += "\n" + std::string(indent, ' ') + (json.is_object() ? "}" : "]");
}

}  // namespace

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const Json& json) {
  std::string out;
  write_indented(json, 0, out);
  return out + "\n";
}

}  // namespace squall::reports
