#include "generators/load/stream_connection.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "generators/load/prepared_load.h"
#include "harness/base/unique_fd.h"

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// An answer of HTTP/1.1 that goes on for as long as it is read.
class EndlessStream final : public ByteStream {
 public:
  struct Course {
    bool writes = true;  ///< Else the connection is broken for who writes.
    Duration read_takes{};
    int reads = 0;
  };
  /// More than anybody should read at a time; there it stops, so that a test can fail.
  static constexpr int kMostReads = 10'000;

  EndlessStream(UniqueFd socket, Course& course) : socket_(std::move(socket)), course_(course) {}

  int descriptor() const override { return socket_.get(); }
  IoStep handshake() override { return {IoStep::Kind::kDone, 0}; }
  IoStep read(std::span<char> into) override {
    if (course_.reads == kMostReads) return {IoStep::Kind::kWantRead, 0};
    const Instant end = Clock::now() + course_.read_takes;
    while (Clock::now() < end) {
    }
    constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
    const std::string_view piece = course_.reads++ == 0 ? kHead : "piece";
    return {IoStep::Kind::kDone, piece.copy(into.data(), into.size())};
  }
  IoStep write(std::string_view bytes) override {
    if (!course_.writes) return {IoStep::Kind::kFailed, 0};
    return {IoStep::Kind::kDone, bytes.size()};
  }
  std::string_view protocol() const override { return {}; }
  std::uint64_t received() const override { return 0; }
  std::uint64_t sent() const override { return 0; }
  std::string error_text() const override { return "broken"; }

 private:
  UniqueFd socket_;
  Course& course_;
};

/// A connection on which a request has just been sent.
class StreamConnectionTest : public testing::Test, private Connection::Owner {
 protected:
  StreamConnectionTest() {
    TargetSpec target;
    target.name = "edge";
    target.protocol = Protocol::kH1;
    target.urls = {{"http", "127.0.0.1", 1, "/"}};
    LoadSpec spec;
    spec.name = "browse";
    spec.target = "edge";
    spec.schedule = OpenSpec{Arrivals::kConstant, {{Rate{1}, Rate{1}, 1s}}};
    spec.requests.emplace_back().path.parts.emplace_back("/");
    auto prepared = PreparedLoad::make(spec, target, 1, "");
    EXPECT_TRUE(ok(prepared));
    load_.emplace(*std::move(prepared));
  }
  void TearDown() override {
    if (connection_) connection_->close(Clock::now());
    loop.poll();
  }

  void send() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    peer_ = UniqueFd(ends[1]);
    ASSERT_EQ(::send(ends[1], "x", 1, 0), 1);  // So that it is readable.
    const Instant now = Clock::now();
    connection_ = std::make_shared<StreamConnection>(
        loop, std::make_unique<EndlessStream>(UniqueFd(ends[0]), course), Protocol::kH1, 1, 0, now,
        static_cast<Connection::Owner&>(*this));
    connection_->open(now);
    connection_->send(Job{}, load_->request(0, 0), RenderContext{}, now);
    connection_->flush(now);
  }

  asio::io_context loop{1};
  EndlessStream::Course course;
  std::optional<reports::ErrorClass> ended;
  bool is_lost = false;
  std::string complaint;

 private:
  void on_end(const InFlight&, reports::ErrorClass error, int, Instant) override { ended = error; }
  void on_trouble(const Connection& connection, reports::ErrorClass error) override {
    complaint = connection.complaint(error);
  }
  bool on_unprocessed(const Connection&, const InFlight&, Instant) override { return false; }
  void on_bytes(std::uint64_t, std::uint64_t, Instant) override {}
  void on_datagrams(std::uint64_t, std::uint64_t, Instant) override {}
  void on_quic(const reports::QuicCounts&, Instant) override {}
  void on_established(Connection&, Duration, Instant) override {}
  void on_progress(Connection&, Instant) override {}
  void on_lost(Connection&, Instant) override { is_lost = true; }

  std::optional<PreparedLoad> load_;
  UniqueFd peer_;
  std::shared_ptr<Connection> connection_;
};

TEST_F(StreamConnectionTest, DoesNotReadForEverWhatAServerSaysThatTakesNothingMore) {
  course.writes = false;
  send();
  EXPECT_EQ(ended, reports::ErrorClass::kClosed);
  EXPECT_TRUE(is_lost);
  EXPECT_GT(course.reads, 0) << "it may have answered";
  EXPECT_LE(course.reads, 16);
}

TEST_F(StreamConnectionTest, ATurnEndsAfterSoManyReads) {
  send();
  loop.run_one();
  EXPECT_GT(course.reads, 1);
  EXPECT_LE(course.reads, 16);
}

TEST_F(StreamConnectionTest, ATurnEndsAfterAMillisecond) {
  course.read_takes = 600us;
  send();
  loop.run_one();
  EXPECT_GE(course.reads, 1);
  EXPECT_LE(course.reads, 3);  // The first is not counted.
}

}  // namespace
}  // namespace squall::generators
