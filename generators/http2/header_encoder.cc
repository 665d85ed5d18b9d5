#include "generators/http2/header_encoder.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <nghttp2/nghttp2.h>

#include "generators/http2/frame.h"

namespace squall::generators::http2 {
namespace {

// Of the encoder's table; RFC 7541 §4.2 lets us use less than the peer allows.
constexpr std::size_t kTableSize = 4096;
// A load of more different requests than this encodes them anew.
constexpr std::size_t kMostKept = 8;
// After so many that were not used again, each header is another: none is kept any more.
constexpr std::size_t kMostInVain = 64;
// Longer headers are not kept: they must not show in the memory of a connection.
constexpr std::size_t kLongestKept = 512;

bool same(const std::vector<HeaderField>& a, const std::vector<HeaderField>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const HeaderField& one, const HeaderField& other) {
                      return one.value == other.value && one.name == other.name;
                    });
}

nghttp2_nv to_nv(const HeaderField& header) {
  // NOLINTBEGIN: nghttp2 does not write through these.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.value.data())),
          header.name.size(), header.value.size(), NGHTTP2_NV_FLAG_NONE};
  // NOLINTEND
}

/// Moves past an integer with a prefix of `bits` (RFC 7541 §5.1), and answers it.
std::size_t take_integer(std::string_view& block, unsigned bits) {
  const std::size_t most = (std::size_t{1} << bits) - 1;
  std::size_t number = byte_at(block, 0) & most;
  block.remove_prefix(1);
  for (unsigned shift = 0; number >= most && !block.empty(); shift += 7) {
    const std::size_t byte = byte_at(block, 0);
    block.remove_prefix(1);
    number += (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0 || shift > 28) break;
  }
  return number;
}

void skip_string(std::string_view& block) {
  if (block.empty()) return;
  const std::size_t length = take_integer(block, 7);
  block.remove_prefix(std::min(length, block.size()));
}

}  // namespace

void HeaderEncoder::Free::operator()(nghttp2_hd_deflater* deflater) const {
  nghttp2_hd_deflate_del(deflater);
}

HeaderEncoder::HeaderEncoder() {
  nghttp2_hd_deflater* made = nullptr;
  if (nghttp2_hd_deflate_new(&made, kTableSize) != 0) std::abort();  // Out of memory.
  deflater_.reset(made);
}

bool HeaderEncoder::changes_table(std::string_view block) {
  while (!block.empty()) {
    const std::uint32_t first = byte_at(block, 0);
    if ((first & 0x80U) != 0) {  // RFC 7541 §6.1: indexed.
      take_integer(block, 7);
      continue;
    }
    if ((first & 0x60U) != 0) return true;  // §6.2.1: put into the table; §6.3: resizes it.
    if (take_integer(block, 4) == 0) skip_string(block);  // §6.2.2, §6.2.3: literals, not put in.
    skip_string(block);
  }
  return false;
}

void HeaderEncoder::limit_table(std::size_t size) {
  nghttp2_hd_deflate_change_table_size(deflater_.get(), size);
  kept_.clear();
}

std::string_view HeaderEncoder::encode(const std::vector<HeaderField>& fields) {
  for (const Kept& kept : kept_) {
    if (!same(kept.fields, fields)) continue;
    in_vain_ = 0;
    return kept.block;
  }
  thread_local std::vector<nghttp2_nv> list;
  list.clear();
  std::transform(fields.begin(), fields.end(), std::back_inserter(list), to_nv);
  block_.resize(nghttp2_hd_deflate_bound(deflater_.get(), list.data(), list.size()));
  auto* into = reinterpret_cast<std::uint8_t*>(block_.data());  // NOLINT: nghttp2's interface
  const ssize_t size =
      nghttp2_hd_deflate_hd(deflater_.get(), into, block_.size(), list.data(), list.size());
  if (size < 0) return {};
  block_.resize(static_cast<std::size_t>(size));
  if (changes_table(block_)) {
    kept_.clear();
  } else if (block_.size() <= kLongestKept && in_vain_ < kMostInVain) {
    ++in_vain_;
    next_kept_ = next_kept_ + 1 < kMostKept ? next_kept_ + 1 : 0;
    if (kept_.size() < kMostKept) {
      kept_.push_back({fields, block_});
      return kept_.back().block;
    }
    kept_[next_kept_] = {fields, block_};
  }
  return block_;
}

}  // namespace squall::generators::http2
