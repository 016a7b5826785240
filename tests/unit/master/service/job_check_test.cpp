#include "master/service/job_check.hpp"

#include "master/service/component_names.hpp"

using namespace slicebus;
using namespace slicebus::service;
using Json = nlohmann::ordered_json;

namespace {

Json job(Json more = Json::object()) {
  Json out{{"name", "t"}, {"operations", {{{"_op", "test-reader"}}, {{"_op", "noop"}}}}};
  out.update(more);
  return out;
}
std::string refusal(const Json& posted) {
  const auto checked = check_job(posted);
  return checked ? "accepted" : checked.error().message;
}
/// The warnings' descriptions.
std::vector<std::string> warnings(const Json& posted) {
  const auto checked = check_job(posted);
  std::vector<std::string> out;
  if (checked) {
    for (const Json& warning : checked->warnings.json().at("list")) {
      out.push_back(warning.at("reason").at("reason").at("description").get<std::string>());
    }
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(job_check)

BOOST_AUTO_TEST_CASE(wrong_job_fields_are_named_all_at_once_R_api_70) {
  const std::string said = refusal(job({{"slicers", 0}, {"workers", "four"}, {"lifecycle", "twice"}}));
  BOOST_TEST(said.find("Validation failed for job config: t - [") == 0u, said);
  const Json fields = Json::parse(said.substr(said.find('[')));
  BOOST_REQUIRE(fields.size() == 3u);
  BOOST_TEST(fields[0].at("path") == Json({"lifecycle"}));
  BOOST_TEST(fields[1].at("message") == "must be valid integer greater than zero, got 0");
  BOOST_TEST(fields[2].at("message") == "must be valid integer greater than zero, got \"four\"");
}

BOOST_AUTO_TEST_CASE(each_field_of_R_ex_10_to_26_is_checked) {
  const std::vector<std::pair<Json, std::string>> wrong{
      {{{"name", ""}}, "This field is required and must be of type string"},
      {{{"operations", {{{"_op", "noop"}}}}}, "Operations need to be of type array with at least two operations in it"},
      {{{"operations", {{{"_op", "test-reader"}}, 7}}}, "Invalid Operation config in operations, got Number"},
      {{{"apis", 1}}, "APIs is required to be an array"},
      {{{"apis", {Json::object()}}}, "API requires an _name"},
      {{{"apis", {{{"_name", "a"}}, {{"_name", "a"}}}}}, "Duplicate API configurations for a found"},
      {{{"operations", {{{"_op", "test-reader"}, {"_connection", "s3"}}, {{"_op", "noop"}}}}},
       "Operation test-reader refers to connection \\\"s3\\\" which is unavailable"},
      {{{"max_retries", "3"}}, "must be a number, an integer, and greater than or equal to zero"},
      {{{"max_retries", -1}}, "greater than or equal to zero"},
      {{{"probation_window", "soon"}}, "must be a positive integer or human readable string"},
      {{{"analytics", "maybe"}}, "must be true or false"},
      {{{"assets", "file"}}, "assets need to be of type array"},
      {{{"assets", {1}}}, "assets needs to be an array of strings"},
      {{{"env_vars", {{"A", ""}}}}, "value for key \\\"A\\\" must be not empty"},
      {{{"log_level", "loud"}}, "must be one of the following: trace,debug,info,warn,error,fatal"},
      {{{"workers", 1.5}}, "must be valid integer greater than zero"},
      {{{"workers", 1e300}}, "must be valid integer greater than zero"}};
  for (const auto& [fields, message] : wrong) {
    const std::string said = refusal(job(fields));
    BOOST_TEST(said.find("Validation failed for job config: ") == 0u, said);
    BOOST_TEST(said.find(message) != std::string::npos, said);
  }
}

BOOST_AUTO_TEST_CASE(texts_become_numbers_and_durations_where_that_is_allowed) {
  const auto checked =
      check_job(job({{"workers", "3"}, {"probation_window", "5 minutes"}, {"analytics", "0"}, {"active", 1}}));
  BOOST_REQUIRE(checked);
  BOOST_TEST(checked->config.json().at("workers") == 3);
  BOOST_TEST(checked->config.json().at("probation_window") == 300'000);
  BOOST_TEST(checked->config.json().at("analytics") == false);
  BOOST_TEST(checked->config.json().at("active") == true);
}

BOOST_AUTO_TEST_CASE(an_unknown_operation_is_named_with_its_neighbour) {
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "test-reader"}}, {{"_op", "nop"}}}}})) ==
             "Unable to find module for operation: nop; did you mean \"noop\"?");
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "test-reader"}}, {{"_op", "zzzzzz"}}}}}))
                 .find("Unable to find module for operation: zzzzzz; known operations are ") == 0u);
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "test-reader"}}, {{"_op", "_hidden"}}}}})) ==
             "Invalid name: _hidden, it is private or otherwise restricted");
}

BOOST_AUTO_TEST_CASE(a_reader_stands_first_and_nowhere_else) {
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "noop"}}, {{"_op", "noop"}}}}}))
                 .find("the first operation must be a reader") != std::string::npos);
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "test-reader"}}, {{"_op", "test-reader"}}}}}))
                 .find("can only be the first operation") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_wrong_option_names_operation_field_and_reason) {
  const std::string said =
      refusal(job({{"operations", {{{"_op", "data_generator"}, {"size", "many"}}, {{"_op", "noop"}}}}}));
  BOOST_TEST(
      said.find("Validation failed for operation config: data_generator - [{\"path\":[\"size\"],\"message\":\"") == 0u,
      said);
}

BOOST_AUTO_TEST_CASE(an_input_that_is_not_there_is_refused_at_submission) {
  const std::string said =
      refusal(job({{"operations",
                    {{{"_op", "file_reader"}, {"path", "/no/such/file"}, {"format", "ldjson"}}, {{"_op", "noop"}}}}}));
  BOOST_TEST(said.find("Validation failed for operation config: file_reader - ") == 0u, said);
  BOOST_TEST(said.find("/no/such/file") != std::string::npos, said);
}

// P2: output is named by slice, so that two exporters into one directory would take each other's files for repeats.
BOOST_AUTO_TEST_CASE(two_exporters_that_would_overwrite_each_others_files_are_refused_however_the_path_is_written) {
  const auto exporting = [](Json first, Json second) {
    first["_op"] = second["_op"] = "file_exporter";
    return check_job(job({{"operations", {{{"_op", "data_generator"}, {"size", 5}}, first, second}},
                          {"apis", {{{"_name", "file_sender_api"}, {"path", "/tmp/out"}}}}}));
  };
  const Json there{{"path", "/tmp/out"}};
  for (const Json& same :
       {there, Json{{"path", "/tmp/../tmp/./out/"}}, Json{{"path", "/tmp/out"}, {"extension", "ldjson"}},
        Json{{"_api_name", "file_sender_api"}}}) {
    const auto checked = exporting(there, same);
    BOOST_REQUIRE(!checked);
    const std::string& message = checked.error().message;
    BOOST_TEST(message.find("Validation failed for operation config: file_exporter") == 0U, message);
    BOOST_TEST(message.find(R"("path":["path"])") != std::string::npos, message);
    BOOST_TEST(message.find("operations[2] writes the same files as operations[1], \\\"/tmp/out/*.ldjson\\\"") !=
                   std::string::npos,
               message);
    BOOST_TEST(message.find("give it a path of its own") != std::string::npos, message);
  }
  for (const Json& other : {Json{{"path", "/tmp/out/late"}}, Json{{"path", "/tmp/out"}, {"extension", ".txt"}}}) {
    const auto checked = exporting(there, other);
    BOOST_TEST(checked.has_value(), (checked ? "" : checked.error().message));
  }
}

BOOST_AUTO_TEST_CASE(mistyped_options_and_fields_are_warnings_with_the_nearest_name) {
  const auto said = warnings(
      job({{"worker", 3}, {"cpu", 1}, {"operations", {{{"_op", "data_generator"}, {"siz", 3}}, {{"_op", "noop"}}}}}));
  BOOST_REQUIRE(said.size() == 2u);
  BOOST_TEST(said[0] == "unknown job field \"worker\"; did you mean \"workers\"?");
  BOOST_TEST(said[1].find("\"siz\"") != std::string::npos);
  BOOST_TEST(said[1].find("did you mean \"size\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(built_in_bundles_satisfy_every_version_and_others_none) {
  BOOST_TEST(warnings(job({{"assets", {"standard", "file"}}})).empty());
  BOOST_TEST(warnings(job({{"assets", {"file:2.1.0"}}})).size() == 1u);
  BOOST_TEST(refusal(job({{"assets", {"elastic:1"}}}))
                 .find("Failure to get assets, caused by No assets found for \"elastic:1\"") == 0u);
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "test-reader"}}, {{"_op", "noop@standard:1.0.0"}}}}})) ==
             "accepted");
  BOOST_TEST(refusal(job({{"operations", {{{"_op", "test-reader"}}, {{"_op", "noop@mine"}}}}})) ==
             "Invalid operation name for _op: noop@mine, could not find the hashID for asset identifier mine");
}

BOOST_AUTO_TEST_CASE(an_api_name_needs_its_api_R_ex_29) {
  const Json reader{{"_op", "file_reader"}, {"_api_name", "file_reader_api:a"}};
  const Json noop{{"_op", "noop"}};
  BOOST_TEST(
      refusal(job({{"operations", {reader, noop}}})).find("must link it to a valid api configuration on the job") !=
      std::string::npos);
  BOOST_TEST(refusal(job({{"operations", {reader, noop}},
                          {"apis", {{{"_name", "file_reader_api:b"}, {"path", "/tmp"}, {"format", "ldjson"}}}}}))
                 .find("Could not find the associated api for file_reader_api:a") != std::string::npos);
  BOOST_TEST(refusal(job({{"operations", {reader, noop}},
                          {"apis", {{{"_name", "file_reader_api:a"}, {"path", "/tmp"}, {"format", "ldjson"}}}}})) ==
             "accepted");
}

BOOST_AUTO_TEST_CASE(the_order_of_R_ex_30_decides_which_part_is_told) {
  Json all = job({{"assets", {"elastic"}}, {"slicers", 0}, {"operations", {{{"_op", "nop"}}, {{"_op", "noop"}}}}});
  BOOST_TEST(refusal(all).find("Failure to get assets") == 0u);
  all.erase("assets");
  BOOST_TEST(refusal(all).find("Validation failed for job config") == 0u);
  all.erase("slicers");
  BOOST_TEST(refusal(all).find("Unable to find module") == 0u);
}

BOOST_AUTO_TEST_CASE(a_report_has_every_error_of_every_part_and_every_warning) {
  const Json report =
      report_on({{"assets", {"elastic"}},
                 {"slicers", 0},
                 {"worker", 1},
                 {"operations", {{{"_op", "data_generator"}, {"size", "many"}, {"siz", 1}}, {{"_op", "nop"}}, 7}},
                 {"apis", {{{"_name", "no_such_api"}}}}})
          .json();
  BOOST_TEST(report.at("valid") == false);
  std::vector<std::string> paths;
  for (const Json& error : report.at("errors")) {
    paths.push_back(error.at("part").get<std::string>() + " " + error.at("path").dump());
    BOOST_TEST(!error.at("message").get<std::string>().empty());
  }
  const std::vector<std::string> expected{"assets [\"assets\"]",
                                          "job [\"operations\",2]",
                                          "job [\"slicers\"]",
                                          "operation [\"operations\",0,\"size\"]",
                                          "operation [\"operations\",1]",
                                          "api [\"apis\",0]"};
  BOOST_TEST(paths == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_report_on_a_good_job_says_so_with_its_warnings) {
  const Json report = report_on(job({{"worker", 1}})).json();
  BOOST_TEST(report.at("valid") == true);
  BOOST_TEST(report.at("errors").empty());
  BOOST_TEST(report.at("warnings").size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_older_spelling_is_a_deprecation_R_api_73) {
  const auto checked =
      check_job(job({{"operations", {{{"_op", "file_reader"}, {"api_name", "file_reader_api"}}, {{"_op", "noop"}}}},
                     {"apis", {{{"_name", "file_reader_api"}, {"path", "/tmp"}, {"format", "ldjson"}}}}}));
  BOOST_REQUIRE_MESSAGE(checked, (checked ? "" : checked.error().message));
  const Json& list = checked->warnings.json().at("list");
  BOOST_REQUIRE(list.size() == 1u);
  BOOST_TEST(list[0].at("type") == "JobValidation");
  BOOST_TEST(list[0].at("reason").at("type") == "assetOperation");
  BOOST_TEST(list[0].at("reason").at("kind") == "deprecation");
  BOOST_TEST(list[0].at("reason").at("reason").at("_op") == "file_reader");
  BOOST_TEST(list[0].at("reason").at("reason").at("field") == "api_name");
}

BOOST_AUTO_TEST_CASE(names_of_components_are_read_as_written_in_R_op_82) {
  BOOST_TEST((parse_component("op") == ComponentName{"op", "", ""}));
  BOOST_TEST((parse_component("op@asset:1.2.3") == ComponentName{"op", "asset:1.2.3", ""}));
  BOOST_TEST((parse_component("api:tag") == ComponentName{"api", "", "tag"}));
  BOOST_TEST((parse_component("api@asset:tag") == ComponentName{"api", "asset", "tag"}));
  BOOST_TEST((parse_component("api@asset:1.2.3:tag") == ComponentName{"api", "asset:1.2.3", "tag"}));
  BOOST_TEST(parse_component("api@file:tag").without_asset() == "api:tag");
}

BOOST_AUTO_TEST_SUITE_END()
