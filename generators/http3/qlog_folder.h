#pragma once

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/result.h"

namespace squall::generators {

/// The folder into which connections write down what they do, each into a file of its own (qlog).
///
/// Lifecycle:  of a load; sessions share it.
/// Threads:    any, but create(), which comes first.
/// Errors:     create() fails where the folder cannot be made. A file that cannot be made is none,
///             one that there is no room for is cut off; the first such is told in a warning, as is
///             the first that is one too many.
class QlogFolder {
 public:
  /// Later connections have none: churn would fill the disk.
  static constexpr std::size_t kMost = 1000;

  /// A file that is being written; the folder outlives it.
  struct Close {
    void operator()(std::FILE* file) const;
    QlogFolder* folder = nullptr;
  };
  using File = std::unique_ptr<std::FILE, Close>;

  explicit QlogFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Makes the folder, where it is not there, and sees that files can be made in it.
  Result<void> create() const;
  /// A file for the connection whose first destination ID is `id`, in hex: ID.sqlog. Null when
  /// there are enough.
  File open(const std::string& id);
  /// Adds to a file of this folder. What there is no room for is lost, and told of.
  static void write(const File& file, std::string_view text);

 private:
  void say_once(const std::string& what, int why);

  std::filesystem::path folder_;
  std::atomic<std::size_t> opened_ = 0;
  std::atomic<bool> said_ = false;
};

}  // namespace squall::generators
