#include "common/operations/dead_letter.hpp"

#include <unistd.h>

#include "common/operations/options.hpp"
#include "common/record/json_text.hpp"
#include "common/time.hpp"

namespace slicebus::operations {
namespace {

constexpr std::size_t shown_bytes_max = 1'024;

}  // namespace

DeadLetter::DeadLetter(const nlohmann::json& options, std::string operation) : operation_(std::move(operation)) {
  const std::string action = text_option(options, "_dead_letter_action", "throw");
  action_ = action == "log" ? Action::log : action == "none" ? Action::drop : Action::fail_slice;
}

Result<void> DeadLetter::reject(std::string_view record, const Error& reason) {
  if (action_ == Action::fail_slice) {
    return fail(Errc::invalid, "operation \"" + operation_ + "\"",
                reason.text() + ", in record " + record::printable(record, 200),
                "set _dead_letter_action to \"log\" or \"none\" to drop such records");
  }
  ++rejected_;
  if (action_ == Action::log) {
    // The program's logger is not this room's: one line in its shape, in one write so that lines of several slots do
    // not mix.
    const std::string line = "ts=" + iso8601(wall_now()) + " level=warn event=record_rejected op=" + operation_ +
                             " cause=" + record::json_quote(reason.text()) +
                             " record=" + record::json_quote(record::printable(record, shown_bytes_max)) + "\n";
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) {
      return {};  // nobody listens; the count still says it
    }
  }
  return {};
}

std::uint64_t DeadLetter::take_rejected() {
  const std::uint64_t rejected = rejected_;
  rejected_ = 0;
  return rejected;
}

}  // namespace slicebus::operations
