#include "harness/cli/run_means.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <random>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "generators/load/fetch.h"

namespace squall::cli {

std::string new_run_id(WallTime now) {
  std::random_device random;
  return fmt::format("{:%Y%m%dT%H%M%SZ}-{:08x}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), random());
}

int louder(int a, int b) {
  constexpr int kByLoudness[] = {0, 2, 1, 3, 4, 5, 7, 6};
  const auto place = [&](int code) {
    return std::find(std::begin(kByLoudness), std::end(kByLoudness), code);
  };
  return place(a) < place(b) ? b : a;
}

std::string absolute(const std::string& path) {
  std::error_code ignored;
  const auto whole = std::filesystem::absolute(path, ignored);
  return ignored ? path : whole.lexically_normal().string();
}

Result<coordinator::ProbeReply> fetch_probe(const std::string& url, Duration timeout) {
  SQUALL_TRY(auto answer, generators::fetch(url, timeout));
  return coordinator::ProbeReply{.status = answer.status,
                                 .headers = std::move(answer.headers),
                                 .body = std::move(answer.body)};
}

}  // namespace squall::cli
