#pragma once
#include <optional>
#include <string>

/// SQLite ends a write-ahead log where its sums end to fit, which is right for what a power cut left half, and silently
/// takes back all that was committed behind a flipped bit.
namespace slicebus::store::sqlite {

/// Looks whether more was lost of the log of a database that nobody has open than a power cut can take: its last
/// transaction, for each one is on the disk before the next begins.
/// @param path  of the database; a log that is absent or cannot be read is fine here, SQLite says what is wrong with it
/// @return what is wrong, or nothing
std::optional<std::string> damage_of_log(const std::string& path);

}  // namespace slicebus::store::sqlite
