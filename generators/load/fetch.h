#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::generators {

/// The answer to one request.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case, as they came.
  std::string body;                                          ///< At most the first 64 KiB.
};

/// One GET, as a ready check or a probe makes it. https: ALPN offers h2 and http/1.1, certificates
/// are not verified; http: HTTP/1.1, or HTTP/2 with prior knowledge where the server speaks only
/// that; tcp: a connection, answered with status 200. Blocks the calling thread, `timeout` at most.
Result<Answer> fetch(const std::string& url, Duration timeout);

}  // namespace squall::generators
