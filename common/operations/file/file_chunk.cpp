#include "common/operations/file/file_chunk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/descriptor.hpp"
#include "common/operations/file/file_error.hpp"
#include "common/record/record.hpp"

namespace slicebus::operations::file {
namespace {

constexpr std::size_t first_block_bytes = 1U << 16U;
constexpr std::size_t block_bytes_max = 1U << 23U;

/// Appends up to `count` bytes from `offset`; fewer only at the end of the file.
Result<void> read_on(const Descriptor& file, const std::string& path, std::uint64_t offset, std::size_t count,
                     std::string& text) {
  const std::size_t before = text.size();
  text.resize(before + count);
  std::size_t got = 0;
  while (got < count) {
    const ssize_t read = ::pread(file.get(), text.data() + before + got, count - got, static_cast<off_t>(offset + got));
    if (read < 0 && errno == EINTR) {
      continue;
    }
    if (read < 0) {
      return fail(file_error(errno, "read", path));
    }
    if (read == 0) {
      break;
    }
    got += static_cast<std::size_t>(read);
  }
  text.resize(before + got);
  return {};
}

Result<std::uint64_t> member(const record::Record& request, const char* name) {
  SB_TRY(value, request.get(name));
  const auto number = value ? value->integer() : std::nullopt;
  if (!number || *number < 0) {
    return fail(
        Errc::invalid, "slice request", std::string("\"") + name + "\" is not a number of bytes",
        "requests of file_reader look like {\"path\":\"/data/a.ldjson\",\"offset\":0,\"length\":10,\"total\":10}");
  }
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

std::string chunk_request(const Chunk& chunk) {
  return "{\"path\":" + record::json_quote(chunk.path) + ",\"offset\":" + std::to_string(chunk.offset) +
         ",\"length\":" + std::to_string(chunk.length) + ",\"total\":" + std::to_string(chunk.total) + "}";
}

Result<Chunk> parse_chunk(std::string_view request) {
  const record::Record record(request);
  SB_TRY_VOID(record.validate());
  SB_TRY(path, record.get("path"));
  Chunk chunk{.path = path ? path->text().value_or("") : ""};
  if (chunk.path.empty()) {
    return fail(Errc::invalid, "slice request", "has no \"path\"", "it must be one that file_reader's slicer made");
  }
  SB_TRY(offset, member(record, "offset"));
  SB_TRY(length, member(record, "length"));
  SB_TRY(total, member(record, "total"));
  if (offset > total || length > total - offset) {
    return fail(Errc::invalid, "slice request", "offset + length is more than total",
                "it must be one that file_reader's slicer made");
  }
  chunk.offset = offset;
  chunk.length = length;
  chunk.total = total;
  return chunk;
}

bool overlaps_itself(std::string_view delimiter) {
  for (std::size_t shift = 1; shift < delimiter.size(); ++shift) {
    if (delimiter.substr(shift) == delimiter.substr(0, delimiter.size() - shift)) {
      return true;
    }
  }
  return false;
}

Result<ChunkText> read_chunk(const Chunk& chunk, std::string_view delimiter) {
  const Descriptor file(::open(chunk.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    return fail(file_error(errno, "read", chunk.path));
  }
  struct stat seen {};
  if (::fstat(file.get(), &seen) != 0) {
    return fail(file_error(errno, "read", chunk.path));
  }
  const std::string where = "path \"" + chunk.path + "\"";
  if (!S_ISREG(seen.st_mode) || static_cast<std::uint64_t>(seen.st_size) < chunk.total) {
    return fail(Errc::invalid, where,
                "has " + std::to_string(seen.st_size) + " bytes, but had " + std::to_string(chunk.total) +
                    " when it was cut into slices",
                "restore the file; input must not be shortened while an execution reads it");
  }
  // A record begins at `offset` if a delimiter ends there, so the search begins one delimiter earlier.
  const std::uint64_t from = chunk.offset - std::min<std::uint64_t>(chunk.offset, delimiter.size());
  const std::uint64_t to = chunk.offset + chunk.length;
  ChunkText out{.first = from};
  out.text.reserve(static_cast<std::size_t>(to - from) + first_block_bytes);
  SB_TRY_VOID(read_on(file, chunk.path, from, static_cast<std::size_t>(to - from), out.text));
  if (out.text.size() < to - from) {
    return fail(Errc::invalid, where, "was shortened while it was read", "restore the file");
  }

  std::size_t begin = 0;
  if (chunk.offset > 0) {
    const std::size_t found = out.text.find(delimiter);
    begin = found == std::string::npos ? out.text.size() : found + delimiter.size();
  }
  if (begin >= out.text.size()) {
    return ChunkText{{}, to};  // a record that began earlier fills the chunk
  }
  const std::size_t last = out.text.rfind(delimiter);
  const std::size_t last_begin = last == std::string::npos ? begin : std::max(begin, last + delimiter.size());
  if (last_begin < out.text.size()) {
    std::size_t searched = out.text.size() - std::min(out.text.size() - last_begin, delimiter.size() - 1);
    for (std::size_t block = first_block_bytes;; block = std::min(block * 2, block_bytes_max)) {
      const std::size_t before = out.text.size();
      SB_TRY_VOID(read_on(file, chunk.path, from + before, block, out.text));
      const std::size_t end = out.text.find(delimiter, searched);
      if (end != std::string::npos) {
        out.text.resize(end + delimiter.size());
        break;
      }
      if (out.text.size() < before + block) {
        break;  // the end of the file
      }
      if (out.text.size() - last_begin > record_bytes_max) {
        return fail(Errc::exhausted, where,
                    "the record at byte " + std::to_string(from + last_begin) + " is longer than " +
                        std::to_string(record_bytes_max >> 20U) + " MiB",
                    "check line_delimiter");
      }
      searched = out.text.size() - std::min(out.text.size() - last_begin, delimiter.size() - 1);
    }
  }
  out.text.erase(0, begin);
  out.first = from + begin;
  return out;
}

}  // namespace slicebus::operations::file
