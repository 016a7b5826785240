#pragma once

namespace slicebus {

inline constexpr const char* version = "0.1.0";
/// What the REST API is compatible with (clients pick asset builds by it).
inline constexpr const char* teraslice_version = "3.18.0";
inline constexpr const char* node_version = "v22.4.0";

}  // namespace slicebus
