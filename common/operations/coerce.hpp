#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/operations/operation.hpp"

namespace slicebus::operations {

/// Makes a present option's value what its spec says ("10" → 10, "5 s" → 5000) and checks its range.
/// @return what is wrong ("must be an integer, got \"ten\""); empty: nothing
std::string coerce(const FieldSpec& field, nlohmann::json& value);

/// "got …": the value as JSON text, cut short.
std::string got(const nlohmann::json& value);

}  // namespace slicebus::operations
