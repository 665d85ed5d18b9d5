// Header blocks that are wrong, too large, or never end (RFC 9113 §8, RFC 7541), and interim
// answers.
#include "tests/integration/hostile/hostile_fixture.h"

namespace squall::test {
namespace {

/// Says to each request what `make` makes for its stream.
ScriptedServer::Script says(std::function<std::string(std::uint32_t)> make) {
  return h2_script([make = std::move(make)](ScriptedConnection& connection, std::uint32_t stream) {
    connection.say(make(stream));
  });
}

/// A header block that goes on in CONTINUATION frames.
std::string continued(std::uint32_t stream, std::string_view block, std::size_t piece) {
  std::string frames = h2_frame(H2Type::kHeaders, kEndStream, stream, block.substr(0, piece));
  while (block.size() > piece) {
    block.remove_prefix(piece);
    const std::uint8_t flags = block.size() > piece ? 0 : kEndHeaders;
    frames += h2_frame(H2Type::kContinuation, flags, stream, block.substr(0, piece));
  }
  return frames;
}

/// A literal field whose value is as long as can be said in three bytes (RFC 7541 §5.1).
std::string large_field(std::size_t size) {
  std::string field("\0\5large\x7f", 8);
  for (size -= 127; size >= 128; size >>= 7) field += static_cast<char>(0x80 | (size & 0x7f));
  return field + static_cast<char>(size);
}

TEST(HostileHeaders, AnIndexThatIsNoneBreaksTheProtocol) {
  for (const std::string& block : {std::string("\x80"), std::string("\xfe"),  // RFC 7541 §6.1
                                   std::string("\x88\xff\xff\xff\xff\xff\xff\xff\xff\xff")}) {
    const ScriptedServer server(says([block](std::uint32_t stream) {
      return h2_frame(H2Type::kHeaders, kEndHeaders | kEndStream, stream, block);
    }));
    expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
  }
}

TEST(HostileHeaders, AHeaderOfAMegabyteBreaksTheProtocol) {
  constexpr std::size_t kSize = 1'000'000;
  const ScriptedServer server(says([](std::uint32_t stream) {
    const std::string block = "\x88" + large_field(kSize) + std::string(kSize, 'x');
    return continued(stream, block, 16'000);
  }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileHeaders, HeadersOfManyKilobytesAreReadNevertheless) {
  constexpr std::size_t kSize = 40'000;
  const ScriptedServer server(says([](std::uint32_t stream) {
    const std::string block = "\x88" + large_field(kSize) + std::string(kSize, 'x');
    return continued(stream, block, 16'000);
  }));
  expect_all_ok(suffer(server));
}

TEST(HostileHeaders, ContinuationsWithoutEndBreakTheProtocol) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    connection.say(h2_frame(H2Type::kHeaders, kEndStream, stream, "\x88"));
    const std::string more =
        h2_frame(H2Type::kContinuation, 0, stream, hpack_field("more", "and more"));
    while (connection.say(more)) {
    }
  }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileHeaders, EmptyContinuationsWithoutEndBreakTheProtocol) {
  const ScriptedServer server(h2_script([](ScriptedConnection& connection, std::uint32_t stream) {
    connection.say(h2_frame(H2Type::kHeaders, kEndStream, stream, "\x88"));
    while (connection.say(h2_frame(H2Type::kContinuation, 0, stream))) {
    }
  }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileHeaders, SomethingElseBetweenContinuationsBreaksTheProtocol) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    return h2_frame(H2Type::kHeaders, kEndStream, stream, "\x88") +
           h2_frame(H2Type::kPing, 0, 0, "12345678");  // RFC 9113 §6.10
  }));
  expect_nothing_but(suffer(server), {ErrorClass::kProtocol});
}

TEST(HostileHeaders, ABlockThatUnfoldsToMegabytesEndsTheConnection) {
  // 4,000 bytes into the dynamic table (RFC 7541 §6.2.1), and then that entry 8,000 times.
  std::string entry("\x40\1b\x7f", 4);
  for (std::size_t size = 4000 - 127; size > 0; size >>= 7) {
    entry += static_cast<char>((size >= 128 ? 0x80 : 0) | (size & 0x7f));
  }
  const std::string block = "\x88" + entry + std::string(4000, 'x') + std::string(8000, '\xbe');
  const ScriptedServer server(says([block](std::uint32_t stream) {
    return h2_frame(H2Type::kHeaders, kEndHeaders | kEndStream, stream, block);
  }));
  // What compression has done so far is lost with the block (RFC 9113 §4.3).
  const SecondCell total = suffer(server);
  expect_nothing_but(total, {ErrorClass::kProtocol});
  EXPECT_GT(total.connections_lost, 0U);
}

TEST(HostileHeaders, AnswersThatAreMalformedAreProtocolErrorsEach) {
  for (const std::string& fields :
       {hpack_field("Upper", "case"), hpack_field("connection", "close"), hpack_field(":path", "/"),
        hpack_field("a", "b\r\nc: d"),
        hpack_field("content-length", "1") + hpack_field("content-length", "2")}) {
    const ScriptedServer server(says([fields](std::uint32_t stream) {
      return h2_answer(stream, "200", fields);  // RFC 9113 §8.2, §8.3
    }));
    expect_all(suffer(server), ErrorClass::kProtocol);
  }
}

TEST(HostileHeaders, AStatusThatIsNoneIsAProtocolError) {
  for (const char* const status : {"", "0", "20", "2000", "abc", "-12"}) {
    const ScriptedServer server(
        says([status](std::uint32_t stream) { return h2_answer(stream, status); }));
    expect_all(suffer(server), ErrorClass::kProtocol);
  }
}

TEST(HostileHeaders, ARedirectIsAnAnswerAndNotFollowed) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    return h2_answer(stream, "302", hpack_field("location", "http://nowhere.invalid:1/"));
  }));
  const SecondCell total = suffer(server);
  expect_all_ok(total, 302);
  EXPECT_EQ(total.connections_opened, 1U);
}

std::string interim(std::uint32_t stream, std::string_view status) {
  return h2_answer(stream, status, hpack_field("link", "</style.css>; rel=preload"), false);
}

TEST(HostileHeaders, OfInterimAnswersTheLastOneCounts) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    return interim(stream, "103") + interim(stream, "100") + h2_answer(stream);
  }));
  expect_all_ok(suffer(server));
}

TEST(HostileHeaders, AThousandInterimAnswersComeBeforeOneThatCounts) {
  const ScriptedServer server(says([](std::uint32_t stream) {
    const std::string one = interim(stream, "103");
    std::string all;
    for (int n = 0; n < 1000; ++n) all += one;
    return all + h2_answer(stream);
  }));
  expect_all_ok(suffer(server));
}

TEST(HostileHeaders, InterimAnswersAloneTimeOut) {
  const ScriptedServer server(says([](std::uint32_t stream) { return interim(stream, "103"); }));
  expect_all(suffer_briefly(server), ErrorClass::kTimeout);
}

TEST(HostileHeaders, SwitchingProtocolsIsAProtocolError) {
  const ScriptedServer server(
      says([](std::uint32_t stream) { return interim(stream, "101") + h2_answer(stream); }));
  expect_all(suffer(server), ErrorClass::kProtocol);  // RFC 9113 §8.6
}

}  // namespace
}  // namespace squall::test
