#include <nlohmann/json.hpp>

#include "common/operations/operation.hpp"

namespace slicebus::operations {
namespace {

const OperationSpec noop_spec{
    .name = "noop", .kind = OperationKind::processor, .summary = "Passes every record on as it is.", .fields = {}};

class Noop final : public Processor {
 public:
  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    return Processed{std::move(batch)};
  }
};

}  // namespace

const Operation& noop() {
  static const Operation operation{
      .spec = &noop_spec,
      .make_processor = [](const nlohmann::json& /*options*/) -> Result<std::unique_ptr<Processor>> {
        return std::make_unique<Noop>();
      }};
  return operation;
}

}  // namespace slicebus::operations
