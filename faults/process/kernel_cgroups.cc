#include "faults/process/kernel_cgroups.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "faults/process/procfs_file.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

Result<void> check_kernels_own(const fs::path& folder) {
  struct statfs about {};
  if (::statfs(folder.c_str(), &about) != 0) return last_error("look at " + folder.string());
  const auto magic = static_cast<unsigned long>(about.f_type);
  if (magic == CGROUP2_SUPER_MAGIC || magic == CGROUP_SUPER_MAGIC) return {};
  return error(std::errc::invalid_argument, folder.string() + " is no control group");
}

}  // namespace

Result<std::string> KernelCgroups::mounts() { return read_proc_file("/proc/self/mountinfo"); }

Result<std::string> KernelCgroups::membership_of(pid_t pid) {
  auto text = read_proc_file("/proc/" + std::to_string(pid) + "/cgroup");
  if (!text && text.error().code == std::errc::no_such_file_or_directory) {
    return error(std::errc::no_such_process, "process " + std::to_string(pid));
  }
  return text;
}

Result<std::string> KernelCgroups::read(const fs::path& file) {
  auto text = read_proc_file(file.string());
  // ENODEV: the group was removed while its file was open (kernfs).
  if (!text && text.error().code == std::errc::no_such_device) {
    return error(std::errc::no_such_file_or_directory, "read " + file.string());
  }
  return text;
}

Result<void> KernelCgroups::write(const fs::path& file, std::string_view text) {
  if (auto kernels = check_kernels_own(file.parent_path()); !kernels) return kernels;
  const UniqueFd opened(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!opened) return last_error("open " + file.string());
  if (::write(opened.get(), text.data(), text.size()) < 0) {
    return last_error("write to " + file.string());
  }
  return {};
}

Result<void> KernelCgroups::make(const fs::path& folder) {
  if (auto kernels = check_kernels_own(folder.parent_path()); !kernels) return kernels;
  if (::mkdir(folder.c_str(), 0755) != 0) return last_error("make " + folder.string());
  return {};
}

Result<void> KernelCgroups::remove(const fs::path& folder) {
  if (auto kernels = check_kernels_own(folder); !kernels) return kernels;
  if (::rmdir(folder.c_str()) != 0) return last_error("remove " + folder.string());
  return {};
}

Result<std::vector<fs::path>> KernelCgroups::groups_in(const fs::path& folder) {
  std::vector<fs::path> groups;
  std::error_code trouble;
  fs::directory_iterator at(folder, trouble);
  for (; !trouble && at != fs::directory_iterator(); at.increment(trouble)) {
    std::error_code gone;
    if (at->is_directory(gone) && !at->is_symlink(gone)) groups.push_back(at->path());
  }
  if (trouble) return Error{trouble, "list " + folder.string()};
  std::sort(groups.begin(), groups.end());
  return groups;
}

}  // namespace squall::faults
