#include "common/bundle/asset_id.hpp"

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include <algorithm>
#include <array>

namespace slicebus::bundle {
namespace {

/// Three bytes become four characters, so blocks of a multiple of three join without padding between them.
constexpr std::size_t block_bytes = std::size_t{3} * 4'096;

}  // namespace

AssetId asset_id_of(std::string_view zip) {
  sha1_ctx hash;
  sha1_init(&hash);
  std::array<char, BASE64_ENCODE_RAW_LENGTH(block_bytes)> text;
  for (std::size_t at = 0; at < zip.size(); at += block_bytes) {
    const std::string_view block = zip.substr(at, block_bytes);
    base64_encode_raw(text.data(), block.size(), reinterpret_cast<const std::uint8_t*>(block.data()));
    sha1_update(&hash, BASE64_ENCODE_RAW_LENGTH(block.size()), reinterpret_cast<const std::uint8_t*>(text.data()));
  }
  std::array<std::uint8_t, SHA1_DIGEST_SIZE> digest;
  sha1_digest(&hash, digest.size(), digest.data());
  std::string id;
  for (const std::uint8_t byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    id += digits[byte >> 4U];
    id += digits[byte & 0xFU];
  }
  return AssetId{std::move(id)};
}

bool is_asset_id(std::string_view text) {
  return text.size() == std::size_t{2} * SHA1_DIGEST_SIZE &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace slicebus::bundle
