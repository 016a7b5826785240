#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// Zips byte by byte, the bad ones too: what no tool would write.
namespace slicebus::support {

struct ZipEntry {
  std::string name;
  std::string content{};
  std::uint32_t unix_mode = 0100644;  ///< with the type: 0120777 is a link
  bool deflated = false;
  std::uint16_t flags = 0;  ///< 1: encrypted
  // Lies, when set: what entry and directory say of it, and what the directory alone says.
  std::int64_t size_off = 0;
  std::string directory_name{};
  std::int64_t directory_size_off = 0;
};

struct Zip {
  std::string bytes;
  std::size_t directory_at = 0;  ///< where the directory begins
};

/// @param entries_off  added to the number of entries that the last record tells
Zip zip_of(const std::vector<ZipEntry>& entries, int entries_off = 0);

/// A bundle with an asset.json of this name and version, and one file.
/// @param extra  fields of asset.json, as JSON: `,"platform":"linux"`
std::string bundle_zip(const std::string& name, const std::string& version, const std::string& extra = {});

}  // namespace slicebus::support
