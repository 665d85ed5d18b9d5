// A made-up search for a capacity under three rows of faults, one of which found no answer.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "tests/unit/reports/html/sample_parts.h"
#include "tests/unit/reports/html/samples.h"

namespace squall::reports {

using namespace parts;
using std::chrono::seconds;

namespace {

/// A probe of this rate, of a target that bears so much.
CapacityProbe probe(double rate, double bears, std::int64_t from) {
  CapacityProbe made;
  const bool is_good = rate <= bears;
  made.answer = is_good ? CapacityProbe::Answer::kGood : CapacityProbe::Answer::kBad;
  made.why = is_good ? "all objectives held" : "fast was missed";
  made.rate = made.sent = Rate{rate};
  made.goodput = Rate{is_good ? rate : 0.9 * bears};
  made.from = from;
  made.measured = from + 2;
  made.to = from + 8;
  const double load = std::min(rate / bears, 2.0);
  made.mean = from_seconds(0.010 / (1.2 - std::min(load, 1.1)));
  made.p50 = made.mean * 7 / 10;
  made.p99 = made.mean * 4;
  made.goals = {{"fast", 0.01, rate * 6, is_good ? 3 : rate, 1.2}};
  if (!is_good) made.recovery = 3;
  return made;
}

MatrixRowResult row(const std::string& name, double bears, std::int64_t from) {
  MatrixRowResult made;
  made.row.name = name;
  made.row.from = from;
  made.row.to = from + 70;
  CapacityRecord& found = made.row.capacity;
  found.load = "visitors";
  found.low = {50};
  found.high = {4000};
  found.precision = 0.05;
  found.confidence = 0.95;
  found.hold = 15;
  found.end = CapacityRecord::End::kFound;
  found.is_verified = true;
  found.good = Rate{0.98 * bears};
  found.bad = Rate{1.02 * bears};
  for (const double part : {0.4, 0.8, 1.6, 0.9, 1.02, 0.98}) {
    const auto number = static_cast<std::int64_t>(found.probes.size());
    found.probes.push_back(probe(part * bears, bears, from + 11 * number));
  }
  describe_curve(found);
  made.sentence = "visitors: the target holds so much with " + name;
  return made;
}

MatrixRowResult with(MatrixRowResult made, const std::string& seen, bool is_verified = true) {
  made.row.labels = made.row.capacity.faults = {made.row.name};
  made.faults = {{made.row.name, is_verified, seen}};
  made.row.recovery = 4;
  return made;
}

}  // namespace

RunResult matrix_sample() {
  Shape shape{"visitors", "site", "h2c", true, 300, {}, {}};
  shape.rate = [](double) { return 50.0; };
  shape.answer = [](double, Dice& dice) {
    Answer answer;
    answer.service_ms = lognormal(dice, 2, 0.4);
    answer.response_ms = answer.service_ms;
    return answer;
  };
  RunResult result =
      run("n-plus-1", "What two of three servers hold.", Verdict::kAborted,
          {"visitors: the search with slow-uplink ended without an answer"}, seconds(300));
  result.loads.push_back(
      simulate(shape, {{0, "before one-gone"}, {80, "during one-gone"}, {150, "after"}}, 11));
  result.faults.push_back(fault("one-gone", "one-gone", 80, 150, "SIGKILL to 1 of 3 of service web",
                                "web.2 (pid 4712) ended"));
  result.matrix = {row("without faults", 1080, 0),
                   with(row("one-gone", 720, 80), "web.2 (pid 4712) ended"),
                   with(row("slow-uplink", 900, 160), "never applied", false)};
  CapacityRecord& cut = result.matrix[2].row.capacity;
  cut.end = CapacityRecord::End::kCut;
  cut.bad.reset();
  cut.is_verified = false;
  cut.why_cut = "its deadline of 70 s had come";
  for (MatrixRowResult& one : result.matrix) {
    one.share = share_of(one.row.capacity, result.matrix.front().row.capacity);
  }
  result.capacity = result.matrix.front().row.capacity;
  result.capacity_sentence = result.matrix.front().sentence;
  result.matrix_sentence = "visitors: without faults objectives held up to 1,058/s";
  return result;
}

}  // namespace squall::reports
