#pragma once
#include <string>
#include <vector>

#include "master/service/document.hpp"

namespace slicebus::api {

/// The tables of /txt (R-api-120, 121): header, rule, rows; cells padded to the widest of their column, two spaces
/// between them, a line feed behind each line. No rows: one line of blanks.
/// @param columns  names or dotted paths of what the rows hold
/// @param headers  whether header and rule stand above the rows
std::string text_table(const std::vector<std::string>& columns, const std::vector<service::Document>& rows,
                       bool headers);

}  // namespace slicebus::api
