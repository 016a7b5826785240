#include "common/operations/manual.hpp"

#include <array>
#include <string_view>

#include "common/operations/catalog.hpp"

namespace slicebus::operations {
namespace {

struct Chapter {
  OperationKind kind;
  std::string_view title;
  std::string_view text;
};
constexpr std::array chapters = {
    Chapter{OperationKind::reader, "Readers",
            "The first operation of a job: cuts the input into slices and reads their records."},
    Chapter{OperationKind::processor, "Processors", "Records in, records out."},
    Chapter{OperationKind::sender, "Senders", "Write records out of the cluster, and pass them on."},
    Chapter{OperationKind::api, "Apis",
            "Connector options, as an entry of `apis` that operations name by `_api_name`. An operation may carry them "
            "itself instead."}};

std::string cell(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    out += byte == '|' ? std::string("\\|") : std::string(1, byte == '\n' ? ' ' : byte);
  }
  return out;
}

void append_fields(std::string& out, std::span<const FieldSpec> fields) {
  out += "| option | type | default | meaning |\n|---|---|---|---|\n";
  for (const FieldSpec& field : fields) {
    const std::string type = field.type + (field.range.empty() ? "" : ", " + field.range);
    const std::string fallback = field.required           ? "**required**"
                                 : field.fallback.empty() ? "—"
                                                          : "`" + field.fallback + "`";
    out += "| `" + field.name + "` | " + cell(type) + " | " + cell(fallback) + " | " + cell(field.help) + " |\n";
  }
  out += '\n';
}

}  // namespace

std::string manual(std::span<const Operation> operations) {
  std::string out =
      "# Operations\n\n"
      "Generated from the specs in `common/operations`; do not edit. `SLICEBUS_REWRITE=1` lets the test "
      "`operations_test` write it anew.\n\n"
      "Durations are milliseconds, or a number with a unit (`\"5 minutes\"`). Numbers may be given as text. An unknown "
      "option is kept, "
      "ignored, and answered with a warning.\n\n";
  out += "## Options of every operation\n\n";
  append_fields(out, common_fields(OperationKind::processor));
  out += "## Options of every api\n\n";
  append_fields(out, common_fields(OperationKind::api));
  for (const Chapter& chapter : chapters) {
    out += "## " + std::string(chapter.title) + "\n\n" + std::string(chapter.text) + "\n\n";
    for (const Operation& operation : operations) {
      if (operation.spec->kind != chapter.kind) {
        continue;
      }
      out += "### " + operation.spec->name + "\n\n" + operation.spec->summary + "\n\n";
      if (!operation.spec->fields.empty()) {
        append_fields(out, operation.spec->fields);
      }
      if (!operation.spec->api.empty()) {
        out += "Takes the options of `" + operation.spec->api +
               "`: from the entry of `apis` that `_api_name` names, or here.\n\n";
      }
    }
  }
  out.pop_back();
  return out;
}

}  // namespace slicebus::operations
