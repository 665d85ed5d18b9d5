#include "generators/spec/records.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include <nlohmann/json.hpp>

namespace squall::generators {
namespace {

constexpr std::size_t kDeepest = 64;
// A first record that is longer than this is none that anybody wrote.
constexpr std::size_t kLongestHead = 1024UL * 1024UL;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

Error wrong(std::string_view why) { return error(std::errc::invalid_argument, why); }

}  // namespace

CsvReader::CsvReader(std::string_view text) : rest_(text) {
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

Result<void> CsvReader::read_quoted(std::string& field) {
  rest_.remove_prefix(1);
  for (;;) {
    const std::size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) {
      rest_ = {};
      return wrong("a quote is not closed");
    }
    const std::string_view piece = rest_.substr(0, quote);
    next_line_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    field.append(piece);
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) break;
    field += '"';
    rest_.remove_prefix(1);
  }
  if (rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.starts_with("\r\n") ||
      rest_ == "\r") {
    return {};
  }
  rest_ = {};
  return wrong("something follows a closing quote");
}

Result<bool> CsvReader::next(std::vector<std::string>& fields) {
  while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) {
    rest_.remove_prefix(rest_.front() == '\n' ? 1 : 2);
    ++next_line_;
  }
  line_ = next_line_;
  std::size_t count = 0;
  if (rest_.empty()) return false;
  for (bool more = true; more;) {
    if (count == fields.size()) fields.emplace_back();
    std::string& field = fields[count++];
    field.clear();
    if (rest_.starts_with('"')) {
      if (auto read = read_quoted(field); !read) return std::move(read).error();
    } else {
      const std::size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
      field.assign(rest_.substr(0, end));
      rest_.remove_prefix(end);
      if (field.ends_with('\r') && !rest_.starts_with(',')) field.pop_back();
    }
    if (rest_.starts_with('\r')) rest_.remove_prefix(1);
    more = rest_.starts_with(',');
    if (!rest_.empty()) rest_.remove_prefix(1);
  }
  ++next_line_;
  fields.resize(count);
  return true;
}

std::size_t json_nesting(std::string_view text) {
  std::size_t deepest = 0;
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (in_text) {
      if (letter == '\\') ++i;
      in_text = letter != '"';
    } else if (letter == '"') {
      in_text = true;
    } else if (letter == '[' || letter == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((letter == ']' || letter == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

Result<std::vector<std::string>> read_json_line(std::string_view line,
                                                std::vector<std::string>* values) {
  using Json = nlohmann::ordered_json;
  if (json_nesting(line) > kDeepest) return wrong("JSON that is nested too deep");
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return wrong("no JSON object");
  std::vector<std::string> keys;
  if (values != nullptr) values->clear();
  for (const auto& [key, value] : object.items()) {
    keys.push_back(key);
    if (values == nullptr) continue;
    if (value.is_string()) {
      values->push_back(value.get<std::string>());
    } else if (value.is_null()) {
      values->emplace_back();
    } else {
      values->push_back(value.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  }
  return keys;
}

bool is_json_lines(std::string_view file_name) { return file_name.ends_with(".jsonl"); }

Result<std::vector<std::string>> read_columns(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return error(std::errc::no_such_file_or_directory, "read " + file.string());
  std::string head(kLongestHead, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  if (is_json_lines(file.native())) {
    const std::size_t first = std::min(head.find_first_not_of(" \t\r\n"), head.size());
    const std::string_view rest = std::string_view(head).substr(first);
    auto keys = read_json_line(rest.substr(0, rest.find('\n')), nullptr);
    if (!keys) return std::move(keys).error().within(file.string());
    return keys;
  }
  CsvReader reader(head);
  std::vector<std::string> fields;
  auto read = reader.next(fields);
  if (!read) return std::move(read).error().within(file.string());
  if (!*read) return wrong(file.string() + ": empty: expected a header row");
  return fields;
}

}  // namespace squall::generators
