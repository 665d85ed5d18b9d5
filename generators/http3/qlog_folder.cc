#include "generators/http3/qlog_folder.h"

#include <system_error>
#include <utility>

namespace squall::generators {

Result<std::shared_ptr<QlogFolder>> QlogFolder::make(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error{failed, "quic: qlog: " + folder.string()};
  return std::shared_ptr<QlogFolder>(new QlogFolder(folder));
}

QlogFolder::File QlogFolder::open(const std::string& id) {
  if (opened_.fetch_add(1, std::memory_order_relaxed) >= kMost) return nullptr;
  return File(std::fopen((folder_ / (id + ".sqlog")).c_str(), "we"));
}

}  // namespace squall::generators
