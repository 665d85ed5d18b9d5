// What one recorded value costs: it is paid several times per request.
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

#include <benchmark/benchmark.h>

#include "reports/measure/histogram.h"
#include "reports/measure/sparse_histogram.h"

namespace squall::reports {
namespace {

/// Latencies as a service has them: log-normal about 3 ms.
std::array<Duration, 4096> latencies() {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> micros(8, 1);
  std::array<Duration, 4096> made{};
  for (auto& one : made) one = from_seconds(micros(random) / 1e6);
  return made;
}

void record(benchmark::State& state) {
  const auto values = latencies();
  Histogram histogram;
  std::size_t next = 0;
  for (auto _ : state) {
    histogram.record(values[next++ % values.size()]);
  }
  benchmark::DoNotOptimize(histogram.count());
}
BENCHMARK(record);

void encode_a_second(benchmark::State& state) {
  Histogram histogram;
  for (const Duration value : latencies()) histogram.record(value);
  for (auto _ : state) {
    benchmark::DoNotOptimize(histogram.encode());
  }
}
BENCHMARK(encode_a_second);

void add_a_second_to_the_sparse(benchmark::State& state) {
  Histogram histogram;
  for (const Duration value : latencies()) histogram.record(value);
  SparseHistogram sparse;
  for (auto _ : state) {
    sparse.add(histogram);
  }
  benchmark::DoNotOptimize(sparse.count());
}
BENCHMARK(add_a_second_to_the_sparse);

}  // namespace
}  // namespace squall::reports
