#include "common/bundle/zip.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <clocale>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace slicebus::bundle {
namespace {

using Walked = tl::expected<void, Problem>;

tl::unexpected<Problem> not_a_zip(std::string why) {
  return tl::make_unexpected(Problem{Problem::Kind::not_a_zip, std::move(why)});
}
tl::unexpected<Problem> refused(const std::string& path, const std::string& why) {
  return tl::make_unexpected(Problem{Problem::Kind::refused_entry, "entry \"" + path.substr(0, 200) + "\" " + why});
}

/// libarchive turns names into the thread's character set and calls those that do not fit a fault; names of zips are
/// UTF-8.
class Utf8Names {
 public:
  Utf8Names() : utf8_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) {
      former_ = uselocale(utf8_);
    }
  }
  ~Utf8Names() {
    if (utf8_ != nullptr) {
      uselocale(former_);
      freelocale(utf8_);
    }
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t utf8_;
  locale_t former_ = nullptr;
};

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
  }
  return value;
}

/// What the last record of a zip says of the directory before it. libarchive finds the directory by it and then reads
/// as far as there are entries; that nothing is missing or left over is ours to see.
struct EndRecord {
  std::uint32_t entries = 0;
  std::uint32_t directory_bytes = 0;
  std::uint32_t directory_at = 0;
  std::size_t at = 0;
};

constexpr std::size_t end_record_bytes = 22;
constexpr std::string_view end_record_begin("PK\5\6", 4);
constexpr std::string_view local_entry_begin("PK\3\4", 4);
constexpr std::uint32_t zip64_entries = 0xFFFF;

std::optional<EndRecord> end_record(std::string_view zip) {
  const std::size_t at = zip.rfind(end_record_begin);
  if (at == std::string_view::npos || zip.size() - at < end_record_bytes) {
    return std::nullopt;
  }
  const std::uint32_t comment_bytes = little(zip, at + 20, 2);
  const bool one_disk = little(zip, at + 4, 2) == 0 && little(zip, at + 6, 2) == 0;
  if (!one_disk || at + end_record_bytes + comment_bytes != zip.size() ||
      little(zip, at + 8, 2) != little(zip, at + 10, 2)) {
    return std::nullopt;
  }
  return EndRecord{little(zip, at + 10, 2), little(zip, at + 12, 4), little(zip, at + 16, 4), at};
}

/// "a//b/./c/" → "a/b/c". Refused: absolute, leading out, or longer than a file system takes.
tl::expected<std::string, Problem> safe_path(const std::string& raw, const Limits& limits) {
  if (raw.empty()) {
    return refused(raw, "has no name");
  }
  if (raw.size() > limits.path_bytes_max) {
    return refused(raw, "has a name of " + std::to_string(raw.size()) + " bytes (limit " +
                            std::to_string(limits.path_bytes_max) + " bytes)");
  }
  if (raw[0] == '/' || raw[0] == '\\' || (raw.size() > 1 && raw[1] == ':')) {
    return refused(raw, "is absolute; names in a bundle are relative to its top");
  }
  std::string path;
  std::string step;
  for (const char c : raw + "/") {
    if (c != '/' && c != '\\') {
      step += c;
      continue;
    }
    if (step == "..") {
      return refused(raw, "has a \"..\" in its path");
    }
    if (step.size() > limits.name_bytes_max) {
      return refused(raw, "has a step of " + std::to_string(step.size()) + " bytes (limit " +
                              std::to_string(limits.name_bytes_max) + " bytes)");
    }
    if (!step.empty() && step != ".") {
      path += (path.empty() ? "" : "/") + step;
    }
    step.clear();
  }
  return path;
}

/// Looks at what the directory lists first, then unpacks: a bomb that says what it is costs nothing.
class Walk {
 public:
  Walk(std::string_view zip, const Limits& limits, const Visitor& visitor)
      : zip_(zip), limits_(limits), visitor_(visitor) {}

  Walked run() {
    const auto end = end_record(zip_);
    if (!zip_.starts_with(local_entry_begin) || !end) {
      return not_a_zip("its directory is missing or cut");
    }
    const bool zip64 = end->entries == zip64_entries || end->directory_at == 0xFFFFFFFFU;
    if (!zip64 && std::uint64_t{end->directory_at} + end->directory_bytes != end->at) {
      return not_a_zip("its directory is not where its last record says");
    }
    if (Walked looked = each([this](Listed& listed) { return look(listed); }); !looked) {
      return looked;
    }
    if (!zip64 && entries_ != end->entries) {
      return not_a_zip("its directory lists " + std::to_string(entries_) + " entries and says " +
                       std::to_string(end->entries));
    }
    return each([this](Listed& listed) { return take(listed); });
  }

 private:
  using Archive = std::unique_ptr<archive, int (*)(archive*)>;

  struct Listed {
    Archive& zip;          ///< stands at the entry's first byte
    archive_entry* entry;  ///< as libarchive found it in the directory and before its bytes
    std::string raw;       ///< its name, as written
    Entry safe;
    std::uint64_t size;  ///< that it says it has
  };

  static std::string fault(const Archive& zip) {
    const char* text = archive_error_string(zip.get());
    return text == nullptr ? "it cannot be read" : text;
  }

  /// Calls `visit` for every entry, in the order in which they lie, until it refuses one.
  Walked each(const std::function<Walked(Listed&)>& visit) const {
    Archive zip(archive_read_new(), archive_read_free);
    // The other zip reader of libarchive falls back to a stream when there is no directory, and believes it.
    if (archive_read_support_format_zip_seekable(zip.get()) != ARCHIVE_OK ||
        archive_read_open_memory(zip.get(), zip_.data(), zip_.size()) != ARCHIVE_OK) {
      return not_a_zip(fault(zip));
    }
    for (std::uint32_t entries = 0;;) {
      archive_entry* entry = nullptr;
      const int read = archive_read_next_header(zip.get(), &entry);
      if (read == ARCHIVE_EOF) {
        return {};
      }
      if (read != ARCHIVE_OK) {  // a warning, too: directory and entry say different things
        return not_a_zip(fault(zip));
      }
      if (++entries > limits_.entries_max) {
        return not_a_zip("it has more than " + std::to_string(limits_.entries_max) + " entries");
      }
      const char* name = archive_entry_pathname(entry);
      std::string raw = name == nullptr ? "" : name;
      auto path = safe_path(raw, limits_);
      if (!path) {
        return tl::make_unexpected(path.error());
      }
      const bool directory = archive_entry_filetype(entry) == AE_IFDIR;
      const bool executable = (archive_entry_perm(entry) & S_IXUSR) != 0;
      // Without one it is empty: libarchive takes it from the directory, also when it follows the bytes.
      const std::int64_t size = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0;
      Listed listed{zip,
                    entry,
                    std::move(raw),
                    {std::move(*path), directory, executable},
                    size < 0 ? UINT64_MAX : static_cast<std::uint64_t>(size)};
      if (Walked visited = visit(listed); !visited) {
        return visited;
      }
    }
  }

  /// What can be seen of an entry without unpacking it.
  Walked look(Listed& listed) {
    ++entries_;
    const auto type = archive_entry_filetype(listed.entry);
    if (archive_entry_hardlink(listed.entry) != nullptr || (type != AE_IFREG && type != AE_IFDIR)) {
      return refused(listed.raw, "is a link or a special file; a bundle holds files and directories only");
    }
    if (archive_entry_is_encrypted(listed.entry) != 0) {
      return refused(listed.raw, "is encrypted");
    }
    if (listed.safe.directory && listed.size > 0) {
      return refused(listed.raw, "is a directory with content");
    }
    if (listed.size > limits_.unpacked_bytes_max - unpacked_) {
      return refused(listed.raw, "makes the bundle larger than " + std::to_string(limits_.unpacked_bytes_max >> 20U) +
                                     " MiB when it is unpacked");
    }
    unpacked_ += listed.size;
    if (unpacked_ > limits_.ratio_from_bytes && unpacked_ / limits_.ratio_max > zip_.size()) {
      return refused(listed.raw, "unpacks to more than " + std::to_string(limits_.ratio_max) +
                                     " bytes for each byte of the bundle");
    }
    return listed.safe.path.empty() ? Walked() : claim(listed.safe);  // empty: "./", the top itself
  }

  /// No name twice, and none below a file.
  Walked claim(const Entry& entry) {
    for (std::size_t slash = entry.path.find('/'); slash != std::string::npos;
         slash = entry.path.find('/', slash + 1)) {
      const auto [parent, fresh] = kinds_.emplace(entry.path.substr(0, slash), Kind::implied);
      if (!fresh && parent->second == Kind::file) {
        return refused(entry.path, "lies below \"" + parent->first + "\", which is a file");
      }
    }
    const auto [known, fresh] = kinds_.emplace(entry.path, entry.directory ? Kind::directory : Kind::file);
    if (!fresh && (known->second != Kind::implied || !entry.directory)) {
      return refused(entry.path, "is there twice");
    }
    known->second = entry.directory ? Kind::directory : Kind::file;
    return {};
  }

  Walked take(Listed& listed) {
    if (listed.safe.path.empty()) {
      return {};
    }
    if (Walked seen = visitor_.entry(listed.safe); !seen) {
      return seen;
    }
    for (std::uint64_t taken = 0;;) {
      const la_ssize_t got = archive_read_data(listed.zip.get(), buffer_.data(), buffer_.size());
      if (got == 0) {
        return {};
      }
      if (got < 0) {
        return refused(listed.raw, "is damaged: " + fault(listed.zip));
      }
      // What it said was held against the limits, so more than that is never unpacked.
      taken += static_cast<std::uint64_t>(got);
      if (taken > listed.size) {
        return refused(listed.raw, "unpacks to more than the " + std::to_string(listed.size) + " bytes that it says");
      }
      if (Walked seen = visitor_.bytes({buffer_.data(), static_cast<std::size_t>(got)}); !seen) {
        return seen;
      }
    }
  }

  enum class Kind : std::uint8_t { implied, directory, file };
  std::string_view zip_;
  const Limits& limits_;
  const Visitor& visitor_;
  Utf8Names names_;
  std::map<std::string, Kind> kinds_;
  std::uint32_t entries_ = 0;
  std::uint64_t unpacked_ = 0;  ///< all of it, as the zip says
  std::array<char, 64U << 10U> buffer_;
};

}  // namespace

Walked walk(std::string_view zip, const Limits& limits, const Visitor& visitor) {
  return std::make_unique<Walk>(zip, limits, visitor)->run();
}

}  // namespace slicebus::bundle
