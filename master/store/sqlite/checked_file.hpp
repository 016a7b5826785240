#pragma once
#include <string>

/// Pages of a ledger end in a checksum: SQLite itself believes whatever the disk returns, and a flipped bit of a cursor
/// or a bitmap would lose slices without anybody noticing.
namespace slicebus::store::sqlite {

/// What a page of a checked file gives to its checksum.
inline constexpr int checksum_bytes = 8;

/// Makes files that check what they read the default of this process; later calls do nothing. A file whose header does
/// not reserve `checksum_bytes` in each page is read and written as it is. What was written to a write-ahead log is
/// checked as long as the file is open, and by SQLite's own sums when it is opened. Reading a page that is not as it
/// was written answers SQLITE_IOERR_DATA.
void use_checked_files();

/// Puts their checksums into the pages of a whole file, if its header reserves them.
void sum_pages(std::string& file);

/// File control of a checked file: sets the int that it is given to 1 when pages carry checksums, else to 0.
inline constexpr int has_checksums_control = 0x51ce;

}  // namespace slicebus::store::sqlite
