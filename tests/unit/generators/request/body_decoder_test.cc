#include "generators/request/body_decoder.h"

#include <string>

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace squall::generators {
namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string brotlied(const std::string& text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 64;
  std::string out(size, '\0');
  EXPECT_EQ(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, text.size(),
                                  reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                  reinterpret_cast<std::uint8_t*>(out.data())),
            BROTLI_TRUE);
  out.resize(size);
  return out;
}

struct Decoded {
  std::string text;
  bool whole = false;
  std::string why;
};

Decoded decoded(std::string_view coding, const std::string& bytes, std::size_t step) {
  BodyDecoder decoder;
  decoder.begin(coding);
  Decoded result;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    decoder.feed(std::string_view(bytes).substr(at, step),
                 [&result](std::string_view piece) { result.text += piece; });
  }
  result.whole = decoder.is_whole();
  result.why = decoder.why();
  return result;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST(BodyDecoder, DecodesWhatComesInPiecesOfAnySize) {
  const std::string text = long_text();
  for (const std::size_t step : {1UL, 7UL, 1000UL, 1'000'000UL}) {
    EXPECT_EQ(decoded("gzip", gzipped(text), step).text, text);
    EXPECT_TRUE(decoded("GZIP ", gzipped(text), step).whole);
    EXPECT_EQ(decoded("br", brotlied(text), step).text, text);
    EXPECT_TRUE(decoded("br", brotlied(text), step).whole);
    EXPECT_EQ(decoded("identity", text, step).text, text);
    EXPECT_EQ(decoded("gzip", gzipped("one") + gzipped("two"), step).text, "onetwo");
  }
  EXPECT_TRUE(decoded("gzip", "", 1).whole) << "an answer to HEAD";
}

TEST(BodyDecoder, SaysWhatIsBrokenOrCutShort) {
  const std::string text = long_text();
  for (const auto& [coding, bytes] :
       {std::pair{"gzip", gzipped(text)}, std::pair{"br", brotlied(text)}}) {
    const Decoded cut = decoded(coding, bytes.substr(0, bytes.size() - 9), 100);
    EXPECT_FALSE(cut.whole);
    EXPECT_EQ(cut.why, "a coded body that is cut short");
    EXPECT_FALSE(decoded(coding, bytes + "xyz", 100).whole);
    EXPECT_EQ(decoded(coding, "\xff\xff\xff\xffnothing of the kind", 5).why,
              "a body that cannot be decoded");
  }
}

TEST(BodyDecoder, ABombIsGivenUpAtItsLimit) {
  const std::string large(BodyDecoder::kMostDecoded + 1, '\0');
  const std::string exact(BodyDecoder::kMostDecoded, '\0');
  for (const auto& [coding, bomb] :
       {std::pair{"gzip", gzipped(large)}, std::pair{"br", brotlied(large)}}) {
    EXPECT_LT(bomb.size(), 100'000U);
    const Decoded result = decoded(coding, bomb, 4096);
    EXPECT_FALSE(result.whole);
    EXPECT_EQ(result.why, "a body of more than 64 MiB when decoded");
    EXPECT_LE(result.text.size(), BodyDecoder::kMostDecoded);
  }
  EXPECT_TRUE(decoded("gzip", gzipped(exact), 4096).whole);
}

}  // namespace
}  // namespace squall::generators
