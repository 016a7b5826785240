#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/result.hpp"

/// The fields of the stored documents by which lists are filtered and sorted (R-ex-10…49, R-api-63, R-api-114).
namespace slicebus::store {

enum class FieldKind : std::uint8_t {
  keyword,  ///< a text compared as a whole; of a number or truth value, its JSON text
  text,     ///< a text filtered by its words, whatever their case; sorted as a whole
  integer,  ///< a number, or a text that is one
  flag,     ///< true or false, or a text that says so
  date,     ///< ISO 8601 text
  unknown   ///< not in the list: compared by the type of each value
};
inline constexpr std::size_t field_kinds = 6;

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::unknown;
};
using Fields = std::vector<Field>;

/// Each lives as long as the program.
const Fields& job_fields();
const Fields& execution_fields();
const Fields& error_fields();
const Fields& asset_fields();

FieldKind kind_of(const Fields& fields, std::string_view name);

/// Errors: invalid, naming `name` and the nearest of `fields`.
Result<Field> known_field(const Fields& fields, std::string_view name);

}  // namespace slicebus::store
