#include "harness/coordinator/socket_folder.h"

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "squall-";
constexpr std::string_view kRandom = "XXXXXX";
constexpr const char* kSocket = "control";
constexpr std::time_t kSurelyListens = 60;  // Seconds.

/// Nobody listens on it, and nobody ever will.
bool is_dead(const fs::path& socket) {
  struct stat found {};
  if (::lstat(socket.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  // Between bind() and listen() nobody listens yet.
  if (std::time(nullptr) - found.st_mtime < kSurelyListens) return false;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof name.sun_path) return false;
  path.copy(name.sun_path, path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 &&
         errno == ECONNREFUSED;
}

/// As make() makes it, by this user.
bool is_one_of_ours(const fs::path& folder) {
  const std::string name = folder.filename().string();
  struct stat found {};
  return name.starts_with(kPrefix) && name.size() == kPrefix.size() + kRandom.size() &&
         ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == ::geteuid() && (found.st_mode & ALLPERMS) == S_IRWXU;
}

void remove_the_dead(const fs::path& parent) {
  std::error_code failure;
  for (fs::directory_iterator entry(parent, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const fs::path socket = entry->path() / kSocket;
    if (!is_one_of_ours(entry->path()) || !is_dead(socket)) continue;
    std::error_code ignored;
    fs::remove(socket, ignored);
    fs::remove(entry->path(), ignored);  // Only when there is nothing else in it.
  }
}

}  // namespace

Result<SocketFolder> SocketFolder::make() {
  std::error_code failure;
  const fs::path parent = fs::temp_directory_path(failure);
  if (failure) return Error{failure, "find a folder for temporary files"};
  remove_the_dead(parent);
  std::string path = (parent / (std::string(kPrefix) + std::string(kRandom))).string();
  if (mkdtemp(path.data()) == nullptr) {
    return Error{std::error_code(errno, std::generic_category()), "make folder " + path};
  }
  return SocketFolder(std::move(path));
}

SocketFolder::SocketFolder(SocketFolder&& other) noexcept
    : path_(std::exchange(other.path_, std::string())) {}

SocketFolder::~SocketFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::string SocketFolder::address() const { return "unix:" + path_ + "/" + kSocket; }

}  // namespace squall::coordinator
