// What a target can say of its QUIC.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/log.h"

#include "tests/support/quic_pair.h"
#include "tests/support/temporary_folder.h"

namespace squall::generators {
namespace {

using test::h3_post;
using test::QuicPair;

std::unique_ptr<QuicPair> pair_with(const QuicSpec& spec,
                                    std::shared_ptr<QlogFolder> qlog = nullptr) {
  test::QuicServerPeer::Options options;
  return std::make_unique<QuicPair>(options, QuicPair::unverified(), "localhost", nullptr, spec,
                                    std::move(qlog));
}

/// Uploads that much; the greatest datagram on the way.
std::size_t upload(QuicPair& pair, const RenderedRequest& post) {
  std::size_t greatest = 0;
  EXPECT_TRUE(pair.client->submit(0, post, true));
  for (int i = 0; i < 3000 && !pair.server.ended[0]; ++i) {
    for (const std::string& datagram : pair.take_from_client()) {
      greatest = std::max(greatest, datagram.size());
      pair.server.receive(datagram, pair.now);
    }
    for (const std::string& datagram : pair.server.take(pair.now)) pair.give(datagram);
    if (!pair.tick(pair.now + std::chrono::milliseconds(1))) {
      pair.now += std::chrono::milliseconds(1);
    }
  }
  EXPECT_TRUE(pair.server.ended[0]);
  return greatest;
}

TEST(Http3Options, EveryCongestionControlBringsAnUploadThrough) {
  const RenderedRequest post = h3_post(200'000);
  for (const auto congestion :
       {QuicSpec::Congestion::kCubic, QuicSpec::Congestion::kBbr, QuicSpec::Congestion::kReno}) {
    for (const bool is_paced : {true, false}) {
      QuicSpec spec;
      spec.congestion = congestion;
      spec.is_paced = is_paced;
      auto pair = pair_with(spec);
      pair->begin();
      upload(*pair, post);
      EXPECT_TRUE(pair->went_on) << pair->client->end().text;
    }
  }
}

TEST(Http3Options, DatagramsAreNoLargerThanTheyMayBe) {
  const RenderedRequest post = h3_post(200'000);
  QuicSpec spec;
  auto found = pair_with(spec);
  found->begin();
  EXPECT_GT(upload(*found, post), 1400U) << "found by trying";

  spec.discovers_mtu = false;
  auto least = pair_with(spec);
  least->begin();
  EXPECT_EQ(upload(*least, post), 1200U);

  spec.max_udp_payload = Bytes{1350};
  auto fixed = pair_with(spec);
  fixed->begin();
  EXPECT_EQ(upload(*fixed, post), 1350U);

  spec.discovers_mtu = true;
  spec.max_udp_payload = Bytes{9000};
  auto jumbo = pair_with(spec);
  jumbo->begin();
  EXPECT_EQ(upload(*jumbo, post), 9000U) << "found by trying";

  spec.max_udp_payload = Bytes{1350};
  auto bounded = pair_with(spec);
  bounded->begin();
  const std::size_t greatest = upload(*bounded, post);
  EXPECT_LE(greatest, 1350U);
  EXPECT_GT(greatest, 1200U);
}

TEST(Http3Options, MarksAreSetUnlessTheyAreNotToBe) {
  for (const bool marks : {true, false}) {
    QuicSpec spec;
    spec.marks_ecn = marks;
    auto pair = pair_with(spec);
    auto out = std::make_unique<Datagrams>();
    ASSERT_TRUE(pair->client->take_output(*out, pair->now));
    ASSERT_FALSE(out->bursts.empty());
    EXPECT_EQ(out->bursts.front().ecn, marks ? Ecn::kEct0 : Ecn::kNone);
  }
}

TEST(Http3Options, TheServerIsToldTheWindows) {
  QuicSpec spec;
  spec.window = Bytes{3'000'000};
  spec.stream_window = Bytes{16 * 1024};
  auto pair = pair_with(spec);
  pair->begin();
  EXPECT_EQ(pair->server.client_windows(),
            (std::pair<std::uint64_t, std::uint64_t>(3'000'000, 16 * 1024)));
}

TEST(Http3Options, AConnectionWritesDownWhatItDoes) {
  const TemporaryFolder folder;
  {
    const auto qlog = std::make_shared<QlogFolder>(folder.path() / "deep" / "qlog");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "deep"));
    ASSERT_TRUE(qlog->create());
    auto pair = pair_with({}, qlog);
    pair->begin();
    pair->client->say_goodbye();
    pair->take_from_client();
  }
  const auto found = std::filesystem::directory_iterator(folder.path() / "deep" / "qlog");
  ASSERT_NE(found, std::filesystem::directory_iterator());
  EXPECT_EQ(found->path().extension(), ".sqlog");
  std::ifstream file(found->path());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("transport:packet_sent"), std::string::npos) << text.substr(0, 500);
}

TEST(Http3Options, ThereAreOnlySoManyLogs) {
  const TemporaryFolder folder;
  QlogFolder qlog(folder.path());
  ASSERT_TRUE(qlog.create());
  keep_warnings(10);
  for (std::size_t i = 0; i < QlogFolder::kMost; ++i) {
    ASSERT_NE(qlog.open(std::to_string(i)), nullptr);
  }
  EXPECT_THAT(take_warnings(), testing::IsEmpty());
  EXPECT_EQ(qlog.open("more"), nullptr);
  EXPECT_EQ(qlog.open("yet more"), nullptr);
  EXPECT_THAT(take_warnings(), testing::ElementsAre(testing::HasSubstr("1000 connections")));
}

TEST(Http3Options, AFolderForLogsThatCannotBeMadeOrIsGoneIsToldOf) {
  const auto never = QlogFolder("/proc/nope").create();
  ASSERT_FALSE(never);
  EXPECT_THAT(never.error().message(), testing::HasSubstr("/proc/nope: No such file"));
  keep_warnings(10);
  QlogFolder gone("/nonexistent/qlog");
  EXPECT_EQ(gone.open("one"), nullptr);
  EXPECT_EQ(gone.open("two"), nullptr);
  EXPECT_THAT(take_warnings(), testing::ElementsAre(testing::HasSubstr("one.sqlog: No such file")));
}

/// Of a file that its folder's disk has no room for; what is buffered is found out at its end.
TEST(Http3Options, AFullDiskUnderTheLogsIsToldOfOnce) {
  keep_warnings(10);
  take_warnings();
  for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}}) {
    const TemporaryFolder folder;
    for (const char* name : {"one.sqlog", "two.sqlog"}) {
      std::filesystem::create_symlink("/dev/full", folder.path() / name);
    }
    QlogFolder qlog(folder.path());
    for (const char* id : {"one", "two"}) {
      const QlogFolder::File file = qlog.open(id);
      ASSERT_NE(file, nullptr);
      QlogFolder::write(file, std::string(size, 'x'));
    }
    EXPECT_THAT(take_warnings(), testing::ElementsAre(testing::HasSubstr("cut off: No space left")))
        << size;
  }
}

}  // namespace
}  // namespace squall::generators
