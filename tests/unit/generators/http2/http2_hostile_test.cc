// Longer than 500 lines because it is one list: what a server can do wrong, a few lines each.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/http2/frame.h"
#include "generators/http2/http2_session.h"

namespace squall::generators {
namespace {

using namespace http2;  // NOLINT: these tests are frames
using testing::ElementsAre;
using testing::IsEmpty;

class Listener final : public ClientSession::Observer {
 public:
  void on_answer(ClientSession::Ticket /*ticket*/) override {}
  void on_status(ClientSession::Ticket /*ticket*/, int status) override {
    statuses.push_back(status);
  }
  void on_header(ClientSession::Ticket /*ticket*/, std::string_view name,
                 std::string_view value) override {
    headers[std::string(name)] = value;
  }
  void on_body(ClientSession::Ticket /*ticket*/, std::string_view piece) override { body += piece; }
  void on_end(ClientSession::Ticket ticket, StreamEnd end) override { ends[ticket].push_back(end); }

  std::vector<int> statuses;
  std::map<std::string, std::string> headers;
  std::string body;
  std::map<ClientSession::Ticket, std::vector<StreamEnd>> ends;
};

std::string frame(FrameType type, std::uint8_t flags, std::int32_t stream,
                  std::string_view payload) {
  std::string bytes;
  put_head(bytes, payload.size(), type, flags, stream);
  return bytes += payload;
}

std::string number(std::uint32_t value) {
  std::string bytes;
  put_number(bytes, value);
  return bytes;
}

std::string setting(Setting id, std::uint32_t value) {
  std::string bytes;
  put_setting(bytes, id, value);
  return bytes;
}

/// A field that the compression table does not keep (RFC 7541 §6.2.2).
std::string field(std::string_view name, std::string_view value) {
  std::string bytes(1, '\0');
  bytes += static_cast<char>(name.size());
  bytes += name;
  bytes += static_cast<char>(value.size());
  return bytes += value;
}

const std::string kStatus200 = "\x88";  // RFC 7541 §A.
const std::string kSettings = frame(FrameType::kSettings, 0, 0, {});

RenderedRequest request(const std::string& method, const std::string& body = {}) {
  return {{{":method", method}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}}, body};
}

/// A client that has sent a GET, as ticket 0 and stream 1, to a server that has said SETTINGS.
class HostileServer : public testing::Test {
 protected:
  HostileServer() {
    client_.submit(0, get_, false);
    hears(kSettings);
    said();
  }

  void hears(std::string_view bytes) { went_on_ = client_.receive(bytes) && went_on_; }
  /// What the client has said since the last time.
  std::string said() {
    std::string out;
    client_.take_output(out, 1U << 24U);
    return out;
  }
  /// The code of the GOAWAY with which the client ended the connection; -1 when it did not.
  std::int64_t goaway() {
    const std::string out = said();
    const std::size_t size = kFrameHeadSize + 8;
    if (out.size() < size) return -1;
    const std::string_view last = std::string_view(out).substr(out.size() - size);
    if (read_head(last).type != FrameType::kGoaway || !client_.is_over()) return -1;
    return number_at(last, kFrameHeadSize + 4);
  }
  /// The codes of the RST_STREAMs that the client has sent.
  std::vector<std::uint32_t> resets() {
    std::vector<std::uint32_t> codes;
    const std::string out = said();
    for (std::string_view left = out; left.size() >= kFrameHeadSize;) {
      const FrameHead head = read_head(left);
      if (head.type == FrameType::kRstStream) codes.push_back(number_at(left, kFrameHeadSize));
      left.remove_prefix(kFrameHeadSize + head.length);
    }
    return codes;
  }
  void answers(std::uint8_t flags, const std::string& block) {
    hears(frame(FrameType::kHeaders, flags | kFlagEndHeaders, 1, block));
  }
  std::vector<StreamEnd> ends() { return listener_.ends[0]; }

  const RenderedRequest get_ = request("GET");
  Listener listener_;
  Http2Session client_{listener_};
  bool went_on_ = true;
};

std::int64_t code(ErrorCode error) { return static_cast<std::int64_t>(error); }

TEST_F(HostileServer, WhoSpeaksBeforeItsSettingsIsRefused) {
  Http2Session fresh(listener_);
  std::string out;
  fresh.take_output(out, 1U << 20U);
  fresh.receive(frame(FrameType::kPing, 0, 0, "12345678"));
  EXPECT_FALSE(fresh.can_submit());
  out.clear();
  fresh.take_output(out, 1U << 20U);
  EXPECT_TRUE(fresh.is_over());
}

TEST_F(HostileServer, AFrameLargerThanAllowedEndsTheConnection) {
  std::string head;
  put_head(head, kFrameSize + 1, FrameType::kData, 0, 1);
  hears(head);
  EXPECT_EQ(goaway(), code(ErrorCode::kFrameSizeError));
  EXPECT_FALSE(client_.can_submit());
}

TEST_F(HostileServer, FramesOfTheWrongSizeEndTheConnection) {
  const std::string six(6, '\1');
  for (const std::string& bad :
       {frame(FrameType::kPing, 0, 0, six), frame(FrameType::kRstStream, 0, 1, six),
        frame(FrameType::kWindowUpdate, 0, 0, six), frame(FrameType::kPriority, 0, 1, six),
        frame(FrameType::kGoaway, 0, 0, six), frame(FrameType::kSettings, 0, 0, "seven77"),
        frame(FrameType::kSettings, kFlagAck, 0, six)}) {
    Http2Session session(listener_);
    session.submit(7, get_, false);
    session.receive(kSettings + bad);
    std::string out;
    session.take_output(out, 1U << 20U);
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(number_at(out, out.size() - 4), code(ErrorCode::kFrameSizeError));
  }
}

TEST_F(HostileServer, FramesOnStreamsThatNeverWereEndTheConnection) {
  const std::string four(4, '\1');
  for (const std::string& bad :
       {frame(FrameType::kData, 0, 3, "x"), frame(FrameType::kData, 0, 2, "x"),
        frame(FrameType::kData, 0, 0, "x"),
        frame(FrameType::kHeaders, kFlagEndHeaders, 3, kStatus200),
        frame(FrameType::kHeaders, kFlagEndHeaders, 0, kStatus200),
        frame(FrameType::kRstStream, 0, 5, four), frame(FrameType::kWindowUpdate, 0, 5, four),
        frame(FrameType::kPing, 0, 1, "12345678"), frame(FrameType::kSettings, 0, 1, {}),
        frame(FrameType::kGoaway, 0, 1, "12345678"),
        frame(FrameType::kContinuation, kFlagEndHeaders, 1, kStatus200)}) {
    Http2Session session(listener_);
    session.submit(7, get_, false);
    session.receive(kSettings + bad);
    std::string out;
    session.take_output(out, 1U << 20U);
    EXPECT_TRUE(session.is_over()) << static_cast<int>(bad[3]);
    EXPECT_EQ(number_at(out, out.size() - 4), code(ErrorCode::kProtocolError));
  }
}

TEST_F(HostileServer, WhatComesOnAStreamThatHasEndedIsLetPass) {
  answers(kFlagEndStream, kStatus200);
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kWhole));
  answers(0, kStatus200 + field("late", "yes"));
  hears(frame(FrameType::kData, 0, 1, "late"));
  hears(frame(FrameType::kRstStream, 0, 1, number(0)));
  hears(frame(FrameType::kWindowUpdate, 0, 1, number(1)));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kWhole));
  EXPECT_THAT(listener_.headers, IsEmpty());
  EXPECT_EQ(listener_.body, "");
  EXPECT_TRUE(client_.can_submit());
}

TEST_F(HostileServer, AFloodOfContinuationsEndsTheConnection) {
  hears(frame(FrameType::kHeaders, 0, 1, kStatus200));
  for (int i = 0; i < 64; ++i) hears(frame(FrameType::kContinuation, 0, 1, {}));
  EXPECT_EQ(goaway(), -1);
  hears(frame(FrameType::kContinuation, 0, 1, {}));
  EXPECT_EQ(goaway(), code(ErrorCode::kEnhanceYourCalm));
}

TEST_F(HostileServer, AHeaderTooLargeEndsTheConnection) {
  hears(frame(FrameType::kHeaders, 0, 1, kStatus200));
  for (int i = 0; i < 17; ++i) {
    hears(frame(FrameType::kContinuation, 0, 1, std::string(kFrameSize, '\x88')));
  }
  EXPECT_EQ(goaway(), code(ErrorCode::kEnhanceYourCalm));
}

TEST_F(HostileServer, AHeaderThatIsLargeOnlyWhenDecodedEndsTheConnection) {
  // One long field put into the table, then named again and again: a byte each (a "HPACK bomb").
  std::string block = kStatus200 + std::string(
                                       "\x40\x01"
                                       "a"
                                       "\x7f\xa1\x1e",
                                       6);
  block += std::string(4000, 'v') + std::string(200, '\xbe');
  hears(frame(FrameType::kHeaders, kFlagEndHeaders, 1, block));
  EXPECT_EQ(goaway(), code(ErrorCode::kEnhanceYourCalm));
}

TEST_F(HostileServer, AHeaderInPiecesIsOneHeader) {
  const std::string rest = field("server", "test");
  hears(frame(FrameType::kHeaders, kFlagEndStream, 1, kStatus200 + rest.substr(0, 4)));
  hears(frame(FrameType::kContinuation, kFlagEndHeaders, 1, rest.substr(4)));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kWhole));
  EXPECT_EQ(listener_.headers["server"], "test");
}

TEST_F(HostileServer, NothingMayComeBetweenTheFramesOfAHeader) {
  hears(frame(FrameType::kHeaders, 0, 1, kStatus200));
  hears(frame(FrameType::kPing, 0, 0, "12345678"));
  EXPECT_EQ(goaway(), code(ErrorCode::kProtocolError));
}

TEST_F(HostileServer, WrongCompressionEndsTheConnection) {
  answers(0, "\xff\xff\xff\xff\xff");
  EXPECT_EQ(goaway(), code(ErrorCode::kCompressionError));
}

TEST_F(HostileServer, ACompressedHeaderCutShortEndsTheConnection) {
  answers(0, kStatus200 + field("server", "test").substr(0, 5));
  EXPECT_EQ(goaway(), code(ErrorCode::kCompressionError));
}

TEST_F(HostileServer, AFloodOfPingsOrSettingsIsNotAnsweredWithoutEnd) {
  for (int i = 0; i < 1500; ++i) hears(frame(FrameType::kPing, 0, 0, "12345678"));
  EXPECT_FALSE(went_on_);
  EXPECT_LT(said().size(), 20'000U);

  Http2Session other(listener_);
  bool goes_on = true;
  for (int i = 0; i < 1500; ++i) goes_on = other.receive(kSettings) && goes_on;
  EXPECT_FALSE(goes_on);
}

TEST_F(HostileServer, PingsAreAnsweredWithWhatTheySaid) {
  hears(frame(FrameType::kPing, 0, 0, "12345678"));
  EXPECT_EQ(said(), frame(FrameType::kPing, kFlagAck, 0, "12345678"));
  hears(frame(FrameType::kPing, kFlagAck, 0, "12345678"));
  EXPECT_EQ(said(), "");
}

TEST_F(HostileServer, ResetsOfAStreamThatHasEndedAreIgnoredHoweverMany) {
  for (int i = 0; i < 5000; ++i) hears(frame(FrameType::kRstStream, 0, 1, number(2)));
  EXPECT_TRUE(went_on_);
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kReset));
  EXPECT_EQ(said(), "");
}

TEST_F(HostileServer, PaddingIsTakenOff) {
  answers(0, kStatus200);
  hears(frame(FrameType::kData, kFlagPadded | kFlagEndStream, 1, std::string("\3body\0\0\0", 8)));
  EXPECT_EQ(listener_.body, "body");
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kWhole));
}

TEST_F(HostileServer, MorePaddingThanFrameEndsTheConnection) {
  answers(0, kStatus200);
  hears(frame(FrameType::kData, kFlagPadded, 1,
              "\x09"
              "body"));
  EXPECT_EQ(goaway(), code(ErrorCode::kProtocolError));
}

TEST_F(HostileServer, APushEndsTheConnection) {
  hears(frame(FrameType::kPushPromise, kFlagEndHeaders, 1, number(2) + kStatus200));
  EXPECT_EQ(goaway(), code(ErrorCode::kProtocolError));
}

TEST_F(HostileServer, SettingsThatAServerMayNotSendEndTheConnection) {
  for (const auto& [bad, error] :
       {std::pair{setting(Setting::kEnablePush, 1), ErrorCode::kProtocolError},
        std::pair{setting(Setting::kMaxFrameSize, 16'383), ErrorCode::kProtocolError},
        std::pair{setting(Setting::kMaxFrameSize, 0x1000000), ErrorCode::kProtocolError},
        std::pair{setting(Setting::kInitialWindowSize, 0x80000000U),
                  ErrorCode::kFlowControlError}}) {
    Http2Session session(listener_);
    session.receive(frame(FrameType::kSettings, 0, 0, bad));
    std::string out;
    session.take_output(out, 1U << 20U);
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(number_at(out, out.size() - 4), code(error));
  }
  hears(frame(FrameType::kSettings, kFlagAck, 0, {}));
  EXPECT_EQ(goaway(), -1);
  hears(frame(FrameType::kSettings, kFlagAck, 0, {}));  // Of what?
  EXPECT_EQ(goaway(), code(ErrorCode::kProtocolError));
}

TEST_F(HostileServer, AWindowThatOverflowsIsAnError) {
  hears(frame(FrameType::kWindowUpdate, 0, 1, number(0x7fffffff)));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kProtocol));
  EXPECT_THAT(resets(), ElementsAre(code(ErrorCode::kFlowControlError)));
  hears(frame(FrameType::kWindowUpdate, 0, 0, number(0x7fffffff)));
  EXPECT_EQ(goaway(), code(ErrorCode::kFlowControlError));
}

TEST_F(HostileServer, AWindowUpdateOfNothingIsAnError) {
  hears(frame(FrameType::kWindowUpdate, 0, 1, number(0)));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kProtocol));
  hears(frame(FrameType::kWindowUpdate, 0, 0, number(0)));
  EXPECT_EQ(goaway(), code(ErrorCode::kProtocolError));
}

TEST_F(HostileServer, AZeroWindowHoldsABodyUntilItIsOpened) {
  hears(frame(FrameType::kSettings, 0, 0, setting(Setting::kInitialWindowSize, 0)));
  said();
  const RenderedRequest post = request("POST", std::string(10, 'b'));
  ASSERT_TRUE(client_.submit(1, post, true));
  EXPECT_EQ(said().find("bbb"), std::string::npos);
  hears(frame(FrameType::kWindowUpdate, 0, 3, number(4)));
  EXPECT_EQ(said(), frame(FrameType::kData, 0, 3, "bbbb"));
  hears(frame(FrameType::kSettings, 0, 0, setting(Setting::kInitialWindowSize, 100)));
  EXPECT_TRUE(said().ends_with(frame(FrameType::kData, kFlagEndStream, 3, "bbbbbb")));
}

TEST_F(HostileServer, GoawayMayNotTakeBackWhatItGaveUp) {
  hears(frame(FrameType::kGoaway, 0, 0, number(1) + number(0)));
  EXPECT_TRUE(client_.has_gone_away());
  hears(frame(FrameType::kGoaway, 0, 0, number(3) + number(0)));
  EXPECT_EQ(goaway(), code(ErrorCode::kProtocolError));
}

TEST_F(HostileServer, OnlyAGoawayWithoutAnErrorIsInGoodOrder) {
  const auto say = [this](ErrorCode error) {
    hears(frame(FrameType::kGoaway, 0, 0, number(1) + number(static_cast<std::uint32_t>(error))));
  };
  EXPECT_FALSE(client_.has_left_in_good_order());
  say(ErrorCode::kNoError);
  EXPECT_TRUE(client_.has_left_in_good_order());
  say(ErrorCode::kEnhanceYourCalm);
  EXPECT_TRUE(client_.has_gone_away());
  EXPECT_FALSE(client_.has_left_in_good_order());
  say(ErrorCode::kNoError);
  EXPECT_FALSE(client_.has_left_in_good_order()) << "it has told of an error";
  EXPECT_EQ(client_.goaway_code(), static_cast<std::uint32_t>(ErrorCode::kEnhanceYourCalm));
}

TEST_F(HostileServer, InterimAnswersWithoutEndEndTheConnection) {
  const std::string hint = field(":status", "103") + field("link", std::string(100, 'l'));
  int hints = 0;
  for (; hints < 2000 && client_.can_submit(); ++hints) answers(0, hint);
  EXPECT_EQ(goaway(), code(ErrorCode::kEnhanceYourCalm));
  constexpr int kFit = 256 * 1024 / (7 + 3 + 32 + 4 + 100 + 32);
  EXPECT_NEAR(hints, kFit, 1);
}

TEST_F(HostileServer, WhatIsGivenUpNoLongerWaitsForTheConnectionsWindow) {
  const RenderedRequest first = request("POST", std::string(kFirstWindow, 'b'));
  ASSERT_TRUE(client_.submit(1, first, true));
  said();  // The window of the connection is used up.
  const RenderedRequest post = request("POST", "body");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client_.submit(2, post, true));
    client_.cancel(2);
  }
  EXPECT_EQ(client_.bodies_waiting(), 0U);
  ASSERT_TRUE(client_.submit(2, post, true));
  EXPECT_EQ(client_.bodies_waiting(), 1U);
  const std::int32_t last = 1 + 2 * 102;
  hears(frame(FrameType::kRstStream, 0, last, number(0)));
  EXPECT_THAT(listener_.ends[2], ElementsAre(StreamEnd::kReset));
  EXPECT_EQ(client_.bodies_waiting(), 0U);
}

TEST_F(HostileServer, AGoawayOfZeroEndsWhatWasSent) {
  hears(frame(FrameType::kGoaway, 0, 0, number(0) + number(2)));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kGoaway));
  EXPECT_TRUE(client_.is_over());
}

TEST_F(HostileServer, MalformedAnswersAreResetAndTheConnectionGoesOn) {
  const std::string two = field(":status", "200");
  const std::array bad{field("server", "x"),                 // No status.
                       two + two,                            // Two of them.
                       field("server", "x") + two,           // After a regular field.
                       field(":status", "20"),               // Not three digits.
                       field(":status", "101"),              // RFC 9113 §8.6.
                       two + field(":path", "/"),            // A request's.
                       two + field("Server", "x"),           // Upper case.
                       two + field("connection", "close"),   // Connection-specific.
                       two + field("content-length", "1x"),  // No number.
                       two + field("content-length", "99999999999999999999999"),
                       two + field("content-length", "1") + field("content-length", "2")};
  ClientSession::Ticket ticket = 0;
  std::int32_t stream = 1;
  for (const std::string& block : bad) {
    hears(frame(FrameType::kHeaders, kFlagEndHeaders, stream, block));
    EXPECT_THAT(listener_.ends[ticket], ElementsAre(StreamEnd::kProtocol)) << block;
    EXPECT_THAT(resets(), ElementsAre(code(ErrorCode::kProtocolError))) << block;
    ASSERT_TRUE(client_.submit(++ticket, get_, false));
    stream += 2;
  }
}

TEST_F(HostileServer, ABodyMustBeAsLongAsItSaid) {
  answers(0, kStatus200 + field("content-length", "5"));
  hears(frame(FrameType::kData, 0, 1, "123456"));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kProtocol));
  client_.submit(1, get_, false);
  hears(frame(FrameType::kHeaders, kFlagEndHeaders, 3, kStatus200 + field("content-length", "5")));
  hears(frame(FrameType::kData, kFlagEndStream, 3, "1234"));
  EXPECT_THAT(listener_.ends[1], ElementsAre(StreamEnd::kProtocol));
}

TEST_F(HostileServer, AHeadsAnswerSaysALengthAndHasNone) {
  const RenderedRequest head = request("HEAD");
  client_.submit(1, head, false);
  hears(frame(FrameType::kHeaders, kFlagEndHeaders | kFlagEndStream, 3,
              kStatus200 + field("content-length", "5")));
  EXPECT_THAT(listener_.ends[1], ElementsAre(StreamEnd::kWhole));
}

TEST_F(HostileServer, ABodyBeforeTheHeaderIsAnError) {
  hears(frame(FrameType::kData, 0, 1, "early"));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kProtocol));
  EXPECT_EQ(listener_.body, "");
}

TEST_F(HostileServer, AnInterimAnswerIsNotTheEnd) {
  answers(kFlagEndStream, field(":status", "103"));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kProtocol));
}

TEST_F(HostileServer, TrailersAreTheEndAndHaveNoStatus) {
  answers(0, kStatus200);
  answers(kFlagEndStream, field("checksum", "1"));
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kWhole));
  client_.submit(1, get_, false);
  hears(frame(FrameType::kHeaders, kFlagEndHeaders, 3, kStatus200));
  hears(frame(FrameType::kHeaders, kFlagEndHeaders, 3, field("checksum", "1")));
  EXPECT_THAT(listener_.ends[1], ElementsAre(StreamEnd::kProtocol));
}

TEST_F(HostileServer, AnAnswerBeforeTheRequestIsSentEndsWithIt) {
  hears(frame(FrameType::kSettings, 0, 0, setting(Setting::kInitialWindowSize, 0)));
  const RenderedRequest post = request("POST", "body");
  client_.submit(1, post, true);
  said();
  hears(frame(FrameType::kHeaders, kFlagEndHeaders | kFlagEndStream, 3, kStatus200));
  EXPECT_THAT(listener_.ends[1], IsEmpty());
  hears(frame(FrameType::kRstStream, 0, 3, number(0)));  // RFC 9113 §8.1: needs no more of it.
  EXPECT_THAT(listener_.ends[1], ElementsAre(StreamEnd::kWhole));
}

TEST_F(HostileServer, FramesOfUnknownTypesAreIgnored) {
  hears(frame(static_cast<FrameType>(0xee), 0xff, 1, "whatever"));
  answers(kFlagEndStream, kStatus200);
  EXPECT_THAT(ends(), ElementsAre(StreamEnd::kWhole));
}

TEST_F(HostileServer, AWindowHalfUsedUpIsGivenBack) {
  answers(0, kStatus200);
  const std::string data = frame(FrameType::kData, 0, 1, std::string(kFrameSize, 'd'));
  for (std::size_t sent = 0; sent < std::size_t{1} << 30U; sent += kFrameSize) {
    hears(data);
    listener_.body.clear();
  }
  const std::string out = said();
  EXPECT_EQ(out.size(), 2 * (kFrameHeadSize + 4));  // For the connection and the stream.
  EXPECT_EQ(number_at(out, kFrameHeadSize), std::uint32_t{1} << 30U);
}

TEST_F(HostileServer, CutAnywhereItSaysTheSame) {
  const std::string all = frame(FrameType::kHeaders, kFlagEndHeaders, 1, kStatus200) +
                          frame(FrameType::kPing, 0, 0, "12345678") + kSettings +
                          frame(FrameType::kData, kFlagEndStream, 1, "body");
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    Listener listener;
    Http2Session session(listener);
    session.submit(0, get_, false);
    session.receive(kSettings);
    for (std::string_view left = all; !left.empty();) {
      ASSERT_TRUE(session.receive(left.substr(0, piece)));
      left.remove_prefix(std::min(piece, left.size()));
    }
    EXPECT_EQ(listener.body, "body");
    EXPECT_THAT(listener.ends[0], ElementsAre(StreamEnd::kWhole));
  }
}

}  // namespace
}  // namespace squall::generators
