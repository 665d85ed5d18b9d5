#include "generators/load/in_flight.h"

#include <algorithm>
#include <list>
#include <random>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

TEST(InFlight, IsTooLateFromTheTimeoutOn) {
  InFlight request;
  request.sent = Instant{} + std::chrono::seconds(5);
  const Duration timeout = std::chrono::seconds(1);
  EXPECT_FALSE(is_too_late(request, timeout, request.sent + timeout - Duration(1)));
  EXPECT_TRUE(is_too_late(request, timeout, request.sent + timeout));
}

TEST(InFlightTable, TheOldestIsTheOneSentFirst) {
  InFlightTable table;
  std::list<InFlightTable::Ticket> model;
  std::mt19937 random(7);  // NOLINT: the same steps each time
  for (int step = 0; step < 20'000; ++step) {
    if (model.empty() || random() % 2 == 0) {
      const InFlightTable::Ticket ticket = table.add();
      ASSERT_EQ(std::count(model.begin(), model.end(), ticket), 0);
      model.push_back(ticket);
    } else {
      const auto chosen = std::next(model.begin(), static_cast<long>(random() % model.size()));
      table.remove(*chosen);
      model.erase(chosen);
    }
    ASSERT_EQ(table.size(), model.size());
    ASSERT_EQ(table.oldest(), model.empty() ? InFlightTable::kNone : model.front());
  }
}

TEST(InFlightTable, TicketsAreUsedAgain) {
  InFlightTable table;
  const auto first = table.add();
  table.remove(first);
  EXPECT_EQ(table.add(), first);
}

}  // namespace
}  // namespace squall::generators
