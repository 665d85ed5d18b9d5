#include <filesystem>
#include <system_error>

#include <unistd.h>

#include "generators/spec/records.h"
#include "generators/spec/target_spec.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {

std::optional<std::string> read_file_name(Reading& reading, const Node& node) {
  auto name = read(reading, node, Kind<std::string>{"the name of a file", parse_line});
  if (!name) return std::nullopt;
  const std::filesystem::path path = std::filesystem::path(reading.scenario.directory) / *name;
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  std::string why;
  if (!std::filesystem::exists(status)) {
    why = "there is no such file in " + in_quotes(reading.scenario.directory);
  } else if (!std::filesystem::is_regular_file(status)) {
    why = "it is not a file";
  } else if (::access(path.c_str(), R_OK) != 0) {
    why = "it may not be read";
  }
  if (why.empty()) return name;
  reading.mistakes.add(node.place, "file " + in_quotes(*name) + ": " + why);
  return std::nullopt;
}

Result<std::vector<std::string>> read_table_columns(const Reading& reading,
                                                    const std::string& file) {
  auto columns = generators::read_columns(std::filesystem::path(reading.scenario.directory) / file);
  if (!columns) return std::move(columns).error();
  return columns;
}

std::optional<generators::Url> read_url(Reading& reading, const Node& node) {
  const auto text =
      read(reading, node, Kind<std::string>{"a URL such as https://127.0.0.1:8443", parse_line});
  if (!text) return std::nullopt;
  auto url = generators::parse_url(*text);
  if (!url) {
    reading.mistakes.add(node.place, in_quotes(*text) + " is not a URL: " + url.error().trail);
    return std::nullopt;
  }
  return *std::move(url);
}

}  // namespace squall::scenarios
