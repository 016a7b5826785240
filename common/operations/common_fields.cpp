#include <array>

#include "common/operations/catalog.hpp"

namespace slicebus::operations {
namespace {

const std::vector<std::string> encodings{"json", "raw"};
const std::vector<std::string> dead_letter_actions{"throw", "log", "none"};

/// What an operation's record does with bad records, and the like: R-ex-28.
const std::array<FieldSpec, 5>& operation_fields() {
  static const std::array<FieldSpec, 5> fields = {
      FieldSpec{.name = "_op", .type = "string", .help = "Name of the operation.", .required = true},
      FieldSpec{.name = "_encoding",
                .type = "string",
                .range = "json, raw",
                .fallback = "\"json\"",
                .help = "How records are encoded.",
                .one_of = encodings},
      FieldSpec{.name = "_dead_letter_action",
                .type = "string",
                .range = "throw, log, none",
                .fallback = "\"throw\"",
                .help = "What becomes of a bad record: `throw` fails the slice, `log` writes it to the slot's log and "
                        "drops it, `none` drops it.",
                .one_of = dead_letter_actions},
      FieldSpec{.name = "_api_name", .type = "string", .help = "Entry of `apis` that holds the connector options."},
      FieldSpec{.name = "_connection",
                .type = "string",
                .range = "default",
                .help = "Connector configuration of the cluster."}};
  return fields;
}

const std::array<FieldSpec, 4>& api_fields() {
  static const std::array<FieldSpec, 4> fields = {
      FieldSpec{.name = "_name",
                .type = "string",
                .help = "Name of the api; a tag may follow it (`file_reader_api:b`).",
                .required = true},
      FieldSpec{.name = "_encoding",
                .type = "string",
                .range = "json, raw",
                .help = "How records are encoded.",
                .one_of = encodings},
      FieldSpec{.name = "_dead_letter_action",
                .type = "string",
                .range = "throw, log, none",
                .fallback = "\"throw\"",
                .help = "What becomes of a bad record, as on operations.",
                .one_of = dead_letter_actions},
      FieldSpec{.name = "_connection",
                .type = "string",
                .range = "default",
                .help = "Connector configuration of the cluster."}};
  return fields;
}

}  // namespace

std::span<const FieldSpec> common_fields(OperationKind kind) {
  if (kind == OperationKind::api) {
    return api_fields();
  }
  return operation_fields();
}

}  // namespace slicebus::operations
