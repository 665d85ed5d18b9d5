#include <cerrno>
#include <filesystem>
#include <system_error>

#include <linux/magic.h>
#include <sys/vfs.h>
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

std::optional<std::string> read_folder_name(Reading& reading, const Node& node) {
  auto name = read(reading, node, Kind<std::string>{"the name of a folder", parse_line});
  if (!name) return std::nullopt;
  const std::filesystem::path path = std::filesystem::path(reading.scenario.directory) / *name;
  std::error_code failure;
  // What is not there yet is made in the nearest folder that is.
  std::filesystem::path nearest = path.empty() ? "." : path;
  const auto is_broken_link = [&nearest] {
    std::error_code none;
    return std::filesystem::is_symlink(nearest, none) && !std::filesystem::exists(nearest, none);
  };
  while (!std::filesystem::exists(nearest, failure) && !failure && nearest.has_relative_path() &&
         !is_broken_link()) {
    nearest = nearest.has_parent_path() ? nearest.parent_path() : ".";
  }
  struct statfs system {};
  std::string why;
  if (failure) {
    why = failure.message();
  } else if (is_broken_link()) {
    why = in_quotes(nearest.string()) + " is a link to " +
          in_quotes(std::filesystem::read_symlink(nearest, failure).string()) +
          ", which is not there";
  } else if (!std::filesystem::is_directory(nearest, failure)) {
    why = in_quotes(nearest.string()) + " is not a folder";
  } else if (::access(nearest.c_str(), W_OK | X_OK) != 0) {
    why = "in " + in_quotes(nearest.string()) + ": " + std::generic_category().message(errno);
  } else if (::statfs(nearest.c_str(), &system) == 0 &&
             (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC)) {
    why = "no files can be made in " + in_quotes(nearest.string());
  }
  if (why.empty()) return name;
  reading.mistakes.add(node.place, "folder " + in_quotes(*name) + " cannot be written to: " + why);
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
