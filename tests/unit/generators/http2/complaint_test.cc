#include "generators/http2/complaint.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "generators/http2/http2_session.h"

namespace squall::generators {
namespace {

using namespace http2;  // NOLINT: these tests are frames

class Deaf final : public ClientSession::Observer {
 public:
  void on_answer(ClientSession::Ticket /*ticket*/) override {}
  void on_status(ClientSession::Ticket /*ticket*/, int /*status*/) override {}
  void on_header(ClientSession::Ticket /*ticket*/, std::string_view /*name*/,
                 std::string_view /*value*/) override {}
  void on_body(ClientSession::Ticket /*ticket*/, std::string_view /*piece*/) override {}
  void on_end(ClientSession::Ticket /*ticket*/, StreamEnd /*end*/) override {}
};

std::string frame(FrameType type, std::int32_t stream, std::string_view payload) {
  std::string bytes;
  put_head(bytes, payload.size(), type, 0, stream);
  return bytes += payload;
}

std::string number(std::uint32_t value) {
  std::string bytes;
  put_number(bytes, value);
  return bytes;
}

const std::string kSettings = frame(FrameType::kSettings, 0, {});

/// What is said of a server that answers the first request with these bytes.
std::string complaint_about(std::string_view bytes) {
  Deaf observer;
  const RenderedRequest request{
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}}, {}};
  Http2Session client(observer);
  EXPECT_TRUE(client.submit(0, request, false));
  client.receive(bytes);
  return client.complaint();
}

TEST(Complaint, IsNoneWhereTheServerDidNothingWrong) {
  EXPECT_EQ(complaint_about(kSettings), "");
  EXPECT_EQ(complaint_about(kSettings + frame(FrameType::kGoaway, 0, number(1) + number(0))), "");
}

TEST(Complaint, SaysThatAServerSpeaksAnotherProtocol) {
  EXPECT_EQ(complaint_about("HTTP/1.1 400 Bad Request\r\n\r\n"),
            "the server answers in HTTP/1, not HTTP/2");
  EXPECT_EQ(complaint_about("SSH-2.0-OpenSSH_9.2p1\r\n"),
            "what the server says first is not HTTP/2's SETTINGS");
}

TEST(Complaint, NamesTheFrameAndTheRfcsError) {
  EXPECT_EQ(complaint_about(kSettings + frame(FrameType::kPing, 0, "six six")),
            "the server broke HTTP/2 with a PING frame: FRAME_SIZE_ERROR");
  EXPECT_EQ(complaint_about(kSettings + frame(FrameType::kData, 1, "a body without a head")),
            "the server broke HTTP/2 with a DATA frame on stream 1: PROTOCOL_ERROR");
}

TEST(Complaint, NamesTheCodesOfAResetAndOfAGoaway) {
  EXPECT_EQ(complaint_about(kSettings + frame(FrameType::kRstStream, 1, number(2))),
            "the server reset a stream with INTERNAL_ERROR");
  EXPECT_EQ(complaint_about(kSettings + frame(FrameType::kRstStream, 1, number(4711))),
            "the server reset a stream with error code 4711");
  EXPECT_EQ(complaint_about(kSettings + frame(FrameType::kGoaway, 0, number(0) + number(11))),
            "the server went away with ENHANCE_YOUR_CALM");
}

TEST(Complaint, IsOfTheLastThatHappened) {
  const std::string reset = kSettings + frame(FrameType::kRstStream, 1, number(2));
  EXPECT_EQ(complaint_about(reset + frame(FrameType::kGoaway, 0, number(0) + number(0))), "");
  EXPECT_EQ(complaint_about(reset + frame(FrameType::kGoaway, 0, number(0) + number(11))),
            "the server went away with ENHANCE_YOUR_CALM");
}

TEST(Complaint, TellsBadSettingsFromNone) {
  EXPECT_EQ(complaint_about(frame(FrameType::kSettings, 0, "not six")),
            "the server broke HTTP/2 with a SETTINGS frame: FRAME_SIZE_ERROR");
}

}  // namespace
}  // namespace squall::generators
