#include "master/store/sqlite/checked_file.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <unordered_map>

namespace slicebus::store::sqlite {
namespace {

constexpr int page_bytes_min = 512;
constexpr int header_bytes = 100;
constexpr int page_size_at = 16;
constexpr int reserved_at = 20;  ///< in the header: bytes at the end of each page that are not SQLite's

sqlite3_vfs* plain = nullptr;  ///< what really reads and writes

/// Each step can be undone, so that no change of a single word goes unnoticed. The place is part of it: a page that
/// was written elsewhere is wrong here.
std::uint64_t sum_of(const char* bytes, std::size_t size, sqlite3_int64 place) {
  std::uint64_t sum = 0x9E3779B97F4A7C15ULL ^ static_cast<std::uint64_t>(place);
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < sizeof word; ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    }
    sum = std::rotl(sum ^ word, 29) * 0xBF58476D1CE4E5B9ULL;
  }
  return sum ^ (sum >> 32U);
}

/// For this process only: as good for a page in four lanes, each independent of the others, and in a third of the time.
std::uint64_t quick_sum_of(const char* bytes, std::size_t size, sqlite3_int64 place) {
  std::array<std::uint64_t, 4> lanes{static_cast<std::uint64_t>(place), 1, 2, 3};
  std::array<std::uint64_t, 4> words{};
  for (std::size_t at = 0; at + sizeof words <= size; at += sizeof words) {
    std::memcpy(words.data(), bytes + at, sizeof words);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      lanes[i] = std::rotl(lanes[i] ^ words[i], 29) * 0xBF58476D1CE4E5B9ULL;
    }
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : lanes) {
    sum = std::rotl(sum ^ lane, 29) * 0xBF58476D1CE4E5B9ULL;
  }
  return sum;
}

void put_sum(char* to, std::uint64_t sum) {
  for (int i = 0; i < checksum_bytes; ++i) {
    to[i] = static_cast<char>(sum >> (8U * static_cast<unsigned>(i)) & 0xFFU);
  }
}

bool is_page(int size) { return size >= page_bytes_min && std::has_single_bit(static_cast<unsigned>(size)); }

/// The file that SQLite sees; the plain one lies behind it in the memory that SQLite gives.
struct CheckedFile {
  sqlite3_file base;
  bool log;             ///< a write-ahead log
  bool checks = false;  ///< its pages carry checksums; never a log's, whose frames SQLite has summed before they come
  std::string page{};   ///< of the write in progress
  std::unordered_map<sqlite3_int64, std::uint64_t> written{};  ///< by place in a log; as many as it has frames

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }  // NOLINT: the VFS interface is C
  void look_at_header(const char* bytes, int size, sqlite3_int64 place) {
    if (!log && place == 0 && size >= header_bytes && std::memcmp(bytes, "SQLite format 3", 16) == 0) {
      checks = bytes[reserved_at] == checksum_bytes;
    }
  }
};

CheckedFile& checked(sqlite3_file* file) { return *reinterpret_cast<CheckedFile*>(file); }  // NOLINT: as above
sqlite3_file* real(sqlite3_file* file) { return checked(file).real(); }

bool as_written(CheckedFile& file, const char* bytes, int size, sqlite3_int64 place) {
  if (!is_page(size)) {
    return true;
  }
  const auto whole = static_cast<std::size_t>(size);
  if (file.log) {
    const auto known = file.written.find(place);
    return known == file.written.end() || known->second == quick_sum_of(bytes, whole, place);
  }
  if (!file.checks) {
    return true;
  }
  char sum[checksum_bytes];
  put_sum(sum, sum_of(bytes, whole - checksum_bytes, place));
  // A page that was never written, in a file that grew beyond it, is zeros.
  return std::memcmp(bytes + size - checksum_bytes, sum, checksum_bytes) == 0 ||
         std::all_of(bytes, bytes + size, [](char byte) { return byte == 0; });
}

int close(sqlite3_file* file) {
  const int code = real(file)->pMethods->xClose(real(file));
  checked(file).~CheckedFile();
  return code;
}

int read(sqlite3_file* file, void* to, int size, sqlite3_int64 place) {
  const int code = real(file)->pMethods->xRead(real(file), to, size, place);
  if (code != SQLITE_OK) {
    return code;
  }
  const auto* bytes = static_cast<const char*>(to);
  checked(file).look_at_header(bytes, size, place);
  return as_written(checked(file), bytes, size, place) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 place) {
  CheckedFile& self = checked(file);
  const auto* bytes = static_cast<const char*>(from);
  self.look_at_header(bytes, size, place);
  if (!is_page(size)) {
    return real(file)->pMethods->xWrite(real(file), from, size, place);
  }
  const auto whole = static_cast<std::size_t>(size);
  if (self.log) {
    self.written[place] = quick_sum_of(bytes, whole, place);
    return real(file)->pMethods->xWrite(real(file), from, size, place);
  }
  if (!self.checks) {
    return real(file)->pMethods->xWrite(real(file), from, size, place);
  }
  self.page.assign(bytes, whole);
  put_sum(self.page.data() + whole - checksum_bytes, sum_of(bytes, whole - checksum_bytes, place));
  return real(file)->pMethods->xWrite(real(file), self.page.data(), size, place);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  std::erase_if(checked(file).written, [size](const auto& each) { return each.first >= size; });
  return real(file)->pMethods->xTruncate(real(file), size);
}

int control(sqlite3_file* file, int what, void* argument) {
  if (what == has_checksums_control) {
    *static_cast<int*>(argument) = checked(file).checks ? 1 : 0;
    return SQLITE_OK;
  }
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}

/// No memory maps: they would go past read().
int fetch(sqlite3_file* /*file*/, sqlite3_int64 /*place*/, int /*size*/, void** to) {
  *to = nullptr;
  return SQLITE_OK;
}

// What only passes on. NOLINTBEGIN: signatures of SQLite's
int sync(sqlite3_file* f, int flags) { return real(f)->pMethods->xSync(real(f), flags); }
int size(sqlite3_file* f, sqlite3_int64* to) { return real(f)->pMethods->xFileSize(real(f), to); }
int lock(sqlite3_file* f, int kind) { return real(f)->pMethods->xLock(real(f), kind); }
int unlock(sqlite3_file* f, int kind) { return real(f)->pMethods->xUnlock(real(f), kind); }
int reserved(sqlite3_file* f, int* to) { return real(f)->pMethods->xCheckReservedLock(real(f), to); }
int sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int device(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** to) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, to);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }
int unfetch(sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; }
// NOLINTEND

constexpr sqlite3_io_methods methods{3,        close,       read,      write,   truncate, sync,   size,
                                     lock,     unlock,      reserved,  control, sector,   device, shm_map,
                                     shm_lock, shm_barrier, shm_unmap, fetch,   unfetch};

int open(sqlite3_vfs* /*self*/, const char* name, sqlite3_file* file, int flags, int* got) {
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return plain->xOpen(plain, name, file, flags, got);
  }
  auto* made = new (file) CheckedFile{.base = {.pMethods = nullptr}, .log = (flags & SQLITE_OPEN_WAL) != 0};
  made->real()->pMethods = nullptr;
  const int code = plain->xOpen(plain, name, made->real(), flags, got);
  if (code == SQLITE_OK) {
    made->base.pMethods = &methods;
    return code;
  }
  if (made->real()->pMethods != nullptr) {
    made->real()->pMethods->xClose(made->real());
  }
  made->~CheckedFile();
  file->pMethods = nullptr;
  return code;
}

}  // namespace

void sum_pages(std::string& file) {
  if (file.size() < header_bytes || file[reserved_at] != checksum_bytes) {
    return;
  }
  // Big-endian; 1 stands for 65,536.
  const std::size_t told =
      static_cast<unsigned char>(file[page_size_at]) * 256U + static_cast<unsigned char>(file[page_size_at + 1]);
  const std::size_t page = told == 1 ? 65'536 : told;
  for (std::size_t at = 0; page >= page_bytes_min && at + page <= file.size(); at += page) {
    put_sum(file.data() + at + page - checksum_bytes,
            sum_of(file.data() + at, page - checksum_bytes, static_cast<sqlite3_int64>(at)));
  }
}

void use_checked_files() {
  static sqlite3_vfs checking = [] {
    plain = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *plain;  // all but how files are opened is the plain one's
    made.szOsFile = static_cast<int>(sizeof(CheckedFile)) + plain->szOsFile;
    made.zName = "slicebus";
    made.pNext = nullptr;
    made.xOpen = open;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&checking, 1);
  static_cast<void>(registered);
}

}  // namespace slicebus::store::sqlite
