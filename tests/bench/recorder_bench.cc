// What counting a request costs: alone, and with its groups (one of eight names, one of four
// addresses) as well.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "generators/load/recorder.h"

namespace squall::generators {
namespace {

/// Latencies as a service has them: log-normal about 3 ms.
std::array<Duration, 4096> latencies() {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> micros(8, 1);
  std::array<Duration, 4096> made{};
  for (auto& one : made) one = from_seconds(micros(random) / 1e6);
  return made;
}

void count_ends(benchmark::State& state, std::uint32_t names, std::uint32_t addresses) {
  const auto values = latencies();
  Recorder recorder;
  recorder.begin_at(Instant{});
  recorder.name_requests(std::vector<std::string>(names, "name"));
  std::vector<std::uint32_t> numbers = {0};
  for (std::uint32_t i = 0; i < addresses; ++i) {
    numbers.push_back(recorder.address("127.0.0.1:" + std::to_string(8000 + i)));
  }
  std::size_t next = 0;
  InFlight request;
  request.job.due = request.sent = Instant{} + std::chrono::milliseconds(1);
  for (auto _ : state) {
    request.index = names == 0 ? 0 : static_cast<std::uint32_t>(next % names);
    request.address = addresses == 0 ? 0 : numbers[1 + next % addresses];
    recorder.ended(request, reports::ErrorClass::kNone, 200,
                   request.sent + values[next % values.size()]);
    ++next;
  }
}

void count_end(benchmark::State& state) { count_ends(state, 0, 0); }
BENCHMARK(count_end);
void count_end_by_address(benchmark::State& state) { count_ends(state, 0, 4); }
BENCHMARK(count_end_by_address);
void count_end_by_name_and_address(benchmark::State& state) { count_ends(state, 8, 4); }
BENCHMARK(count_end_by_name_and_address);

}  // namespace
}  // namespace squall::generators
