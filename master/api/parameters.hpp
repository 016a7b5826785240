#pragma once
#include "master/api/route.hpp"
#include "master/service/executions.hpp"

/// Query parameters that several endpoints share (R-api-18…24), and their reading.
namespace slicebus::api {

/// Schemas of what Query::boolean takes, by its fallback; of what Query::integer takes, within a page.
inline constexpr std::string_view true_unless_said =
    R"({"type":["boolean","string"],"pattern":"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01])?$","default":true})";
inline constexpr std::string_view false_unless_said =
    R"({"type":["boolean","string"],"pattern":"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01])?$","default":false})";

inline constexpr Parameter from_parameter{
    "from", R"({"type":["number","string"],"minimum":0,"exclusiveMaximum":10001,"maxLength":0,"default":0})",
    "How many records to skip, rounded down; from + size is at most 10000."};
inline constexpr Parameter size_parameter{
    "size", R"({"type":["number","string"],"minimum":0,"exclusiveMaximum":10001,"maxLength":0,"default":100})",
    "How many records to answer at most, rounded down."};
inline constexpr Parameter sort_parameter{"sort", R"({"type":"string","default":"_updated:desc"})",
                                          "`field:asc` or `field:desc`, several with commas."};
inline constexpr Parameter filter_parameter{
    "filter", R"({"type":"string"})",
    "Lucene query over the records' fields: `workers:>=2 AND name:(copy OR move)`, `_created:[2026-01-01 TO *]`."};
inline constexpr Parameter active_parameter{"active", R"({"type":"string"})",
                                            "`true`: without inactive jobs; `false`: only these; else all."};
inline constexpr Parameter deleted_parameter{"deleted", R"({"type":"string","enum":["true","false",""]})",
                                             "`true`: only deleted records; else only the others."};
inline constexpr Parameter status_parameter{
    "status", R"({"type":"string"})", "Only executions in one of these statuses, with commas; empty or `*`: all."};

inline constexpr Parameter fields_parameter{"fields", R"({"type":"string"})",
                                            "Columns, in this order, with commas; dotted paths lead inside."};
inline constexpr Parameter headers_parameter{"headers", true_unless_said, "`false`: without the header and its rule."};

/// from and size only. Refusals: R-api-12.
service::Answer<store::ListQuery> page_query(const Query& query);
/// from, size, sort, filter, deleted. Refusals: R-api-12, 23; a filter that is none.
service::Answer<store::ListQuery> list_query(const Query& query);
/// The same with `active`, as lists of jobs have it.
service::Answer<store::ListQuery> job_list_query(const Query& query);
/// The same with `status`, as lists of executions have it.
service::Answer<store::ListQuery> execution_list_query(const Query& query);
/// "a, b" → {"a", "b"}; empty names are left out.
std::vector<std::string> comma_list(std::string_view text);

}  // namespace slicebus::api
