#include <chrono>
#include <thread>

#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

constexpr std::int64_t delay_ms_max = 24LL * 3'600'000;

const OperationSpec delay_spec{.name = "delay",
                               .kind = OperationKind::processor,
                               .summary = "Waits once for each slice, then passes its records on.",
                               .fields = {{.name = "ms",
                                           .type = "duration",
                                           .range = "0..24 hours",
                                           .fallback = "100",
                                           .help = "How long to wait.",
                                           .min = 0,
                                           .max = static_cast<double>(delay_ms_max)}}};

class Delay final : public Processor {
 public:
  explicit Delay(std::chrono::milliseconds wait) : wait_(wait) {}
  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    std::this_thread::sleep_for(wait_);
    return Processed{std::move(batch)};
  }

 private:
  std::chrono::milliseconds wait_;
};

}  // namespace

const Operation& delay() {
  static const Operation operation{
      .spec = &delay_spec, .make_processor = [](const nlohmann::json& options) -> Result<std::unique_ptr<Processor>> {
        return std::make_unique<Delay>(std::chrono::milliseconds(integer_option(options, "ms", 100)));
      }};
  return operation;
}

}  // namespace slicebus::operations
