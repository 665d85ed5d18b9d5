#include "harness/base/write_file.h"

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

namespace squall {

Result<void> write_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path unfinished = file.string() + ".part";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) {
    return Error{std::error_code(errno, std::generic_category()), "write " + file.string()};
  }
  std::error_code failure;
  std::filesystem::rename(unfinished, file, failure);
  if (failure) return Error{failure, "write " + file.string()};
  return {};
}

}  // namespace squall
