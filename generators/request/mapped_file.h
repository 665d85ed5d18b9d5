#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <utility>

#include "harness/base/result.h"

namespace squall::generators {

/// A file's content, mapped into memory: read from the page cache as it is sent, never copied.
///
/// Lifecycle:  the mapping lasts as long as this. The file must not become shorter meanwhile: what
///             is read beyond its end is a bus error.
/// Threads:    immutable, any thread may read it.
/// Errors:     open() fails for what cannot be opened or mapped.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::string_view content() const { return {data_, size_}; }

 private:
  MappedFile(const char* data, std::size_t size) : data_(data), size_(size) {}

  const char* data_;
  std::size_t size_;
};

}  // namespace squall::generators
