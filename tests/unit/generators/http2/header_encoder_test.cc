#include "generators/http2/header_encoder.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

namespace squall::generators::http2 {
namespace {

/// The other end of the compression.
class Decoder {
 public:
  Decoder() { nghttp2_hd_inflate_new(&inflater_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { nghttp2_hd_inflate_del(inflater_); }

  std::string decode(std::string_view block) {
    std::string text;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());  // NOLINT
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv nv{};
      int flags = 0;
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, bytes, left, 1);
      if (taken < 0) return "wrong";
      bytes += taken;
      left -= static_cast<std::size_t>(taken);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        text.append(reinterpret_cast<const char*>(nv.name), nv.namelen) += '=';    // NOLINT
        text.append(reinterpret_cast<const char*>(nv.value), nv.valuelen) += ' ';  // NOLINT
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return text;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
};

std::vector<HeaderField> request(const std::string& path, const std::string& token) {
  return {{":method", "GET"}, {":path", path}, {"x-token", token}};
}

std::string text(const std::string& path, const std::string& token) {
  return ":method=GET :path=" + path + " x-token=" + token + " ";
}

TEST(HeaderEncoder, TheSameHeaderIsTheSameBytesFromTheSecondTimeOn) {
  HeaderEncoder encoder;
  const auto header = request("/index.html", "a");
  const std::string first(encoder.encode(header));
  const std::string second(encoder.encode(header));
  EXPECT_LT(second.size(), first.size());
  EXPECT_EQ(encoder.encode(header), second);
  EXPECT_TRUE(HeaderEncoder::changes_table(first));
  EXPECT_FALSE(HeaderEncoder::changes_table(second));
}

TEST(HeaderEncoder, WhatIsKeptIsStillRightAfterOthersHaveChangedTheTable) {
  HeaderEncoder encoder;
  Decoder decoder;
  for (int round = 0; round < 500; ++round) {
    const std::string token = round % 3 == 0 ? std::to_string(round) : "same";
    std::string path(40, '/');
    path += std::to_string(round % 5);
    EXPECT_EQ(decoder.decode(encoder.encode(request(path, token))), text(path, token));
    EXPECT_EQ(decoder.decode(encoder.encode(request("/", "always"))), text("/", "always"));
  }
}

TEST(HeaderEncoder, ObeysTheServersLimitOfItsTable) {
  HeaderEncoder encoder;
  Decoder decoder;
  const auto header = request("/", "a");
  for (int i = 0; i < 3; ++i) decoder.decode(encoder.encode(header));
  nghttp2_hd_inflate_change_table_size(decoder.inflater_, 0);
  encoder.limit_table(0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(decoder.decode(encoder.encode(header)), text("/", "a"));
  EXPECT_EQ(nghttp2_hd_inflate_get_dynamic_table_size(decoder.inflater_), 0U);
}

}  // namespace
}  // namespace squall::generators::http2
