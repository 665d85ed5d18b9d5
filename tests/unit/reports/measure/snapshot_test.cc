#include "reports/measure/snapshot.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

/// A cell in which every figure differs from every other, times `factor`.
SecondCell full_cell(std::uint64_t factor) {
  SecondCell cell;
  cell.due = 1 * factor;
  cell.unsent = 2 * factor;
  cell.shed = 3 * factor;
  cell.ok_by_due = 4 * factor;
  cell.errors_by_due = 5 * factor;
  cell.sent = 6 * factor;
  cell.completed = 7 * factor;
  cell.ok = 8 * factor;
  for (std::size_t i = 1; i < kErrorClasses; ++i) cell.errors.at(i) = (10 + i) * factor;
  cell.status = {{200, 20 * factor}, {503, 21 * factor}};
  cell.status_by_due = {{200, 22 * factor}, {404, 23 * factor}};
  cell.bytes_received = 24 * factor;
  cell.bytes_sent = 25 * factor;
  cell.connections_opened = 26 * factor;
  cell.connections_failed = 27 * factor;
  cell.connections_lost = 28 * factor;
  cell.connections_given_up = 58 * factor;
  cell.tls_resumed = 29 * factor;
  cell.datagrams_received = 30 * factor;
  cell.datagrams_dropped = 31 * factor;
  cell.quic = {32 * factor, 33 * factor, 34 * factor, 35 * factor, 36 * factor, 37 * factor,
               38 * factor, 39 * factor, 40 * factor, 41 * factor, 42 * factor, 43 * factor,
               44 * factor, 45 * factor, 46 * factor, 47 * factor, 48 * factor, 49 * factor,
               50 * factor, 51 * factor, 52 * factor, 53 * factor, 54 * factor, 55 * factor,
               56 * factor, {}};
  cell.quic.count({"H3_INTERNAL_ERROR", 0x102, true, true}, 57 * factor);
  for (std::size_t i = 0; i < kMetrics; ++i) {
    cell.latency.at(i).record_micros(static_cast<std::int64_t>(i), factor);
  }
  cell.ok_response.record_micros(99, factor);
  return cell;
}

TEST(SecondCell, MergeAddsEveryFigure) {
  SecondCell sum = full_cell(1);
  sum.merge(full_cell(2));
  EXPECT_EQ(sum, full_cell(3));
}

TEST(SecondCell, MergeKeepsStatusesThatOnlyOneSideHas) {
  SecondCell sum;
  sum.status = {{200, 1}};
  SecondCell other;
  other.status = {{200, 1}, {500, 2}};
  sum.merge(other);
  EXPECT_EQ(sum.status, (std::map<int, std::uint64_t>{{200, 2}, {500, 2}}));
}

TEST(SecondCell, IsEmptyOnceCleared) {
  SecondCell cell = full_cell(1);
  EXPECT_FALSE(cell.empty());
  cell.clear();
  EXPECT_TRUE(cell.empty());
  EXPECT_EQ(cell, SecondCell());
}

TEST(SecondCell, IsNotEmptyWithAnyOneFigure) {
  SecondCell bytes;
  bytes.bytes_sent = 1;
  EXPECT_FALSE(bytes.empty());
  SecondCell connected;
  connected.of(Metric::kConnect).record(1ms);
  EXPECT_FALSE(connected.empty());
  SecondCell answered;
  answered.ok_response.record(1ms);
  EXPECT_FALSE(answered.empty());
}

TEST(SecondCell, AllErrorsAreThoseOfEveryClass) {
  EXPECT_EQ(full_cell(1).all_errors(), 11U + 12 + 13 + 14 + 15 + 16 + 17 + 18 + 19);
}

}  // namespace
}  // namespace squall::reports
