#pragma once
#include <cstddef>

#include "common/ids.hpp"

namespace slicebus {

/// For tables of slices in progress, whose orders follow each other: neighbours have neighbouring places, each its own.
struct SliceOrderHash {
  std::size_t operator()(const SlicePosition& at) const noexcept {
    return at.slicer_order + (static_cast<std::size_t>(at.slicer_id) << 40U);
  }
};

}  // namespace slicebus
