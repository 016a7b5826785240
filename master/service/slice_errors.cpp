#include "master/service/slice_errors.hpp"

#include <nlohmann/json.hpp>

namespace slicebus::service {

Result<void> SliceErrors::load() {
  SB_TRY(latest, store_.list(std::nullopt, {.size = 1}));
  for (const store::ErrorRecord& record : latest) {
    stamps_.saw(record.updated);
  }
  return {};
}

Answer<std::vector<Document>> SliceErrors::list(const std::optional<ExecutionId>& ex_id,
                                                const store::ListQuery& query) const {
  auto records = store_.list(ex_id, query);
  if (!records) {
    return refuse(records.error());
  }
  std::vector<Document> documents;
  for (store::ErrorRecord& record : *records) {
    auto document = Document::unread(std::move(record.document), "error of slice " + record.slice_id);
    if (!document) {
      return refuse(document.error());
    }
    documents.push_back(std::move(*document));
  }
  return documents;
}

Result<void> SliceErrors::record(const wire::SlicesFailed& told) {
  SB_TRY(recorded, store_.recorded(told.lineage));
  if (told.after <= recorded) {
    std::vector<store::ErrorRecord> news;
    for (const wire::FailedSlice& failed : told.slices) {
      if (failed.number > recorded) {
        SB_TRY(record, record_of(failed, told.lineage));
        news.push_back(std::move(record));
      }
    }
    if (!news.empty()) {
      SB_TRY_VOID(store_.put(news));
      recorded = news.back().number;
    }
  }
  outbox_.emplace_back(scheduler::ErrorsRecorded{told.ex_id, recorded});
  return {};
}

Result<store::ErrorRecord> SliceErrors::record_of(const wire::FailedSlice& failed, const LineageId& lineage) {
  store::ErrorRecord record{.ex_id = failed.ex_id,
                            .slice_id = slice_uuid(lineage, failed.slice),
                            .lineage = lineage,
                            .number = failed.number};
  record.created = record.updated = stamps_.next();
  if (!failed.recovered_by.empty()) {
    SB_TRY(known, store_.get(record.ex_id, record.slice_id));
    record.created = known ? known->created : record.created;
  }
  Json document{{"slice_id", record.slice_id},
                {"slicer_id", failed.slice.slicer_id},
                {"slicer_order", failed.slice.slicer_order},
                {"request", failed.request},
                {"state", "error"},
                {"ex_id", failed.ex_id.text},
                {"_created", iso8601(record.created)},
                {"_updated", iso8601(record.updated)},
                {"error", failed.error}};
  if (failed.retries > 0) {
    document["retry_count"] = failed.retries;
  }
  if (!failed.recovered_by.empty()) {
    document["recovered_by"] = failed.recovered_by.text;
  }
  record.document = compact(document);
  return record;
}

}  // namespace slicebus::service
