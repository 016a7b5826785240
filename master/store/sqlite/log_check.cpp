#include "master/store/sqlite/log_check.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

namespace slicebus::store::sqlite {
namespace {

// https://sqlite.org/fileformat2.html, section 4. All numbers are big-endian but the words that are summed.
constexpr std::size_t header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;
constexpr std::uint32_t magic = 0x377F0682;  ///< the lowest bit: its sums are of big-endian words
constexpr std::uint32_t page_bytes_max = 65'536;

std::uint32_t number(std::string_view bytes, std::size_t at, bool big = true) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
    value |= byte << (8U * (big ? 3 - i : i));
  }
  return value;
}

struct Sum {
  std::uint32_t first = 0, second = 0;
  bool operator==(const Sum&) const = default;

  void add(std::string_view bytes, bool big) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += number(bytes, at, big) + second;
      second += number(bytes, at + 4, big) + first;
    }
  }
};

Sum sum_at(std::string_view bytes, std::size_t at) { return {number(bytes, at), number(bytes, at + 4)}; }

}  // namespace

std::optional<std::string> damage_of_log(const std::string& path) {
  std::ifstream file(path + "-wal", std::ios::binary);
  std::string header(header_bytes, '\0');
  if (!file.read(header.data(), header_bytes) || header == std::string(header_bytes, '\0')) {
    return std::nullopt;
  }
  const bool big = (number(header, 0) & 1U) != 0;
  Sum sum;
  sum.add(std::string_view(header).substr(0, 24), big);
  const std::uint32_t page_bytes = number(header, 8);
  if ((number(header, 0) & ~1U) != magic || sum != sum_at(header, 24) || !std::has_single_bit(page_bytes) ||
      page_bytes > page_bytes_max) {
    return "the header of its write-ahead log is not as it was written";
  }
  const std::string salts = header.substr(16, 8);
  std::string frame(frame_header_bytes + page_bytes, '\0');
  bool fits = true;
  std::uint64_t place = 0, broken_at = 0;
  int commits_behind = 0;
  for (; file.read(frame.data(), static_cast<std::streamsize>(frame.size())); ++place) {
    const std::string_view bytes = frame;
    const bool of_this_log = bytes.substr(8, 8) == salts;  // else left by the one before it
    if (fits) {
      sum.add(bytes.substr(0, 8), big);
      sum.add(bytes.substr(frame_header_bytes), big);
      fits = of_this_log && sum == sum_at(bytes, 16);
      broken_at = place;
    }
    commits_behind += !fits && of_this_log && number(bytes, 4) != 0 ? 1 : 0;
  }
  if (commits_behind < 2) {
    return std::nullopt;
  }
  return "frame " + std::to_string(broken_at) + " of its write-ahead log is not as it was written, and " +
         std::to_string(commits_behind) + " transactions were committed behind it";
}

}  // namespace slicebus::store::sqlite
