#pragma once
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/operations/operation.hpp"

namespace slicebus::operations {

/// Every built-in operation and api, by name. An explicit list: nothing registers itself.
std::span<const Operation> catalog();
/// By name; "@asset" and ":tag" behind it are ignored. nullptr when there is none.
const Operation* find_operation(std::string_view name);

/// Fields that every operation (`_op`, `_encoding`, …) or every api (`_name`, …) has beside those of its spec.
std::span<const FieldSpec> common_fields(OperationKind kind);

/// A problem with one entry of `operations` or `apis`.
struct Problem {
  std::string path;     ///< "operations[2].size"; "operations[2]._op"
  std::string message;  ///< "must be an integer, got \"ten\""
};

/// Checks `entry` (an object with `_op` or `_name`) against `spec`: types coerced ("10" → 10, "5 s" → 5000), defaults
/// filled, required ones present, ranges and enumerations kept. Unknown options are kept and become `warnings` with the
/// nearest name. An operation whose spec has an api may carry that api's fields: without `_api_name` they count as its
/// own, with it only those present are checked.
/// @param path "operations[2]"
void check_entry(const OperationSpec& spec, std::string_view path, nlohmann::json& entry,
                 std::vector<Problem>& problems, std::vector<Problem>& warnings);

/// The options an operation runs with: its own, over those of the api it names (`_api_name`). `_encoding` and
/// `_dead_letter_action` come from the api unless the operation has another value than the default.
/// @param execution an execution record with `operations` and `apis`, both checked
nlohmann::json effective_options(const nlohmann::json& execution, std::size_t operation);

}  // namespace slicebus::operations
