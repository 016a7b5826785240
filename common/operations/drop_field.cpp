#include "common/operations/dead_letter.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

const OperationSpec drop_field_spec{.name = "drop_field",
                                    .kind = OperationKind::processor,
                                    .summary = "Removes one or more fields from every record.",
                                    .fields = {{.name = "field",
                                                .type = "string or array of strings",
                                                .help = "Fields to remove; paths with dots reach into objects.",
                                                .required = true}}};

class DropField final : public Processor {
 public:
  explicit DropField(const nlohmann::json& options)
      : dead_letter_(options, "drop_field"), fields_(texts_option(options, "field")) {}

  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    SB_TRY_VOID(keep_records(batch, dead_letter_, [this](record::Record& record) { return drop(record); }));
    return Processed{std::move(batch), dead_letter_.take_rejected()};
  }

 private:
  Result<bool> drop(record::Record& record) const {
    for (const std::string& field : fields_) {
      SB_TRY_VOID(record.remove(field));
    }
    return true;
  }

  DeadLetter dead_letter_;
  std::vector<std::string> fields_;
};

}  // namespace

const Operation& drop_field() {
  static const Operation operation{
      .spec = &drop_field_spec,
      .make_processor = [](const nlohmann::json& options) -> Result<std::unique_ptr<Processor>> {
        return std::make_unique<DropField>(options);
      }};
  return operation;
}

}  // namespace slicebus::operations
