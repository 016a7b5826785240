#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace slicebus {

/// A NodeId is not an ExecutionId: both are text, compare, hash, print and travel as a msgpack string.
template <class Tag>
struct Id {
  std::string text;

  auto operator<=>(const Id&) const = default;
  bool empty() const { return text.empty(); }

  template <class Packer>
  void msgpack_pack(Packer& packer) const {
    packer.pack(text);
  }
  template <class Object>
  void msgpack_unpack(Object object) {
    const std::string value = object;
    text = value;
  }
};
template <class Tag>
std::ostream& operator<<(std::ostream& out, const Id<Tag>& id) {
  return out << id.text;
}

using JobId = Id<struct JobTag>;              ///< UUID v4
using ExecutionId = Id<struct ExecutionTag>;  ///< UUID v4
using LineageId = Id<struct LineageTag>;      ///< the first ex_id of an execution and all that recover it
using NodeId = Id<struct NodeTag>;            ///< host name unless configured
using ProcessId = Id<struct ProcessTag>;      ///< UUID v4 of one start of one process; never reused
using AssetId = Id<struct AssetTag>;          ///< 40 lower-case hex digits, computed from the bundle's bytes

/// Names one slice of a lineage. Orders of a slicer start at 1 and have no holes.
struct SlicePosition {
  std::uint32_t slicer_id = 0;
  std::uint64_t slicer_order = 0;

  auto operator<=>(const SlicePosition&) const = default;
  template <class Packer>
  void msgpack_pack(Packer& packer) const {
    packer.pack_array(2).pack(slicer_id).pack(slicer_order);
  }
  template <class Object>
  void msgpack_unpack(Object object) {
    const std::pair<std::uint32_t, std::uint64_t> pair = object;
    slicer_id = pair.first;
    slicer_order = pair.second;
  }
};

/// Stamps one giving-out of a slice. `epoch` is the controller start (unique in a lineage), `number` counts from 1 in
/// it.
struct Fence {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  auto operator<=>(const Fence&) const = default;
  template <class Packer>
  void msgpack_pack(Packer& packer) const {
    packer.pack_array(2).pack(epoch).pack(number);
  }
  template <class Object>
  void msgpack_unpack(Object object) {
    const std::pair<std::uint64_t, std::uint64_t> pair = object;
    epoch = pair.first;
    number = pair.second;
  }
};

inline std::ostream& operator<<(std::ostream& out, const SlicePosition& at) {
  return out << 's' << at.slicer_id << '/' << at.slicer_order;
}
inline std::ostream& operator<<(std::ostream& out, const Fence& fence) {
  return out << fence.epoch << '.' << fence.number;
}

/// A fresh UUID v4, lower case, from the system's randomness. For shells; a core is given its ids.
std::string new_uuid();
/// The UUID v5 style name of a slice: the same lineage and position always give the same text.
std::string slice_uuid(const LineageId& lineage, SlicePosition at);

}  // namespace slicebus

template <class Tag>
struct std::hash<slicebus::Id<Tag>> {
  std::size_t operator()(const slicebus::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.text); }
};
template <>
struct std::hash<slicebus::SlicePosition> {
  std::size_t operator()(const slicebus::SlicePosition& at) const noexcept {
    return std::hash<std::uint64_t>{}(at.slicer_order * 0x9E3779B97F4A7C15ULL + at.slicer_id);
  }
};
