#include "harness/trust/certificate_files.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/files.h"
#include "harness/base/unique_fd.h"

namespace squall::trust {
namespace {

Error failed(std::string_view doing, const std::filesystem::path& path, int code) {
  return Error{std::error_code(code, std::generic_category()),
               std::string(doing) + " " + path.string()};
}

Result<void> write_one(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return failed("write", path, errno);
  while (!text.empty()) {
    const ssize_t written = write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int code = errno;
      unlink(path.c_str());
      return failed("write", path, code);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_one(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (text && text->empty()) return error(std::errc::io_error, "read " + path.string());
  return text;
}

std::filesystem::path with(const std::filesystem::path& stem, std::string_view ending) {
  return stem.string() + std::string(ending);
}

}  // namespace

Result<void> write_new(const std::filesystem::path& stem, const Pem& pem) {
  if (auto written = write_one(with(stem, ".key"), pem.key, S_IRUSR | S_IWUSR); !written) {
    return written;
  }
  auto written =
      write_one(with(stem, ".pem"), pem.certificate, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  if (!written) unlink(with(stem, ".key").c_str());
  return written;
}

Result<Pem> read_files(const std::filesystem::path& stem) {
  SQUALL_TRY(std::string certificate, read_one(with(stem, ".pem")));
  SQUALL_TRY(std::string key, read_one(with(stem, ".key")));
  return Pem{std::move(certificate), std::move(key)};
}

}  // namespace squall::trust
