#include "harness/base/write_file.h"

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

namespace squall {

Result<void> write_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path unfinished = file.string() + ".part";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  const bool is_ours = out.is_open();
  out << text;
  out.close();
  std::error_code failure;
  if (out) {
    std::filesystem::rename(unfinished, file, failure);
    if (!failure) return {};
  } else {
    failure.assign(errno, std::generic_category());
  }
  std::error_code ignored;
  if (is_ours) std::filesystem::remove(unfinished, ignored);
  return Error{failure, "write " + file.string()};
}

}  // namespace squall
