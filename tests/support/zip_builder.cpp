#include "tests/support/zip_builder.hpp"

#include <zlib.h>

namespace slicebus::support {
namespace {

std::string little(std::uint64_t value, int width) {
  std::string out;
  for (int i = 0; i < width; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
  return out;
}

std::string deflate(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

Zip zip_of(const std::vector<ZipEntry>& entries, int entries_off) {
  Zip zip;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const std::string packed = entry.deflated ? deflate(entry.content) : entry.content;
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()), static_cast<uInt>(entry.content.size()));
    const auto facts = [&](const std::string& name, std::int64_t size_off) {
      const auto size =
          static_cast<std::uint64_t>(static_cast<std::int64_t>(entry.content.size()) + entry.size_off + size_off);
      return little(20, 2) + little(entry.flags, 2) + little(entry.deflated ? 8 : 0, 2) + little(0, 4) +
             little(crc, 4) + little(packed.size(), 4) + little(size, 4) + little(name.size(), 2) + little(0, 2);
    };
    const std::string listed = entry.directory_name.empty() ? entry.name : entry.directory_name;
    const std::size_t at = zip.bytes.size();
    zip.bytes += "PK\3\4" + facts(entry.name, 0) + entry.name + packed;
    directory += "PK\1\2" + little(3U << 8U | 20U, 2) + facts(listed, entry.directory_size_off) + little(0, 2) +
                 little(0, 2) + little(0, 2) + little(std::uint64_t{entry.unix_mode} << 16U, 4) + little(at, 4) +
                 listed;
  }
  zip.directory_at = zip.bytes.size();
  const auto count = static_cast<std::uint64_t>(static_cast<int>(entries.size()) + entries_off);
  zip.bytes += directory;
  zip.bytes += "PK\5\6" + little(0, 4) + little(count, 2) + little(count, 2) + little(directory.size(), 4) +
               little(zip.directory_at, 4) + little(0, 2);
  return zip;
}

std::string bundle_zip(const std::string& name, const std::string& version, const std::string& extra) {
  return zip_of({{.name = "asset.json",
                  .content = R"({"name":")" + name + R"(","version":")" + version + "\"" + extra + "}"},
                 {.name = "words/processor.js", .content = "module.exports = {};\n"}})
      .bytes;
}

}  // namespace slicebus::support
