#include "harness/control/outbox.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

wire::FromAgent event(const std::string& kind) {
  wire::FromAgent message;
  message.mutable_event()->set_kind(kind);
  return message;
}

std::vector<std::uint64_t> numbers(const Outbox<wire::FromAgent>& outbox) {
  std::vector<std::uint64_t> all;
  for (const wire::FromAgent& message : outbox.waiting()) all.push_back(message.sequence());
  return all;
}

TEST(Outbox, KeepsWhatIsSaidUntilItIsTaken) {
  Outbox<wire::FromAgent> outbox;
  for (const char* kind : {"a", "b", "c"}) outbox.put(event(kind));
  EXPECT_THAT(numbers(outbox), ElementsAre(1, 2, 3));
  outbox.taken(2);
  EXPECT_THAT(numbers(outbox), ElementsAre(3));
  outbox.taken(1);  // Late: says nothing new.
  EXPECT_THAT(numbers(outbox), ElementsAre(3));
  outbox.taken(3);
  EXPECT_THAT(numbers(outbox), IsEmpty());
}

TEST(Inbox, TakesEachOnceAndInOrder) {
  Inbox inbox;
  EXPECT_TRUE(inbox.take(1));
  EXPECT_TRUE(inbox.take(2));
  EXPECT_FALSE(inbox.take(1));
  EXPECT_FALSE(inbox.take(2));
  EXPECT_FALSE(inbox.take(4));
  EXPECT_EQ(inbox.last(), 2U);
  EXPECT_TRUE(inbox.take(3));
}

TEST(Inbox, HasAllOnceHoweverOftenTheStreamIsCut) {
  // After each message in turn the stream is cut, and the answer to it is lost.
  for (std::size_t cut = 0; cut < 6; ++cut) {
    Outbox<wire::FromAgent> outbox;
    Inbox inbox;
    std::vector<std::string> got;
    const auto arrive = [&](const wire::FromAgent& message) {
      if (inbox.take(message.sequence())) got.push_back(message.event().kind());
      return inbox.last();
    };
    const std::vector<std::string> kinds{"a", "b", "c", "d", "e"};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const std::uint64_t seen = arrive(outbox.put(event(kinds[i])));
      if (i != cut) {
        outbox.taken(seen);
        continue;
      }
      const std::vector<wire::FromAgent> again(outbox.waiting().begin(), outbox.waiting().end());
      for (const wire::FromAgent& message : again) outbox.taken(arrive(message));
    }
    EXPECT_EQ(got, kinds);
    EXPECT_THAT(numbers(outbox), IsEmpty());
  }
}

TEST(Outbox, IsNotForWhatComesAnewEachSecond) {
  wire::ToAgent lease;
  lease.mutable_lease();
  EXPECT_FALSE(is_numbered(lease));
  wire::FromAgent hello;
  hello.mutable_hello();
  EXPECT_FALSE(is_numbered(hello));
  EXPECT_TRUE(is_numbered(event("a")));
}

}  // namespace
}  // namespace squall::control
