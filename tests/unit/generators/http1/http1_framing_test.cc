#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/http1/http1_session.h"

#include "tests/unit/generators/http1/exchange.h"

namespace squall::generators {
namespace {

using test::Exchange;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::string_literals;

const std::string kStart = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kStart + "Transfer-Encoding: chunked\r\n\r\n";

/// Each way to cut an answer up must mean the same.
void expect_whole(const std::string& answer, const std::string& body) {
  for (std::size_t piece = 1; piece <= answer.size(); ++piece) {
    Exchange exchange;
    exchange.get();
    ASSERT_TRUE(exchange.hear(answer, piece)) << answer << "\nin pieces of " << piece;
    EXPECT_EQ(exchange.body, body) << "in pieces of " << piece;
    EXPECT_THAT(exchange.ends, ElementsAre(StreamEnd::kWhole)) << "in pieces of " << piece;
    EXPECT_TRUE(exchange.session.can_submit());
  }
}

void expect_refused(const std::string& answer) {
  for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{3}}) {
    Exchange exchange;
    exchange.get();
    EXPECT_FALSE(exchange.hear(answer, piece)) << answer << "\nin pieces of " << piece;
    EXPECT_THAT(exchange.ends, IsEmpty()) << answer;
    EXPECT_TRUE(exchange.session.is_over());
    EXPECT_FALSE(exchange.session.has_gone_away());
  }
}

std::string complaint_about(const std::string& answer) {
  Exchange exchange;
  exchange.get();
  exchange.hear(answer);
  return exchange.session.complaint();
}

TEST(Http1Framing, ARefusalSaysWhatWasWrong) {
  EXPECT_EQ(complaint_about(kStart + "Content-Length: 0\r\n\r\n"), "");
  EXPECT_EQ(complaint_about("SSH-2.0-OpenSSH_9.2p1\r\n"), "the server broke HTTP/1.1: bad version");
  EXPECT_EQ(complaint_about(kChunked + "5\r\nhello!\r\n0\r\n\r\n"),
            "the server broke HTTP/1.1: bad chunk");
  EXPECT_EQ(complaint_about(kStart + "Content-Length: 0\r\n\r\nand more"),
            "the server broke HTTP/1.1: it sent more than its answers, or before it was asked");
  EXPECT_EQ(complaint_about(kStart + "A: " + std::string(70'000, 'a')),
            "the server broke HTTP/1.1: header limit exceeded");
}

TEST(Http1Framing, AnAnswerMayComeInPiecesOfAnySize) {
  expect_whole(kStart + "A: b\r\nContent-Length: 10\r\n\r\n0123456789", "0123456789");
  expect_whole(kStart + "Content-Length: 0\r\n\r\n", "");
  expect_whole("HTTP/1.1 100 Continue\r\n\r\n" + kStart + "Content-Length: 1\r\n\r\nx", "x");
}

TEST(Http1Framing, ChunksAreJoined) {
  expect_whole(kChunked + "5\r\nhello\r\n0\r\n\r\n", "hello");
  expect_whole(kChunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world");
  expect_whole(kChunked + "0\r\n\r\n", "");
  expect_whole(kChunked + "a;name=value;other=\"quo ted\"\r\n0123456789\r\n000\r\n\r\n",
               "0123456789");
  expect_whole(kStart + "transfer-encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
               "0123456789");
}

TEST(Http1Framing, TrailersAreHeadersToo) {
  expect_whole(kChunked + "2\r\nok\r\n0\r\nChecksum: 42\r\nOther: 1\r\n\r\n", "ok");
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear(kChunked + "2\r\nok\r\n0\r\nChecksum: 42\r\n\r\n"));
  EXPECT_THAT(exchange.headers, Contains(Pair("checksum", "42")));
}

TEST(Http1Framing, ALengthSaidTwiceTheSameIsOne) {
  expect_whole(kStart + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok");
  expect_whole(kStart + "Content-Length: 2, 2\r\n\r\nok", "ok");
}

TEST(Http1Framing, MalformedChunksAreRefused) {
  for (const std::string& chunks : {"x\r\nhello\r\n0\r\n\r\n"s,
                                    "-5\r\nhello\r\n"s,
                                    "+5\r\nhello\r\n"s,
                                    "0x5\r\nhello\r\n0\r\n\r\n"s,
                                    "5hello\r\n"s,
                                    "5\r\nhelloo\r\n0\r\n\r\n"s,
                                    "5\r\nhello0\r\n\r\n"s,
                                    "5\r\nhello!\r\n"s,
                                    "5\r\nhello\r!"s,
                                    "\r\nhello\r\n"s,
                                    " 5\r\nhello\r\n"s,
                                    "ffffffffffffffffff\r\nhello\r\n"s,
                                    "5 hello\r\nhello\r\n"s,
                                    "5;\r\nhello\r\n"s,
                                    "5;a=\r\nhello\r\n"s,
                                    "5;a=\"b\nc\"\r\nhello\r\n"s,
                                    "5;a=\"b\0c\"\r\nhello\r\n"s,
                                    "5\rhello\r\n"s,
                                    "0\r\nContent-Length: 5\r\n\r\n"s,
                                    "0\r\nTransfer-Encoding: chunked\r\n\r\n"s,
                                    "0\r\nbad trailer\r\n\r\n"s}) {
    SCOPED_TRACE(chunks);
    expect_refused(kChunked + chunks);
  }
}

// With a line feed alone, one server's end of a line is the other's middle.
TEST(Http1Framing, LineFeedsAloneAreRefused) {
  expect_refused("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
  expect_refused(kStart + "A: b\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + "A: b\rContent-Length: 0\r\n\r\n");
  expect_refused(kChunked + "5\nhello\n0\n\r\n\r\n");
}

TEST(Http1Framing, WhatCouldBeTwoLengthsIsRefused) {
  expect_refused(kStart + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok");
  expect_refused(kStart + "Content-Length: 2, 3\r\n\r\nok");
  expect_refused(kStart + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  expect_refused(kStart + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n");
}

TEST(Http1Framing, ALengthThatIsNoNumberIsRefused) {
  for (const std::string length : {"", "-1", "+1", "1 1", "0x2", "2,", "two", "1.0", "1;",
                                   "18446744073709551616", "99999999999999999999999"}) {
    SCOPED_TRACE(length);
    expect_refused(
        std::string(kStart).append("Content-Length: ").append(length).append("\r\n\r\nok"));
  }
}

TEST(Http1Framing, OtherCodingsThanChunkedAreRefused) {
  for (const std::string coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity",
                                   "chunked, chunked", "xchunked", "", "chunked;q=1"}) {
    SCOPED_TRACE(coding);
    expect_refused(std::string(kStart)
                       .append("Transfer-Encoding: ")
                       .append(coding)
                       .append("\r\n\r\n0\r\n\r\n"));
  }
  expect_refused(kStart + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  expect_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST(Http1Framing, FoldedHeadersAreRefused) {
  expect_refused(kStart + "A: b\r\n c\r\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + "A: b\r\n\tc\r\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + "A:\r\n c\r\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + "A: b\r\n \r\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + "A:\r\n \r\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + " A: b\r\nContent-Length: 0\r\n\r\n");
  expect_refused(kStart + "Content-Length:\r\n 2\r\n\r\nok");
  expect_refused(kChunked + "0\r\nA: b\r\n c\r\n\r\n");
}

TEST(Http1Framing, MalformedHeadersAreRefused) {
  for (const std::string& header : {"A b: c"s, "A : b"s, ": b"s, "A"s, "A\0: b"s, "A: b\0c"s,
                                    "A: b\x01"s, "A: b\x7f"s, "A(b): c"s, "\xc3\xa4: b"s}) {
    SCOPED_TRACE(header);
    expect_refused(kStart + header + "\r\nContent-Length: 0\r\n\r\n");
  }
}

TEST(Http1Framing, AStatusLineThatIsNoneIsRefused) {
  for (const std::string line :
       {"HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "HTTP/0.9 200 OK", "HTTP/1.10 200 OK",
        "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK",
        "HTTP/1.1 abc OK", "HTTP/1.1 -20 OK", "HTTP/1.1 000 OK", "HTTP/1.1 099 OK", "ICY 200 OK",
        "<html>hello there</html>", " HTTP/1.1 200 OK", "HTTP/1.1 101 Switching Protocols"}) {
    SCOPED_TRACE(line);
    expect_refused(line + "\r\nContent-Length: 0\r\n\r\n");
  }
  expect_refused("HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"s);
  expect_whole("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "");
  expect_whole("HTTP/1.1 299 M\xc3\xa4h\r\nContent-Length: 0\r\n\r\n", "");
}

/// Feeds `piece` again and again after `start`; how many bytes went in before it was refused.
std::size_t bytes_until_refused(const std::string& start, const std::string& piece) {
  Exchange exchange;
  exchange.get();
  std::size_t heard = start.size();
  if (!exchange.hear(start)) return 0;
  while (heard < 10 * Http1Session::kMostHeaderBytes && exchange.hear(piece)) heard += piece.size();
  return heard;
}

TEST(Http1Framing, WhatNeverEndsIsRefusedAfter64KiB) {
  const std::string blanks(100, 'a');
  for (const auto& [start, piece] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 200 ", blanks},
           {kStart, "Name: value\r\n"},
           {kStart + "A: ", blanks},
           {kStart, blanks},
           {kChunked + "5;a=", blanks},
           {kChunked + "5\r\nhello\r\n0\r\n", "Name: value\r\n"},
           {kChunked, std::string(100, '0')}}) {
    const std::size_t heard = bytes_until_refused(start, piece);
    EXPECT_GT(heard, 60'000U) << start;
    EXPECT_LT(heard, 66'500U) << start;
  }
}

TEST(Http1Framing, AHeaderOfJustUnder64KiBIsTaken) {
  const std::string long_value(65'000, 'v');
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear(kStart + "Content-Length: 2\r\nA: " + long_value + "\r\n\r\nok", 1000));
  EXPECT_EQ(exchange.body, "ok");
  Exchange at_once;
  at_once.get();
  EXPECT_FALSE(at_once.hear(kStart + "A: " + long_value + "\r\nB: " + long_value + "\r\n\r\n"));
}

TEST(Http1Framing, AHugeAnswerIsHandedOnPieceByPiece) {
  Exchange exchange;
  exchange.get();
  ASSERT_TRUE(exchange.hear(kStart + "Content-Length: 5000000000\r\n\r\n"));
  const std::string piece(65'536, 'b');
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(exchange.hear(piece));
    ASSERT_EQ(exchange.body.size(), piece.size());
    exchange.body.clear();
  }
}

}  // namespace
}  // namespace squall::generators
