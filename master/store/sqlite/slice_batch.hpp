#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"

/// A batch row of the ledger: consecutive slices of one slicer, planned in one group, as bytes on disk and as bits in
/// memory.
namespace slicebus::store::sqlite {

/// Limits of one batch row. The bytes keep a row far below SQLite's 1 GB, and one request (at most 1 MiB) always fits.
inline constexpr std::size_t batch_slices_max = 1'000;
inline constexpr std::size_t batch_bytes_max = 4U << 20U;

/// Requests of a batch as one blob: a length each (4 bytes, little-endian), then the texts.
std::string pack_requests(const std::vector<std::string_view>& requests);

/// Reads such a blob; the views point into it. Nothing when it does not hold exactly `count` requests.
std::optional<std::vector<std::string_view>> unpack_requests(std::string_view blob, std::size_t count);

/// Which slices of a batch have left it: completed, or in error (their requests are with the error then).
class BatchBits {
 public:
  explicit BatchBits(std::uint32_t count) : words_((count + 63U) / 64U), count_(count), left_(count) {}
  /// From a blob; nothing when it is not one of `count` bits.
  static std::optional<BatchBits> unpack(std::string_view blob, std::uint32_t count);
  std::string pack() const;

  std::uint32_t count() const { return count_; }
  std::uint32_t left() const { return left_; }  ///< slices still in the batch
  bool is_left(std::uint32_t index) const { return (words_[index / 64U] >> (index % 64U) & 1U) == 0; }
  void take(std::uint32_t index);  ///< it leaves; a second time changes nothing

 private:
  std::vector<std::uint64_t> words_;
  std::uint32_t count_;
  std::uint32_t left_;
};

/// Batches by their first slice.
using Batches = std::map<SlicePosition, BatchBits>;

/// The batch in which `at` lies, or end().
template <class Map>
auto batch_of(Map& batches, SlicePosition at) {
  auto next = batches.upper_bound(at);
  if (next == batches.begin()) {
    return batches.end();
  }
  --next;
  const bool inside =
      next->first.slicer_id == at.slicer_id && at.slicer_order - next->first.slicer_order < next->second.count();
  return inside ? next : batches.end();
}

}  // namespace slicebus::store::sqlite
