#include "common/operations/dead_letter.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

const OperationSpec rename_field_spec{.name = "rename_field",
                                      .kind = OperationKind::processor,
                                      .summary = "Renames fields of every record; absent ones are skipped.",
                                      .fields = {{.name = "mapping",
                                                  .type = "object",
                                                  .range = "old name: new name",
                                                  .help = "Top-level fields keep their place; a path with dots moves "
                                                          "the value. An existing field of the new name is "
                                                          "replaced. Names are taken in alphabetical order.",
                                                  .required = true}}};

using Mapping = std::vector<std::pair<std::string, std::string>>;

class RenameField final : public Processor {
 public:
  explicit RenameField(const nlohmann::json& options) : dead_letter_(options, "rename_field") {
    if (has_option(options, "mapping")) {
      for (const auto& [from, to] : options["mapping"].items()) {
        if (to.is_string()) {
          mapping_.emplace_back(from, to.get<std::string>());
        }
      }
    }
  }

  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    SB_TRY_VOID(keep_records(batch, dead_letter_, [this](record::Record& record) { return rename(record); }));
    return Processed{std::move(batch), dead_letter_.take_rejected()};
  }

 private:
  Result<bool> rename(record::Record& record) const {
    for (const auto& [from, to] : mapping_) {
      SB_TRY(done, record.rename(from, to));
      if (done || from == to || from.find('.') == std::string::npos) {
        continue;
      }
      SB_TRY(nested, record.get(from));
      if (nested) {
        const std::string value(nested->json);
        SB_TRY_VOID(record.remove(from));
        SB_TRY_VOID(record.set(to, value));
      }
    }
    return true;
  }

  DeadLetter dead_letter_;
  Mapping mapping_;
};

}  // namespace

const Operation& rename_field() {
  static const Operation operation{
      .spec = &rename_field_spec,
      .check =
          [](const nlohmann::json& options) {
            std::vector<std::pair<std::string, std::string>> problems;
            if (!has_option(options, "mapping") || !options["mapping"].is_object()) {
              return problems;
            }
            if (options["mapping"].empty()) {
              problems.emplace_back("mapping", "must have at least one \"old name\": \"new name\"");
            }
            for (const auto& [from, to] : options["mapping"].items()) {
              if (!to.is_string() || to.get_ref<const std::string&>().empty()) {
                problems.emplace_back("mapping",
                                      "the new name of \"" + from + "\" must be a string, got " + json_text(to));
              }
            }
            return problems;
          },
      .make_processor = [](const nlohmann::json& options) -> Result<std::unique_ptr<Processor>> {
        return std::make_unique<RenameField>(options);
      }};
  return operation;
}

}  // namespace slicebus::operations
