#include "common/ids.hpp"

#include <sys/random.h>

#include <array>
#include <cstring>

#include "common/assert.hpp"

namespace slicebus {
namespace {

std::string uuid_text(std::array<unsigned char, 16> bytes, unsigned version) {
  static constexpr char digits[] = "0123456789abcdef";
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | (version << 4U));
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      out += '-';
    }
    out += digits[bytes[i] >> 4U];
    out += digits[bytes[i] & 0x0FU];
  }
  return out;
}

/// splitmix64's finaliser: spreads every input bit over the word.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

}  // namespace

std::string new_uuid() {
  std::array<unsigned char, 16> bytes{};
  SB_ASSERT(getrandom(bytes.data(), bytes.size(), 0) == 16, "the kernel's random source gave fewer than 16 bytes");
  return uuid_text(bytes, 4);
}

std::string slice_uuid(const LineageId& lineage, SlicePosition at) {
  std::uint64_t low = 0xCBF29CE484222325ULL;
  for (const char c : lineage.text) {
    low = (low ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  low = mix(low ^ mix(at.slicer_order ^ (static_cast<std::uint64_t>(at.slicer_id) << 48U)));
  const std::uint64_t high = mix(low ^ 0xA0761D6478BD642FULL);
  std::array<unsigned char, 16> bytes{};
  std::memcpy(bytes.data(), &low, 8);
  std::memcpy(bytes.data() + 8, &high, 8);
  return uuid_text(bytes, 5);
}

}  // namespace slicebus
