#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace slicebus::operations::file {

/// A record may be this long; a file without any line end is noticed before it fills the memory.
inline constexpr std::uint64_t record_bytes_max = 256U << 20U;

/// A slice of a file, in bytes.
struct Chunk {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t total = 0;  ///< size of the file when it was cut
};

/// A request as the slicer writes it: {"path":…,"offset":…,"length":…,"total":…}.
std::string chunk_request(const Chunk& chunk);
Result<Chunk> parse_chunk(std::string_view request);

/// The records whose first byte lies in the chunk: whole lines, `first` the offset in the file of the first byte.
struct ChunkText {
  std::string text;
  std::uint64_t first = 0;
};

/// Reads them. A record that begins in the chunk is read to its end, wherever that is; bytes of a record that began
/// before are left out. `delimiter` must not overlap itself unless the chunk is the whole file (see overlaps_itself).
/// Memory: the chunk and its last record. Errors: of the file, invalid (the file is shorter than when it was cut),
/// exhausted (a record longer than record_bytes_max).
Result<ChunkText> read_chunk(const Chunk& chunk, std::string_view delimiter);

/// Whether two delimiters can share bytes ("\n\n" in "\n\n\n"): where a record ends then depends on all that is before
/// it.
bool overlaps_itself(std::string_view delimiter);

}  // namespace slicebus::operations::file
