#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

constexpr std::size_t write_bytes = 1U << 16U;

const OperationSpec stdout_spec{.name = "stdout",
                                .kind = OperationKind::processor,
                                .summary =
                                    "Prints records, one JSON document a line, to the standard output of the slot that "
                                    "runs the slice (the worker's log), and passes all on. "
                                    "A slice that is run again prints again.",
                                .fields = {{.name = "limit",
                                            .type = "integer",
                                            .range = "0..",
                                            .fallback = "0",
                                            .help = "How many records of each slice to print; 0: all.",
                                            .min = 0}}};

class Stdout final : public Processor {
 public:
  explicit Stdout(std::int64_t limit) : limit_(static_cast<std::size_t>(limit)) {}

  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    const std::size_t count = limit_ == 0 ? batch.size() : std::min(limit_, batch.size());
    std::string text;
    for (std::size_t at = 0; at < count; ++at) {
      batch.records()[at].append_line(text);
      text += '\n';
      if (text.size() >= write_bytes) {
        SB_TRY_VOID(print(text));
        text.clear();
      }
    }
    SB_TRY_VOID(print(text));
    return Processed{std::move(batch)};
  }

 private:
  static Result<void> print(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0) {
        return fail(Errc::unavailable, "operation \"stdout\"",
                    std::string("standard output of the slot: ") + std::strerror(errno),
                    "start the worker with its standard output open");
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::size_t limit_;
};

}  // namespace

const Operation& stdout_operation() {
  static const Operation operation{
      .spec = &stdout_spec, .make_processor = [](const nlohmann::json& options) -> Result<std::unique_ptr<Processor>> {
        return std::make_unique<Stdout>(std::max<std::int64_t>(0, integer_option(options, "limit", 0)));
      }};
  return operation;
}

}  // namespace slicebus::operations
