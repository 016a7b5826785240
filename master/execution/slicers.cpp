#include "master/execution/slicers.hpp"

#include <algorithm>

#include "common/log/log.hpp"
#include "common/operations/catalog.hpp"
#include "common/wire/messages.hpp"

namespace slicebus::execution {
namespace {

using nlohmann::json;

constexpr std::size_t cursor_bytes_max = 64U << 10U;
constexpr std::int64_t slicers_max = 1'000;
/// A step is gathered in portions, and ends with the one that makes it so large: nobody knows beforehand how large the
/// next requests are.
constexpr std::size_t portion_requests = 32;
constexpr std::size_t step_bytes = 8U << 20U;

tl::unexpected<Error> unusable(std::string what) {
  return fail(Errc::invalid, "execution record", std::move(what),
              "post the job again; this one was written by another version");
}

/// "file_reader" of "file_reader@file:1.0.0" and of "file_reader:tag".
std::string_view bare_name(std::string_view name) { return name.substr(0, name.find_first_of("@:")); }

std::string name_of(const json& operation) {
  return operation.is_object() && operation.contains("_op") && operation["_op"].is_string()
             ? operation["_op"].get<std::string>()
             : std::string();
}

Result<void> check_step(const operations::SlicerStep& step, const std::string& where, std::size_t max) {
  if (step.requests.size() > max) {
    return fail(Errc::internal, where,
                std::to_string(step.requests.size()) + " requests in a step, asked for " + std::to_string(max));
  }
  const auto too_long = std::find_if(step.requests.begin(), step.requests.end(), [](const std::string& request) {
    return request.size() > wire::request_bytes_max;
  });
  if (too_long != step.requests.end()) {
    return fail(Errc::internal, where,
                "a request of " + std::to_string(too_long->size()) + " bytes (limit " +
                    std::to_string(wire::request_bytes_max) + ")");
  }
  if (step.cursor.size() > cursor_bytes_max) {
    return fail(Errc::internal, where,
                "a cursor of " + std::to_string(step.cursor.size()) + " bytes (limit " +
                    std::to_string(cursor_bytes_max) + ")");
  }
  return {};
}

}  // namespace

Result<Slicers> Slicers::from(const std::string& execution, LineageId lineage) {
  Slicers slicers;
  slicers.execution_ = json::parse(execution, nullptr, false);
  slicers.lineage_ = std::move(lineage);
  const json& record = slicers.execution_;
  if (!record.is_object() || !record.contains("operations") || !record["operations"].is_array() ||
      record["operations"].empty()) {
    return unusable("has no operations");
  }
  const std::string name = name_of(record["operations"][0]);
  slicers.reader_ = operations::find_operation(bare_name(name));
  if (slicers.reader_ == nullptr || !slicers.reader_->make_slicer) {
    return unusable("operations[0] \"" + name + "\" is no reader of this program");
  }
  try {
    slicers.reader_options_ = operations::effective_options(record, 0);
    const std::int64_t wanted =
        record.contains("slicers") && record["slicers"].is_number_integer() ? record["slicers"].get<std::int64_t>() : 1;
    if (slicers.reader_->slicer_count) {
      slicers.count_ = std::max(1U, slicers.reader_->slicer_count(
                                        slicers.reader_options_,
                                        static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 1, slicers_max))));
    }
  } catch (const std::exception& error) {
    return unusable(std::string("cannot be read: ") + error.what());
  }
  slicers.persistent_ = record.contains("lifecycle") && record["lifecycle"] == "persistent";
  slicers.log_level_ =
      record.contains("log_level") && record["log_level"].is_string() ? record["log_level"].get<std::string>() : "";
  return slicers;
}

void Slicers::place(const std::vector<store::SlicerState>& states) {
  for (const store::SlicerState& state : states) {
    if (state.cursor) {
      cursors_[state.slicer_id] = *state.cursor;
    }
  }
}

Result<operations::Slicer*> Slicers::slicer(std::uint32_t slicer_id) {
  const auto known = slicers_.find(slicer_id);
  if (known != slicers_.end()) {
    return known->second.get();
  }
  operations::SlicerSetup setup{
      .options = reader_options_, .slicer_id = slicer_id, .slicers = count_, .persistent = persistent_};
  if (const auto cursor = cursors_.find(slicer_id); cursor != cursors_.end()) {
    setup.cursor = cursor->second;
  }
  SB_TRY(made, reader_->make_slicer(setup));
  return slicers_.emplace(slicer_id, std::move(made)).first->second.get();
}

Result<operations::SlicerStep> Slicers::next(std::uint32_t slicer_id, std::size_t max) {
  const std::string where = "operations[0] \"" + reader_->spec->name + "\": slicer " + std::to_string(slicer_id);
  try {
    SB_TRY(asked, slicer(slicer_id));
    operations::SlicerStep step;
    std::size_t bytes = 0;
    while (!step.done && step.requests.size() < max && bytes < step_bytes) {
      const std::size_t wanted = std::min(portion_requests, max - step.requests.size());
      SB_TRY(portion, asked->next(wanted));
      SB_TRY_VOID(check_step(portion, where, wanted));
      if (portion.requests.empty() && !portion.done) {
        break;
      }
      const bool may_have_more = portion.requests.size() == wanted;
      for (std::string& request : portion.requests) {
        bytes += request.size();
        step.requests.push_back(std::move(request));
      }
      if (!portion.cursor.empty() || step.cursor.empty()) {
        step.cursor = std::move(portion.cursor);
      }
      step.done = portion.done;
      if (!may_have_more) {
        break;  // what there was is not kept waiting for what may come
      }
    }
    return step;
  } catch (const std::exception& error) {
    return fail(Errc::internal, where, error.what());
  }
}

void Slicers::sweep(std::uint64_t last_epoch) {
  const json& list = execution_["operations"];
  for (std::size_t i = 0; i < list.size(); ++i) {
    const operations::Operation* operation = operations::find_operation(bare_name(name_of(list[i])));
    if (operation == nullptr || !operation->make_sender) {
      continue;
    }
    try {
      auto sender = operation->make_sender(operations::effective_options(execution_, i));
      if (sender) {
        (*sender)->sweep(lineage_, last_epoch);
      } else {
        log::warn("output_not_swept", {{"operation", operation->spec->name}, {"cause", sender.error().text()}});
      }
    } catch (const std::exception& error) {
      log::warn("output_not_swept", {{"operation", operation->spec->name}, {"cause", error.what()}});
    }
  }
}

}  // namespace slicebus::execution
