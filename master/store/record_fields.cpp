#include "master/store/record_fields.hpp"

#include <algorithm>
#include <string>

#include "common/operations/nearest.hpp"
#include "common/record/json_text.hpp"

namespace slicebus::store {
namespace {

constexpr std::size_t name_bytes_shown = 128;

Fields joined(const Fields& first, const Fields& second) {
  Fields all = first;
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

}  // namespace

const Fields& job_fields() {
  static const Fields fields{{"job_id", FieldKind::keyword},
                             {"name", FieldKind::text},
                             {"lifecycle", FieldKind::keyword},
                             {"workers", FieldKind::integer},
                             {"slicers", FieldKind::integer},
                             {"max_retries", FieldKind::integer},
                             {"probation_window", FieldKind::integer},
                             {"analytics", FieldKind::flag},
                             {"autorecover", FieldKind::flag},
                             {"active", FieldKind::flag},
                             {"stateful", FieldKind::flag},
                             {"assets", FieldKind::keyword},
                             {"log_level", FieldKind::keyword},
                             {"_context", FieldKind::keyword},
                             {"_created", FieldKind::date},
                             {"_updated", FieldKind::date},
                             {"_deleted", FieldKind::flag},
                             {"_deleted_on", FieldKind::date}};
  return fields;
}

const Fields& execution_fields() {
  static const Fields fields = joined(job_fields(), {{"ex_id", FieldKind::keyword},
                                                     {"_status", FieldKind::keyword},
                                                     {"_has_errors", FieldKind::flag},
                                                     {"_failureReason", FieldKind::text},
                                                     {"_waiting", FieldKind::text},
                                                     {"_workers_wanted", FieldKind::integer},
                                                     {"slicer_hostname", FieldKind::keyword},
                                                     {"slicer_port", FieldKind::integer},
                                                     {"recovered_execution", FieldKind::keyword},
                                                     {"recovered_slice_type", FieldKind::keyword},
                                                     {"teraslice_version", FieldKind::keyword},
                                                     {"relocatable", FieldKind::flag}});
  return fields;
}

const Fields& error_fields() {
  static const Fields fields{
      {"ex_id", FieldKind::keyword},        {"slice_id", FieldKind::keyword},    {"slicer_id", FieldKind::integer},
      {"slicer_order", FieldKind::integer}, {"request", FieldKind::keyword},     {"state", FieldKind::keyword},
      {"error", FieldKind::text},           {"retry_count", FieldKind::integer}, {"recovered_by", FieldKind::keyword},
      {"_created", FieldKind::date},        {"_updated", FieldKind::date}};
  return fields;
}

const Fields& asset_fields() {
  static const Fields fields{
      {"id", FieldKind::keyword},       {"name", FieldKind::keyword},         {"version", FieldKind::keyword},
      {"description", FieldKind::text}, {"node_version", FieldKind::integer}, {"platform", FieldKind::keyword},
      {"arch", FieldKind::keyword},     {"size", FieldKind::integer},         {"_created", FieldKind::date}};
  return fields;
}

FieldKind kind_of(const Fields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? FieldKind::unknown : found->kind;
}

Result<Field> known_field(const Fields& fields, std::string_view name) {
  if (kind_of(fields, name) != FieldKind::unknown) {
    return *std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  }
  std::vector<std::string> names;
  for (const Field& field : fields) {
    names.emplace_back(field.name);
  }
  const auto nearest = name.size() > name_bytes_shown ? std::nullopt : operations::nearest(name, names);
  std::string all;
  for (const std::string& known : names) {
    all += (all.empty() ? "" : ", ") + known;
  }
  return fail(Errc::invalid, "sort",
              "\"" + record::printable(name, name_bytes_shown) + "\" is not a field of these records",
              nearest ? "did you mean \"" + *nearest + "\"?" : "sort by one of " + all);
}

}  // namespace slicebus::store
