#pragma once
#include <cstddef>
#include <string>
#include <string_view>

/// Stored documents are shown without being read: an answer of megabytes costs a pass over its text.
namespace slicebus::service {

/// Appends compact JSON laid out as Json::dump(4) lays it out, its lines but the first `depth` levels further in.
/// False: `compact` is cut or its brackets do not match, and `out` holds the part before that. Whether names and
/// numbers are valid is not looked at.
bool append_indented(std::string& out, std::string_view compact, std::size_t depth = 0);

/// Whether append_indented() would lay out an object.
bool is_whole_object(std::string_view compact);

}  // namespace slicebus::service
