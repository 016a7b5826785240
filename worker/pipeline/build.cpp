#include <nlohmann/json.hpp>

#include "common/operations/catalog.hpp"
#include "worker/pipeline/barrier.hpp"
#include "worker/pipeline/pipeline.hpp"

namespace slicebus::pipeline {

namespace {

using nlohmann::json;
using operations::Operation;
using operations::OperationKind;

/// An entry of `operations`, found in the catalog, with the options it runs with.
struct Entry {
  std::string name;  ///< `operations[1] "filter"`
  const Operation* operation = nullptr;
  json options{};
};

Result<Entry> entry_at(const json& execution, std::size_t index) {
  const std::string where = "operations[" + std::to_string(index) + "]";
  const json& written = execution["operations"][index];
  if (!written.is_object() || !written.contains("_op") || !written["_op"].is_string()) {
    return fail(Errc::invalid, where, "has no \"_op\"");
  }
  const std::string op = written["_op"].get<std::string>();
  const Operation* operation = operations::find_operation(op.substr(0, op.find_first_of("@:")));
  if (operation == nullptr || operation->spec == nullptr) {
    return fail(Errc::invalid, where, "this worker has no operation \"" + op + "\"",
                "run the same version of slicebus on the master and on all workers");
  }
  return Entry{where + " \"" + op + "\"", operation, operations::effective_options(execution, index)};
}

Result<json> parse(std::string_view execution) {
  json parsed = json::parse(execution, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("operations") || !parsed["operations"].is_array()) {
    return fail(Errc::invalid, "execution", "is no JSON object with a list of operations");
  }
  return parsed;
}

/// Calls one of an operation's constructors. Errors: also when the operation does not have it.
template <class Make>
auto make(const Entry& entry, const Make& constructor) -> decltype(constructor(entry.options)) {
  if (!constructor) {
    return fail(Errc::invalid, entry.name, "cannot stand at this place of a job");
  }
  return guarded(entry.name, [&] { return constructor(entry.options); });
}

Result<Step> make_step(const Entry& entry) {
  Step step{.name = entry.name};
  if (entry.operation->spec->kind == OperationKind::sender) {
    SB_TRY(sender, make(entry, entry.operation->make_sender));
    step.sender = std::move(sender);
  } else {
    SB_TRY(processor, make(entry, entry.operation->make_processor));
    step.processor = std::move(processor);
  }
  return step;
}

Result<Parts> build_parts(std::string_view text, const LineageId& lineage, const ExecutionId& ex_id) {
  SB_TRY(execution, parse(text));
  const std::size_t count = execution["operations"].size();
  if (count == 0) {
    return fail(Errc::invalid, "execution", "has no operations");
  }
  Parts parts{.lineage = lineage, .ex_id = ex_id};
  SB_TRY(reader, entry_at(execution, 0));
  parts.reader = reader.name;
  SB_TRY(fetcher, make(reader, reader.operation->make_fetcher));
  parts.fetcher = std::move(fetcher);
  for (std::size_t i = 1; i < count; ++i) {
    SB_TRY(entry, entry_at(execution, i));
    SB_TRY(step, make_step(entry));
    parts.steps.push_back(std::move(step));
  }
  const auto retries = execution.find("max_retries");
  if (retries != execution.end() && retries->is_number_unsigned()) {
    parts.max_retries =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(retries->get<std::uint64_t>(), UINT32_MAX - 1));
  }
  return parts;
}

Result<std::vector<std::unique_ptr<operations::Sender>>> build_only_senders(std::string_view text) {
  SB_TRY(execution, parse(text));
  std::vector<std::unique_ptr<operations::Sender>> senders;
  for (std::size_t i = 0; i < execution["operations"].size(); ++i) {
    SB_TRY(entry, entry_at(execution, i));
    if (entry.operation->spec->kind == OperationKind::sender) {
      SB_TRY(sender, make(entry, entry.operation->make_sender));
      senders.push_back(std::move(sender));
    }
  }
  return senders;
}

}  // namespace

Result<Parts> build(std::string_view execution, const LineageId& lineage, const ExecutionId& ex_id) {
  return guarded("execution", [&] { return build_parts(execution, lineage, ex_id); });
}

Result<std::vector<std::unique_ptr<operations::Sender>>> build_senders(std::string_view execution) {
  return guarded("execution", [&] { return build_only_senders(execution); });
}

}  // namespace slicebus::pipeline
