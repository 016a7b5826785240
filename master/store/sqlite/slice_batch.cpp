#include "master/store/sqlite/slice_batch.hpp"

#include <bit>

namespace slicebus::store::sqlite {
namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t word_bytes = 8;

/// Little-endian, so that a ledger may move to any machine.
template <std::size_t bytes>
void put(std::string& out, std::uint64_t value) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out += static_cast<char>(value >> (8U * i) & 0xFFU);
  }
}

template <std::size_t bytes>
std::uint64_t take_number(std::string_view from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8U * i);
  }
  return value;
}

}  // namespace

std::string pack_requests(const std::vector<std::string_view>& requests) {
  std::size_t bytes = 0;
  for (const std::string_view request : requests) {
    bytes += length_bytes + request.size();
  }
  std::string blob;
  blob.reserve(bytes);
  for (const std::string_view request : requests) {
    put<length_bytes>(blob, request.size());
  }
  for (const std::string_view request : requests) {
    blob += request;
  }
  return blob;
}

std::optional<std::vector<std::string_view>> unpack_requests(std::string_view blob, std::size_t count) {
  if (blob.size() / length_bytes < count) {
    return std::nullopt;
  }
  std::vector<std::string_view> requests;
  requests.reserve(count);
  std::string_view texts = blob.substr(count * length_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t length = take_number<length_bytes>(blob.substr(i * length_bytes));
    if (length > texts.size()) {
      return std::nullopt;
    }
    requests.push_back(texts.substr(0, length));
    texts.remove_prefix(length);
  }
  return texts.empty() ? std::optional(std::move(requests)) : std::nullopt;
}

std::optional<BatchBits> BatchBits::unpack(std::string_view blob, std::uint32_t count) {
  BatchBits bits(count);
  if (blob.size() != bits.words_.size() * word_bytes) {
    return std::nullopt;
  }
  std::uint32_t taken = 0;
  for (std::size_t i = 0; i < bits.words_.size(); ++i) {
    bits.words_[i] = take_number<word_bytes>(blob.substr(i * word_bytes));
    taken += static_cast<std::uint32_t>(std::popcount(bits.words_[i]));
  }
  const bool beyond = count % 64U != 0 && bits.words_.back() >> (count % 64U) != 0;
  if (beyond) {
    return std::nullopt;
  }
  bits.left_ -= taken;
  return bits;
}

std::string BatchBits::pack() const {
  std::string blob;
  blob.reserve(words_.size() * word_bytes);
  for (const std::uint64_t word : words_) {
    put<word_bytes>(blob, word);
  }
  return blob;
}

void BatchBits::take(std::uint32_t index) {
  left_ -= is_left(index) ? 1 : 0;
  words_[index / 64U] |= std::uint64_t{1} << (index % 64U);
}

}  // namespace slicebus::store::sqlite
