#pragma once

namespace slicebus {

inline constexpr const char* version = "0.1.0";
/// What the REST API is compatible with (clients pick asset builds by it).
inline constexpr const char* teraslice_version = "3.18.0";
inline constexpr const char* node_version = "v22.4.0";
inline constexpr const char* machine_platform = "linux";
#if defined(__aarch64__)
inline constexpr const char* machine_arch = "arm64";
#else
inline constexpr const char* machine_arch = "x64";
#endif

}  // namespace slicebus
