#include "faults/network/probe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr HardwareAddress kOwn{2, 0, 0, 0, 0, 1};

/// A path with a clock of its own, on which `happen` says when each frame leaves, if ever.
class FakeProbePath : public ProbePath {
 public:
  /// With the number of the frame, its size and the time of its sending: when copies of it leave.
  using Happening =
      std::function<std::vector<std::int64_t>(std::size_t, std::size_t, std::int64_t)>;

  explicit FakeProbePath(Happening happen) : happen_(std::move(happen)) {}

  HardwareAddress address() const override { return kOwn; }
  Result<void> send(std::string_view frame) override {
    for (const std::int64_t at : happen_(sent_++, frame.size(), now_)) {
      waiting_.push_back({at, std::string(frame)});
    }
    return {};
  }
  std::vector<SeenFrame> take(Duration length) override {
    now_ += length.count();
    std::stable_sort(waiting_.begin(), waiting_.end(),
                     [](const SeenFrame& a, const SeenFrame& b) { return a.at_ns < b.at_ns; });
    std::vector<SeenFrame> left;
    while (!waiting_.empty() && waiting_.front().at_ns <= now_) {
      left.push_back(waiting_.front());
      waiting_.pop_front();
    }
    return left;
  }
  std::int64_t now_ns() override { return now_; }

 private:
  Happening happen_;
  std::deque<SeenFrame> waiting_;
  std::size_t sent_ = 0;
  std::int64_t now_ = 1'000'000;
};

ProbeFinding probed(const NetworkFault& fault, FakeProbePath::Happening happen) {
  FakeProbePath path(std::move(happen));
  ProbeFrame frame(fault, kOwn);
  const std::atomic<bool> stop = false;
  auto found = probe(path, frame, probe_order(fault), stop);
  EXPECT_TRUE(ok(found));
  return found ? *found : ProbeFinding{};
}

std::string bytes_at(const std::string& frame, std::size_t at, std::size_t length) {
  return frame.substr(at, length);
}

TEST(ProbeFrame, IsWhatTheFilterMeets) {
  NetworkFault fault;
  fault.to = TrafficFilter{{"10.9.0.0/24"}, {443}, "tcp"};
  fault.from = TrafficFilter{{"10.8.0.1"}, {}, {}};
  const std::string frame = ProbeFrame(fault, kOwn).make(7, 120);
  EXPECT_EQ(frame.size(), 120U);
  EXPECT_EQ(bytes_at(frame, 0, 6), "\x02squal");
  EXPECT_EQ(bytes_at(frame, 12, 3), std::string("\x08\x00\x45", 3));
  EXPECT_EQ(bytes_at(frame, 16, 2), std::string("\0\x6a", 2));  // 106 bytes of IP.
  EXPECT_EQ(frame[23], 6);
  EXPECT_EQ(bytes_at(frame, 26, 8), std::string("\x0a\x08\0\x01\x0a\x09\0\0", 8));
  EXPECT_EQ(bytes_at(frame, 36, 2), std::string("\x01\xbb", 2));
}

TEST(ProbeFrame, IsOfIPv6WhereTheFilterNamesOnlyThat) {
  NetworkFault fault;
  fault.to = TrafficFilter{{"fd09::2"}, {53}, {}};
  fault.to->transport = "udp";
  const std::string frame = ProbeFrame(fault, kOwn).make(7, 120);
  EXPECT_EQ(bytes_at(frame, 12, 3), std::string("\x86\xdd\x60", 3));
  EXPECT_EQ(bytes_at(frame, 18, 3), std::string("\0\x42\x11", 3));  // 66 bytes of UDP.
  EXPECT_EQ(bytes_at(frame, 38, 2), "\xfd\x09");
  EXPECT_EQ(bytes_at(frame, 56, 4), std::string("\0\x35\0\x42", 4));
}

TEST(ProbeFrame, IsReadOnlyWhenItCameWhole) {
  ProbeFrame frame({}, kOwn);
  std::string bytes = frame.make(123'456, 120);
  EXPECT_EQ(frame.read(bytes), 123'456U);
  for (const std::size_t at : {0U, 30U, 70U, 119U}) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 4);
    EXPECT_FALSE(frame.read(altered) == 123'456U) << at;
  }
  EXPECT_FALSE(frame.read(bytes.substr(0, 40)));
}

TEST(Probe, MeasuresDelayAndLoss) {
  NetworkFault fault;
  fault.delay = 80ms;
  fault.loss = Share{0.02};
  const auto during = probed(fault, [](std::size_t number, auto, std::int64_t now) {
    if (number % 50 == 7) return std::vector<std::int64_t>();
    return std::vector{now + 80'320'000};
  });
  EXPECT_EQ(during.sent, 200U);
  EXPECT_EQ(during.lost, 4U);
  EXPECT_EQ(during.median(), 80'320us);
}

TEST(Probe, CountsWhatComesTwiceOrLaterThanItsFollowers) {
  NetworkFault fault;
  fault.delay = 10ms;
  fault.duplicate = Share{0.1};
  fault.reorder = Share{0.1};
  const auto during = probed(fault, [](std::size_t number, auto, std::int64_t now) {
    std::vector<std::int64_t> left{now + (number % 10 == 0 ? 0 : 10'000'000)};
    if (number % 10 == 5) left.push_back(left.front());
    return left;
  });
  EXPECT_EQ(during.lost, 0U);
  EXPECT_EQ(during.twice, 20U);
  EXPECT_GT(during.overtaken, 20U);
}

TEST(Probe, MeasuresARateByABurst) {
  NetworkFault fault;
  fault.rate_bits_per_second = 1e6;
  std::int64_t free_at = 0;
  const auto during = probed(fault, [&](auto, std::size_t size, std::int64_t now) {
    free_at = std::max(free_at, now) + static_cast<std::int64_t>(size) * 8 * 1000;
    return std::vector{free_at};
  });
  ASSERT_TRUE(during.bits_per_second.has_value());
  EXPECT_NEAR(*during.bits_per_second, 1e6, 1e4);
  EXPECT_EQ(during.burst_lost, 0U);
}

TEST(Probe, EndsWhenItIsTold) {
  FakeProbePath path([](auto, auto, std::int64_t now) { return std::vector{now}; });
  ProbeFrame frame({}, kOwn);
  const std::atomic<bool> stop = true;
  const auto found = probe(path, frame, probe_order({}), stop);
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->sent, 0U);
}

TEST(Probe, TellsWhatWasAlteredFromWhatWasLost) {
  // All come twice, each a bit changed; of every fourth one copy is whole.
  class Altering : public FakeProbePath {
   public:
    using FakeProbePath::FakeProbePath;
    std::vector<SeenFrame> take(Duration length) override {
      std::vector<SeenFrame> seen = FakeProbePath::take(length);
      for (SeenFrame& one : seen) {
        if (++count_ % 8 == 0) continue;
        char& byte = one.bytes[6 + count_ % (one.bytes.size() - 6)];
        byte = static_cast<char>(byte ^ 1);
      }
      return seen;
    }

   private:
    std::size_t count_ = 0;
  };
  Altering path([](auto, auto, std::int64_t now) { return std::vector{now, now}; });
  ProbeFrame frame({}, kOwn, 0x1122334455667788);
  const std::atomic<bool> stop = false;
  const auto found = probe(path, frame, {.count = 100, .gap = 1ms, .patience = 10ms}, stop);
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->lost, 0U);
  EXPECT_EQ(found->altered, 175U);
  EXPECT_EQ(found->took.size(), 25U);
  EXPECT_EQ(found->twice, 0U);
}

TEST(Probes, OfAnotherFaultAreNoneOfOurs) {
  NetworkFault fault;
  fault.loss = Share{0.3};
  ProbeFrame ours(fault, kOwn, 0x1122334455667788);
  ProbeFrame others(fault, kOwn, 0x99aabbccddeeff00);
  const std::string theirs = others.make(7, 120);
  EXPECT_FALSE(ours.read(theirs));
  EXPECT_FALSE(ours.read_altered(theirs));
  std::string changed = ours.make(7, 120);
  for (std::size_t at = 6; at < changed.size(); ++at) {
    changed[at] = static_cast<char>(changed[at] ^ 4);
    EXPECT_FALSE(ours.read(changed));
    EXPECT_EQ(ours.read_altered(changed), 7U) << at;
    changed[at] = static_cast<char>(changed[at] ^ 4);
  }

  // All of ours get lost, and between them come those of somebody else.
  class Shared : public FakeProbePath {
   public:
    Shared(ProbeFrame frame, Happening happen)
        : FakeProbePath(std::move(happen)), frame_(std::move(frame)) {}
    std::vector<SeenFrame> take(Duration length) override {
      std::vector<SeenFrame> seen = FakeProbePath::take(length);
      seen.push_back({now_ns(), frame_.make(next_++, 120)});
      return seen;
    }

   private:
    ProbeFrame frame_;
    std::uint32_t next_ = 0;
  };
  Shared path(others, [](auto, auto, auto) { return std::vector<std::int64_t>{}; });
  const auto found = probe(path, ours, {.count = 50, .gap = 1ms, .patience = 10ms}, false);
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->lost, 50U);
  EXPECT_EQ(found->altered, 0U);
}

}  // namespace
}  // namespace squall::faults
