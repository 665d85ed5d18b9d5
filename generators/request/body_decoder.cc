#include "generators/request/body_decoder.h"

#include <algorithm>
#include <array>
#include <string>

#include <brotli/decode.h>
#include <zlib.h>

namespace squall::generators {
namespace {

constexpr std::size_t kPieceSize = 16UL * 1024UL;
constexpr int kGzipOnly = 16;  // zlib.h, inflateInit2: added to the window's bits.

bool names(std::string_view coding, std::string_view wanted) {
  while (!coding.empty() && coding.front() == ' ') coding.remove_prefix(1);
  while (!coding.empty() && coding.back() == ' ') coding.remove_suffix(1);
  return std::equal(coding.begin(), coding.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

/// Decodes what is left of `in` into `out`, as far as there is room.
class BodyDecoder::Coding {
 public:
  Coding() = default;
  Coding(const Coding&) = delete;
  Coding& operator=(const Coding&) = delete;
  virtual ~Coding() = default;

  enum class Step { kMore, kWantsInput, kEnd, kBroken };
  /// `produced` bytes of `out` are filled. kMore: there was no room for all.
  virtual Step decode(std::string_view& in, std::array<char, kPieceSize>& out,
                      std::size_t& produced) = 0;
};

class BodyDecoder::Gzip final : public Coding {
 public:
  Gzip() { is_good_ = inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK; }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override {
    if (is_good_) inflateEnd(&stream_);
  }

  Step decode(std::string_view& in, std::array<char, kPieceSize>& out,
              std::size_t& produced) override {
    if (!is_good_) return Step::kBroken;
    if (at_end_) {  // RFC 1952 §2.2: a file may have several members.
      if (in.empty()) return Step::kEnd;
      if (inflateReset(&stream_) != Z_OK) return Step::kBroken;
      at_end_ = false;
    }
    // NOLINTBEGIN: zlib's interface, which does not write to what it reads
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    // NOLINTEND
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    produced = out.size() - stream_.avail_out;
    at_end_ = result == Z_STREAM_END;
    if (at_end_) return in.empty() ? Step::kEnd : Step::kMore;
    if (result == Z_BUF_ERROR) return Step::kWantsInput;
    if (result != Z_OK) return Step::kBroken;
    return in.empty() && stream_.avail_out > 0 ? Step::kWantsInput : Step::kMore;
  }

 private:
  z_stream stream_{};
  bool is_good_ = false;
  bool at_end_ = false;
};

class BodyDecoder::Brotli final : public Coding {
 public:
  Brotli() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  Brotli(const Brotli&) = delete;
  Brotli& operator=(const Brotli&) = delete;
  ~Brotli() override {
    if (state_ != nullptr) BrotliDecoderDestroyInstance(state_);
  }

  Step decode(std::string_view& in, std::array<char, kPieceSize>& out,
              std::size_t& produced) override {
    if (state_ == nullptr) return Step::kBroken;
    // NOLINTBEGIN: brotli's interface
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    // NOLINTEND
    std::size_t in_left = in.size();
    std::size_t out_left = out.size();
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state_, &in_left, &next_in, &out_left, &next_out, nullptr);
    in.remove_prefix(in.size() - in_left);
    produced = out.size() - out_left;
    switch (result) {
      case BROTLI_DECODER_RESULT_SUCCESS:
        return in.empty() ? Step::kEnd : Step::kBroken;  // Something follows the end.
      case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return Step::kWantsInput;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        return Step::kMore;
      case BROTLI_DECODER_RESULT_ERROR:
        return Step::kBroken;
    }
    return Step::kBroken;
  }

 private:
  BrotliDecoderState* state_;
};

BodyDecoder::BodyDecoder() = default;
BodyDecoder::BodyDecoder(BodyDecoder&&) noexcept = default;
BodyDecoder& BodyDecoder::operator=(BodyDecoder&&) noexcept = default;
BodyDecoder::~BodyDecoder() = default;

void BodyDecoder::begin(std::string_view coding) {
  coding_.reset();
  decoded_ = 0;
  state_ = State::kUnfed;
  if (names(coding, "gzip") || names(coding, "x-gzip")) {
    coding_ = std::make_unique<Gzip>();
  } else if (names(coding, "br")) {
    coding_ = std::make_unique<Brotli>();
  } else {
    state_ = State::kPlain;
  }
}

void BodyDecoder::feed(std::string_view piece, const Sink& sink) {
  if (state_ == State::kPlain) {
    sink(piece);
    return;
  }
  if (state_ == State::kBroken || state_ == State::kTooLarge || piece.empty()) return;
  static thread_local std::array<char, kPieceSize> out;
  for (;;) {
    std::size_t produced = 0;
    const Coding::Step step = coding_->decode(piece, out, produced);
    decoded_ += produced;
    if (decoded_ > kMostDecoded) {
      state_ = State::kTooLarge;
      coding_.reset();
      return;
    }
    if (produced > 0) sink({out.data(), produced});
    if (step == Coding::Step::kMore) continue;
    state_ = step == Coding::Step::kEnd          ? State::kWhole
             : step == Coding::Step::kWantsInput ? State::kGoing
                                                 : State::kBroken;
    return;
  }
}

bool BodyDecoder::is_whole() const {
  return state_ == State::kPlain || state_ == State::kUnfed || state_ == State::kWhole;
}

std::string_view BodyDecoder::why() const {
  switch (state_) {
    case State::kBroken:
      return "a body that cannot be decoded";
    case State::kGoing:
      return "a coded body that is cut short";
    case State::kTooLarge:
      return "a body of more than 64 MiB when decoded";
    default:
      return "";
  }
}

}  // namespace squall::generators
