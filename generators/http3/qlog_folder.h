#pragma once

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "harness/base/result.h"

namespace squall::generators {

/// The folder into which connections write down what they do, each into a file of its own (qlog).
///
/// Lifecycle:  of a target; sessions share it.
/// Threads:    any.
/// Errors:     make() fails where the folder cannot be made. A file that cannot be written is none.
class QlogFolder {
 public:
  /// Later connections have none: churn would fill the disk.
  static constexpr std::size_t kMost = 1000;

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  static Result<std::shared_ptr<QlogFolder>> make(const std::filesystem::path& folder);
  /// A file for the connection whose first destination ID is `id`, in hex: ID.sqlog. Null when
  /// there are enough.
  File open(const std::string& id);

 private:
  explicit QlogFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
  std::atomic<std::size_t> opened_ = 0;
};

}  // namespace squall::generators
