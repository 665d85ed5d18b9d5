#pragma once

#include <string>

#include "harness/base/result.h"

namespace squall::coordinator {

/// A new folder for the control socket that only this user can enter, removed with its owner. What
/// owners left that were killed is removed when the next is made.
///
/// Lifecycle:  moved, never copied. Threads: one owner at a time. Errors: only make() can fail.
class SocketFolder {
 public:
  static Result<SocketFolder> make();
  SocketFolder(SocketFolder&& other) noexcept;
  SocketFolder& operator=(SocketFolder&&) = delete;
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;
  ~SocketFolder();

  /// Of a socket in it, as gRPC writes it: "unix:/path".
  std::string address() const;

 private:
  explicit SocketFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // Empty once moved from.
};

}  // namespace squall::coordinator
