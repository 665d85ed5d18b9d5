#include "harness/coordinator/socket_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace squall::coordinator {

Result<SocketFolder> SocketFolder::make() {
  std::error_code failure;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(failure);
  if (failure) return Error{failure, "find a folder for temporary files"};
  std::string path = (parent / "squall-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return Error{std::error_code(errno, std::generic_category()), "make folder " + path};
  }
  return SocketFolder(std::move(path));
}

SocketFolder::SocketFolder(SocketFolder&& other) noexcept
    : path_(std::exchange(other.path_, std::string())) {}

SocketFolder::~SocketFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace squall::coordinator
