#include "generators/request/mapped_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "harness/base/unique_fd.h"

namespace squall::generators {

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const auto failed = [&path] {
    return error(static_cast<std::errc>(errno), "read " + path.string());
  };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed();
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) return error(std::errc::invalid_argument, "read " + path.string());
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return MappedFile("", 0);  // Nothing cannot be mapped.
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) return failed();  // NOLINT: the system's macro
  return MappedFile(static_cast<const char*>(mapped), size);
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<char*>(data_), size_);  // NOLINT: the system's interface
}

}  // namespace squall::generators
