#pragma once
#include <string>
#include <vector>

#include "master/service/answer.hpp"

/// The job-level fields of execution.md §2: types, defaults, messages. Operations and apis are job_check's.
namespace slicebus::service {

/// One thing that is wrong, by its path inside the part that is checked.
struct FieldProblem {
  std::vector<std::string> path;  ///< {"slicers"}; numbers are array positions
  std::string message;            ///< what is wrong and what is expected

  bool operator==(const FieldProblem&) const = default;
};

/// Fills defaults into `job` and converts texts where that is allowed ("4" → 4, "5 minutes" → 300000).
/// @param job  an object; on return its known fields stand first, in the order of R-ex-49, unknown ones behind them as
/// they were
/// @return     everything that is wrong; empty: `job` is filled
std::vector<FieldProblem> check_job_fields(Json& job);

/// Names of all job fields that mean something, for "did you mean".
const std::vector<std::string>& job_field_names();

/// "Number", "String", "Null", …: how messages name the type of a value (R-ex-12).
std::string type_name(const Json& value);
/// The value as compact JSON, cut at 80 bytes: how messages quote what they got.
std::string in_quotes(const Json& value);

}  // namespace slicebus::service
