#include "reports/measure/ledger.h"

#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

SecondCell cell_with(std::uint64_t due, Duration response) {
  SecondCell cell;
  cell.due = due;
  for (std::uint64_t i = 0; i < due; ++i) {
    cell.of(Metric::kResponse).record(response);
    cell.ok_response.record(response);
  }
  return cell;
}

Snapshot snapshot(std::uint64_t sequence, std::vector<LoadSecond> cells) {
  Snapshot made;
  made.sequence = sequence;
  made.second = static_cast<std::int64_t>(sequence) - 1;
  made.cells = std::move(cells);
  return made;
}

TEST(Ledger, AddsUpTheCellsOfASecondFromAllAgentsAndMoments) {
  Ledger ledger;
  EXPECT_TRUE(ledger.add("a", snapshot(1, {{"browse", 0, cell_with(2, 5ms)}})));
  EXPECT_TRUE(ledger.add("b", snapshot(1, {{"browse", 0, cell_with(3, 70ms)}})));
  EXPECT_TRUE(ledger.add(
      "a", snapshot(2, {{"browse", 0, cell_with(1, 900ms)}, {"browse", 1, cell_with(10, 1ms)}})));
  SecondCell expected = cell_with(2, 5ms);
  expected.merge(cell_with(3, 70ms));
  expected.merge(cell_with(1, 900ms));
  EXPECT_EQ(ledger.sum("browse", 0, 1), expected);
  expected.merge(cell_with(10, 1ms));
  EXPECT_EQ(ledger.total("browse"), expected);
}

TEST(Ledger, IgnoresARepeatedSnapshot) {
  Ledger ledger;
  EXPECT_TRUE(ledger.add("a", snapshot(2, {{"browse", 1, cell_with(1, 1ms)}})));
  EXPECT_FALSE(ledger.add("a", snapshot(2, {{"browse", 1, cell_with(1, 1ms)}})));
  EXPECT_TRUE(ledger.add("a", snapshot(1, {{"browse", 0, cell_with(1, 1ms)}})));
  EXPECT_FALSE(ledger.add("a", snapshot(1, {{"browse", 0, cell_with(1, 1ms)}})));
  EXPECT_FALSE(ledger.add("a", snapshot(2, {{"browse", 1, cell_with(1, 1ms)}})));
  EXPECT_TRUE(ledger.add("b", snapshot(1, {{"browse", 0, cell_with(1, 1ms)}})));
  EXPECT_EQ(ledger.total("browse").due, 3U);
}

TEST(Ledger, SumsAreTheSameInWhateverOrderSnapshotsArrive) {
  std::mt19937_64 random(1);
  std::vector<Snapshot> snapshots;
  SecondCell all;
  SecondCell middle;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    const auto second = static_cast<std::int64_t>(random() % 10);
    const auto cell = cell_with(random() % 20, std::chrono::microseconds(random() % 10'000'000));
    all.merge(cell);
    if (second >= 3 && second < 7) middle.merge(cell);
    snapshots.push_back(snapshot(i, {{"browse", second, cell}}));
  }
  for (int round = 0; round < 5; ++round) {
    std::shuffle(snapshots.begin(), snapshots.end(), random);
    Ledger ledger;
    for (const Snapshot& one : snapshots) ledger.add("a", one);
    EXPECT_EQ(ledger.total("browse"), all);
    EXPECT_EQ(ledger.sum("browse", 3, 7), middle);
    SecondCell pieces = ledger.sum("browse", 0, 3);
    pieces.merge(ledger.sum("browse", 3, 7));
    pieces.merge(ledger.sum("browse", 7, 100));
    EXPECT_EQ(pieces, all);
  }
}

/// Many agents tell of each second, in any order, now and then of an earlier one too.
TEST(Ledger, OfManyAgentsIsTheUnionAtEveryMoment) {
  constexpr std::uint64_t kSeconds = 6;
  constexpr int kAgents = 30;
  std::mt19937_64 random(2);
  Ledger ledger;
  std::vector<SecondCell> seconds(kSeconds);
  for (std::uint64_t sequence = 1; sequence <= kSeconds; ++sequence) {
    for (int agent = 0; agent < kAgents; ++agent) {
      std::vector<LoadSecond> cells;
      for (const std::uint64_t back : {std::uint64_t{0}, random() % sequence}) {
        const std::uint64_t second = sequence - 1 - back;
        auto cell = cell_with(1 + random() % 5, std::chrono::microseconds(random() % 10'000'000));
        cell.requests["home"].ok = 1;
        cell.requests["home"].response.record(5ms);
        seconds[second].merge(cell);
        cells.push_back({"browse", static_cast<std::int64_t>(second), std::move(cell)});
      }
      const Snapshot made = snapshot(sequence, std::move(cells));
      EXPECT_TRUE(ledger.add(std::to_string(agent), made));
      EXPECT_FALSE(ledger.add(std::to_string(agent), made));
    }
    SecondCell all;
    for (std::uint64_t i = 0; i < kSeconds; ++i) {
      const auto second = static_cast<std::int64_t>(i);
      EXPECT_EQ(ledger.sum("browse", second, second + 1), seconds[i]) << sequence << ": " << i;
      all.merge(seconds[i]);
    }
    EXPECT_EQ(ledger.total("browse"), all);
  }
}

TEST(Ledger, CarriesTheClampedCount) {
  SecondCell cell;
  cell.of(Metric::kResponse).record(-1s);
  Ledger ledger;
  ledger.add("a", snapshot(1, {{"browse", 0, cell}}));
  EXPECT_EQ(ledger.total("browse").of(Metric::kResponse).clamped(), 1U);
}

TEST(Ledger, KnowsTheSpanOfEachLoad) {
  Ledger ledger;
  ledger.add("a", snapshot(1, {{"browse", 4, cell_with(1, 1ms)},
                               {"browse", 9, cell_with(1, 1ms)},
                               {"browse", 12, SecondCell()},
                               {"cart", -1, cell_with(1, 1ms)}}));
  EXPECT_EQ(ledger.loads(), (std::vector<std::string>{"browse", "cart"}));
  EXPECT_EQ(ledger.first_second("browse"), 4);
  EXPECT_EQ(ledger.end_second("browse"), 10);
  EXPECT_EQ(ledger.first_second("cart"), -1);
  EXPECT_EQ(ledger.end_second("cart"), 0);
  EXPECT_EQ(ledger.first_second("none"), 0);
  EXPECT_EQ(ledger.end_second("none"), 0);
  EXPECT_TRUE(ledger.total("none").empty());
  EXPECT_TRUE(ledger.sum("browse", 10, 4).empty());
}

TEST(Ledger, KeepsTheWorstHealthOfASecond) {
  Ledger ledger;
  Snapshot first = snapshot(1, {});
  first.health = {.cpu = 0.2, .backlog = 9, .in_flight = 1, .descriptors = 5, .lateness_max = 1ms};
  Snapshot second = snapshot(2, {});
  second.second = first.second;
  second.health = {.cpu = 0.7, .backlog = 3, .in_flight = 2, .descriptors = 4, .lateness_max = 2ms};
  second.health.descheduled_max = 3ms;
  ledger.add("a", first);
  ledger.add("a", second);
  const Health& worst = ledger.health().at("a").at(0);
  EXPECT_DOUBLE_EQ(worst.cpu, 0.7);
  EXPECT_EQ(worst.backlog, 9U);
  EXPECT_EQ(worst.in_flight, 2U);
  EXPECT_EQ(worst.descriptors, 5U);
  EXPECT_EQ(worst.lateness_max, 2ms);
  EXPECT_EQ(worst.descheduled_max, 3ms);
  EXPECT_EQ(worst.ports, std::nullopt);
}

}  // namespace
}  // namespace squall::reports
