#include "common/operations/dead_letter.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

const OperationSpec set_field_spec{
    .name = "set_field",
    .kind = OperationKind::processor,
    .summary = "Gives a field of every record a fixed value.",
    .fields = {{.name = "field",
                .type = "string",
                .help = "Field to set; a path with dots makes objects on the way.",
                .required = true},
               {.name = "value", .type = "any", .help = "Any JSON value but null.", .required = true},
               {.name = "overwrite",
                .type = "boolean",
                .fallback = "false",
                .help = "Also where the field has a value already; otherwise only where it is absent or null."}}};

class SetField final : public Processor {
 public:
  explicit SetField(const nlohmann::json& options)
      : dead_letter_(options, "set_field"),
        field_(text_option(options, "field", "")),
        value_(options.contains("value") ? json_text(options["value"]) : "null"),
        overwrite_(flag_option(options, "overwrite", false)) {}

  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    SB_TRY_VOID(keep_records(batch, dead_letter_, [this](record::Record& record) { return set(record); }));
    return Processed{std::move(batch), dead_letter_.take_rejected()};
  }

 private:
  Result<bool> set(record::Record& record) const {
    if (!overwrite_) {
      SB_TRY(present, record.get(field_));
      if (present && !present->is_null()) {
        return true;
      }
    }
    SB_TRY_VOID(record.set(field_, value_));
    return true;
  }

  DeadLetter dead_letter_;
  std::string field_;
  std::string value_;
  bool overwrite_;
};

}  // namespace

const Operation& set_field() {
  static const Operation operation{
      .spec = &set_field_spec,
      .make_processor = [](const nlohmann::json& options) -> Result<std::unique_ptr<Processor>> {
        return std::make_unique<SetField>(options);
      }};
  return operation;
}

}  // namespace slicebus::operations
