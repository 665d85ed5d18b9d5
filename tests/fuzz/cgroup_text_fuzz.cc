// Any bytes as what the kernel says of control groups: they are read without a crash, no folder is
// found outside of its mount, and an id is one.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "faults/process/cgroup_text.h"

namespace {

using namespace squall::faults;  // NOLINT(google-build-using-namespace): a program of one file.

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const CgroupMounts mounts = parse_cgroup_mounts(text);
  for (const CgroupMembership& one : parse_membership(text)) {
    require(one.path.starts_with('/'));
    for (const auto& mount : {mounts.unified, mounts.freezer}) {
      if (!mount) continue;
      const auto folder = mount->folder_of(one.path);
      require(!folder || folder->string().starts_with(mount->folder.string()));
      require(!folder ||
              (folder->string().substr(mount->folder.string().size()) + "/").find("/../") ==
                  std::string::npos);
    }
    const auto id = container_in(one);
    require(!id || (id->size() == 64 && one.path.find(*id) != std::string::npos));
    require(!is_in_cgroup(one, "/") && !is_in_cgroup(one, ""));
    if (one.path != "/" && one.path.find("//") == std::string::npos && !one.path.ends_with('/') &&
        !one.path.starts_with("/sys/fs/cgroup/")) {
      require(is_in_cgroup(one, one.path));
    }
  }
  return 0;
}
