#pragma once
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/result.hpp"

/// A bundle: a zip with `asset.json` at its top, or in its one first-level directory (R-op-84, Q-21).
namespace slicebus::bundle {

/// What a bundle may ask of a machine. What the zip says of itself is held against it before a byte is unpacked, and
/// what it unpacks to against what it said.
struct Limits {
  std::uint32_t entries_max = 20'000;
  std::uint64_t unpacked_bytes_max = 256U << 20U;
  /// Unpacked bytes per byte of the zip. Looked at from `ratio_from_bytes` on: a short text may well shrink more.
  std::uint64_t ratio_max = 100;
  std::uint64_t ratio_from_bytes = 4U << 20U;
  std::size_t path_bytes_max = 1'024;
  std::size_t name_bytes_max = 255;  ///< of one step of a path
  std::size_t asset_json_bytes_max = 1U << 20U;
};

struct Bundle {
  std::string asset_json;            ///< as it is in the bundle
  std::set<std::string> components;  ///< folders with a processor, fetcher, slicer, api or observer (R-op-85)
  std::uint64_t unpacked_bytes = 0;
  std::uint32_t entries = 0;

  bool operator==(const Bundle&) const = default;
};

/// Why a bundle is not taken.
struct Problem {
  enum class Kind : std::uint8_t {
    not_a_zip,      ///< no zip, or one whose directory is missing, cut, or contradicts its entries
    refused_entry,  ///< an entry is unsafe, damaged or too large; `text` names it
    no_asset_json   ///< nothing says what the bundle is
  } kind = Kind::not_a_zip;
  std::string text;  ///< what is wrong, and the limit where one was broken

  bool operator==(const Problem&) const = default;
};

/// Reads every byte of the bundle and keeps none but asset.json's. Takes at most some 64 KiB beside it.
tl::expected<Bundle, Problem> check(std::string_view zip, const Limits& limits = {});

/// Unpacks a bundle into `directory`, which must not exist: all of it or nothing, durable on return, also when this
/// process or the machine ends meanwhile (what is half lies under `half`, beside it). A directory that is there already
/// means that it is done. Errors: invalid (check() would refuse it), unavailable, exhausted (disk).
/// @param half  a path of the same file system that nobody else uses; removed first when it exists
Result<void> unpack(std::string_view zip, const std::filesystem::path& directory, const std::filesystem::path& half,
                    const Limits& limits = {});

}  // namespace slicebus::bundle
