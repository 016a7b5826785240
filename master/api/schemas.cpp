#include "master/api/schemas.hpp"

#include <nlohmann/json.hpp>

namespace slicebus::api {

using service::Document;
using service::Json;

namespace {

struct Schema {
  const char* name;
  const char* json;
};

constexpr Schema all[]{
    {"Error", R"({"type":"object","required":["error","message"],"properties":{
       "error":{"type":"integer","description":"The HTTP status."},
       "message":{"type":"string","maxLength":3000}}})"},
    {"AssetRefusal",
     R"({"anyOf":[{"$ref":"#/components/schemas/Error"},{"type":"object","required":["error"],"properties":{
       "error":{"type":"string","description":"Of an id that is none: the text, where others have the status."}}}]})"},
    {"Info",
     R"({"type":"object","required":["arch","clustering_type","name","node_version","platform","teraslice_version","version"],"properties":{
       "arch":{"type":"string"},"clustering_type":{"type":"string"},"name":{"type":"string"},
       "node_version":{"type":"string"},"platform":{"type":"string"},
       "teraslice_version":{"type":"string","description":"What the API is compatible with."},
       "version":{"type":"string","description":"Of Slicebus."}}})"},
    {"Process", R"({"type":"object","required":["worker_id","assignment","pid"],"properties":{
       "worker_id":{"type":"integer"},
       "assignment":{"type":"string","enum":["cluster_master","assets_service","execution_controller","worker"]},
       "pid":{"type":"integer"},"ex_id":{"type":"string"},"job_id":{"type":"string"},
       "assets":{"type":"array","items":{"type":"string"}}}})"},
    {"Node",
     R"({"type":"object","required":["node_id","hostname","pid","node_version","teraslice_version","version","total","state","available","active"],"properties":{
       "node_id":{"type":"string"},"hostname":{"type":"string"},"pid":{"type":"integer"},
       "node_version":{"type":"string"},"teraslice_version":{"type":"string"},"version":{"type":"string"},
       "total":{"type":"integer","description":"Slots."},
       "state":{"type":"string","enum":["connected","disconnected"]},
       "available":{"type":"integer","description":"Slots that run nothing."},
       "active":{"type":"array","items":{"$ref":"#/components/schemas/Process"}}}})"},
    {"ClusterState", R"({"type":"object","description":"By node id.",
       "additionalProperties":{"$ref":"#/components/schemas/Node"}})"},
    {"Totals",
     R"({"type":"object","required":["processed","failed","queued","job_duration","workers_joined","workers_disconnected","workers_reconnected"],"properties":{
       "processed":{"type":"integer"},"failed":{"type":"integer"},"queued":{"type":"integer"},
       "job_duration":{"type":"integer","description":"Seconds, of executions that ended."},
       "workers_joined":{"type":"integer"},"workers_disconnected":{"type":"integer"},
       "workers_reconnected":{"type":"integer"}}})"},
    {"ClusterStats", R"({"type":"object","required":["controllers","slicer"],"properties":{
       "controllers":{"$ref":"#/components/schemas/Totals"},"slicer":{"$ref":"#/components/schemas/Totals"}}})"},
    {"SlicerStats", R"({"type":"object","properties":{
       "workers_available":{"type":"integer"},"workers_active":{"type":"integer"},"workers_joined":{"type":"integer"},
       "workers_reconnected":{"type":"integer"},"workers_disconnected":{"type":"integer"},
       "job_duration":{"type":"integer","description":"Seconds; 0 while it runs."},
       "failed":{"type":"integer"},"subslices":{"type":"integer"},"queued":{"type":"integer"},
       "slice_range_expansion":{"type":"integer"},
       "processed":{"type":"integer","description":"Slices answered, failed ones included."},
       "slicers":{"type":"integer"},"subslice_by_key":{"type":"integer"},
       "started":{"type":"string","format":"date-time"},"queuing_complete":{"type":"string","format":"date-time"}}})"},
    {"ControllerStats", R"({"allOf":[{"$ref":"#/components/schemas/SlicerStats"},
       {"type":"object","required":["ex_id","job_id","name","processed"],"properties":{
         "ex_id":{"type":"string"},"job_id":{"type":"string"},"name":{"type":"string"}}}]})"},
    {"OperationEntry",
     R"({"type":"object","required":["_op"],"description":"GET /operations lists the options.","properties":{
       "_op":{"type":"string","minLength":1},"_encoding":{"type":"string","enum":["json","raw"]},
       "_dead_letter_action":{"type":"string","enum":["throw","log","none"]},
       "_api_name":{"type":"string","minLength":1},"_connection":{"enum":["default","",null]}}})"},
    {"ApiEntry", R"({"type":"object","required":["_name"],"properties":{"_name":{"type":"string","minLength":1}}})"},
    {"JobInput", R"({"type":"object","required":["operations"],
       "examples":[{"name":"words","workers":1,"operations":[{"_op":"test-reader"},{"_op":"delay","ms":10}]}],
       "properties":{
       "name":{"type":"string","minLength":1,"default":"Custom Job"},
       "lifecycle":{"type":"string","enum":["once","persistent"],"default":"once"},
       "operations":{"type":"array","minItems":2,"items":{"$ref":"#/components/schemas/OperationEntry"}},
       "apis":{"type":"array","items":{"$ref":"#/components/schemas/ApiEntry"},"default":[]},
       "workers":{"type":["integer","string"],"minimum":1,"maximum":100000,"pattern":"^0*([1-9][0-9]{0,4}|100000)$","description":"Slots wanted; default: the processors of the master's machine, at most 5."},
       "slicers":{"type":["integer","string"],"minimum":1,"maximum":100000,"pattern":"^0*([1-9][0-9]{0,4}|100000)$","default":1},
       "max_retries":{"type":"integer","minimum":0,"maximum":100000,"default":3},
       "probation_window":{"type":["integer","string"],"minimum":0,
         "pattern":"^[0-9]{1,5}(\\.[0-9]{1,3})? *(ms|(milli)?seconds?|s|sec|min|minutes?|h|hours?|d|days?)?$","default":300000,
         "description":"Milliseconds, or a text such as \"5 minutes\"."},
       "analytics":{"enum":[true,false,"true","false",1,0,"1","0"],"default":true},
       "autorecover":{"enum":[true,false,"true","false",1,0,"1","0"],"default":false},
       "active":{"enum":[true,false,"true","false",1,0,"1","0"],"default":true},
       "stateful":{"enum":[true,false,"true","false",1,0,"1","0"],"default":false},
       "assets":{"type":["array","null"],"items":{"type":"string"},"default":null},
       "labels":{"type":["object","null"],"default":null},
       "env_vars":{"type":"object","propertyNames":{"minLength":1},"additionalProperties":{"not":{"enum":[null,""]}},"default":{}},
       "log_level":{"type":["string","null"],"enum":["trace","debug","info","warn","error","fatal",null],"default":null}}})"},
    {"Job",
     R"({"type":"object","description":"As it was posted, and what the server sets.","required":["job_id","_context","_created","_updated"],"properties":{
       "job_id":{"type":"string"},"_context":{"const":"job"},
       "_created":{"type":"string","format":"date-time"},"_updated":{"type":"string","format":"date-time"},
       "_deleted":{"const":true},"_deleted_on":{"type":"string","format":"date-time"},
       "ex":{"type":"object","description":"Its latest execution, when asked for."},
       "warnings":{"type":"array","items":{"$ref":"#/components/schemas/Warning"}}}})"},
    {"Execution",
     R"({"type":"object","required":["ex_id","job_id","_context","_status","_created","_updated","_has_errors","_failureReason","_slicer_stats","operations"],"properties":{
       "ex_id":{"type":"string"},"job_id":{"type":"string"},"_context":{"const":"ex"},
       "name":{"type":"string"},"lifecycle":{"type":"string","enum":["once","persistent"]},
       "operations":{"type":"array","items":{"type":"object"}},"apis":{"type":"array","items":{"type":"object"}},
       "workers":{"type":"integer"},"slicers":{"type":"integer"},"max_retries":{"type":"integer"},
       "probation_window":{"type":"integer"},"metadata":{"type":"object"},
       "_status":{"type":"string","enum":["pending","scheduling","initializing","recovering","running","failing","paused","stopping","completed","stopped","rejected","failed","terminated"]},
       "_created":{"type":"string","format":"date-time"},"_updated":{"type":"string","format":"date-time"},
       "_has_errors":{"type":"boolean"},"_failureReason":{"type":"string"},
       "_slicer_stats":{"$ref":"#/components/schemas/SlicerStats"},
       "_accounting":{"$ref":"#/components/schemas/Accounting"},
       "_workers_wanted":{"type":"integer","description":"Slots wanted now; `workers` stays as posted."},
       "_waiting":{"type":"string","description":"What it waits for, while it waits."},
       "teraslice_version":{"type":"string"},"slicer_hostname":{"type":"string"},"slicer_port":{"type":"integer"},
       "recovered_execution":{"type":"string"},"recovered_slice_type":{"type":"string"},
       "_deleted":{"const":true},"_deleted_on":{"type":"string","format":"date-time"}}})"},
    {"Accounting",
     R"({"type":"object","description":"Written at the end, of accepted attempts only: planned = completed + failed + unfinished, and what one operation wrote the next one read.","required":["slices","records","operations"],"properties":{
       "slices":{"type":"object","required":["planned","completed","failed","unfinished"],"properties":{
         "planned":{"type":"integer"},"completed":{"type":"integer"},"failed":{"type":"integer"},"unfinished":{"type":"integer"}}},
       "records":{"type":"object","required":["read","written","rejected"],"properties":{
         "read":{"type":"integer","description":"By the reader."},"written":{"type":"integer","description":"By the last operation."},
         "rejected":{"type":"integer","description":"By all of them."}}},
       "operations":{"type":"array","items":{"type":"object","required":["_op","read","written","rejected","time_ms"],"properties":{
         "_op":{"type":"string"},"read":{"type":"integer"},"written":{"type":"integer"},"rejected":{"type":"integer"},"time_ms":{"type":"integer"}}}}}})"},
    {"SliceError",
     R"({"type":"object","required":["slice_id","slicer_id","slicer_order","request","state","ex_id","_created","_updated","error"],"properties":{
       "slice_id":{"type":"string"},"slicer_id":{"type":"integer"},"slicer_order":{"type":"integer"},
       "request":{"type":"string","description":"JSON, as text."},"state":{"const":"error"},"ex_id":{"type":"string"},
       "_created":{"type":"string","format":"date-time"},"_updated":{"type":"string","format":"date-time"},
       "error":{"type":"string"},"retry_count":{"type":"integer"},
       "recovered_by":{"type":"string","description":"The execution that repaired it."}}})"},
    {"Warning", R"({"type":"object","required":["type","reason"],"properties":{
       "type":{"const":"JobValidation"},
       "reason":{"type":"object","required":["type","kind","reason"],"properties":{
         "type":{"type":"string","enum":["jobProperty","assetOperation","assetAPIProperty"]},
         "kind":{"type":"string"},
         "reason":{"type":"object","required":["field","description"],"properties":{
           "_op":{"type":"string"},"api_name":{"type":"string"},"field":{"type":"string"},"description":{"type":"string"}}}}}}})"},
    {"Submitted", R"({"type":"object","required":["job_id"],"properties":{
       "job_id":{"type":"string"},"ex_id":{"type":"string"},
       "warnings":{"type":"array","items":{"$ref":"#/components/schemas/Warning"}}}})"},
    {"Started", R"({"type":"object","required":["job_id","ex_id"],"properties":{
       "job_id":{"type":"string"},"ex_id":{"type":"string"},
       "warnings":{"type":"array","items":{"$ref":"#/components/schemas/Warning"}}}})"},
    {"Stopped", R"({"type":"object","required":["status"],"properties":{
       "status":{"type":"string"},"message":{"type":"string"}}})"},
    {"StatusAnswer", R"({"type":"object","required":["status"],"properties":{"status":{"type":"string"}}})"},
    {"Message", R"({"type":"object","required":["message"],"properties":{"message":{"type":"string"}}})"},
    {"LogLevelSet", R"({"type":"object","required":["exId","level"],"properties":{
       "exId":{"type":"string"},"level":{"type":"string","enum":["trace","debug","info","warn","error","fatal"]}}})"},
    {"Validation", R"({"type":"object","required":["valid","errors","warnings"],"properties":{
       "valid":{"type":"boolean"},
       "errors":{"type":"array","items":{"type":"object","required":["part","name","path","message"],"properties":{
         "part":{"type":"string","enum":["job","assets","operation","api"]},"name":{"type":"string"},
         "path":{"type":"array","items":{"type":["string","integer"]}},"message":{"type":"string"}}}},
       "warnings":{"type":"array","items":{"$ref":"#/components/schemas/Warning"}}}})"},
    {"OperationOption", R"({"type":"object","required":["name","type","required","help"],"properties":{
       "name":{"type":"string"},"type":{"type":"string"},"required":{"type":"boolean"},
       "default":{},"range":{"type":"string"},"one_of":{"type":"array","items":{"type":"string"}},
       "min":{"type":"number"},"max":{"type":"number"},"help":{"type":"string"}}})"},
    {"Operation", R"({"type":"object","required":["name","kind","summary","options"],"properties":{
       "name":{"type":"string"},"kind":{"type":"string","enum":["reader","processor","sender","api"]},
       "summary":{"type":"string"},
       "options":{"type":"array","items":{"$ref":"#/components/schemas/OperationOption"}},
       "api":{"type":"string","description":"The api whose options it takes, its own or through `_api_name`."}}})"},
    {"Asset", R"({"type":"object","required":["_created","name","version","id"],"properties":{
       "_created":{"type":"string","format":"date-time"},"name":{"type":"string"},"version":{"type":"string"},
       "id":{"type":"string"},"description":{"type":"string"},"node_version":{"type":"integer"},
       "platform":{"type":"string"},"arch":{"type":"string"}}})"},
    {"AssetId", R"({"type":"object","required":["asset_id"],"properties":{"asset_id":{"type":"string"}}})"},
    {"Health", R"({"type":"object","required":["status"],"properties":{"status":{"const":"ok"}}})"},
    {"Readiness", R"({"type":"object","required":["ready","records","broker"],"properties":{
       "ready":{"type":"boolean"},"records":{"type":"string"},"broker":{"type":"string","enum":["heard","silent"]},
       "reason":{"type":"string"}}})"},
    {"OpenApi", R"({"type":"object","required":["openapi","info","paths"]})"},
};

}  // namespace

Document schemas() {
  Json json = Json::object();
  for (const Schema& schema : all) {
    json[schema.name] = Json::parse(schema.json, nullptr, false);
  }
  return Document(std::move(json));
}

}  // namespace slicebus::api
