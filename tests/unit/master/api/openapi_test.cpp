#include "master/api/openapi.hpp"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "master/api/routes.hpp"

using namespace slicebus;
using namespace slicebus::api;
using Json = nlohmann::ordered_json;

namespace {

const Json& document() {
  static const Json json = openapi().json();
  return json;
}

/// Every value of `$ref` in a document.
void collect_references(const Json& json, std::set<std::string>& found) {
  if (!json.is_structured()) {
    return;
  }
  for (const auto& [key, value] : json.items()) {
    if (json.is_object() && key == "$ref") {
      found.insert(value.get<std::string>());
    }
    collect_references(value, found);
  }
}

/// "GET /jobs/{job_id}" of every endpoint.
std::set<std::string> described() {
  std::set<std::string> out;
  for (const auto& [path, item] : document().at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method != "servers") {
        std::string call = method;
        std::transform(call.begin(), call.end(), call.begin(),
                       [](char c) { return static_cast<char>(std::toupper(c)); });
        out.insert(call + " " + path);
      }
    }
  }
  return out;
}

/// The same as headings of the page: "## GET /jobs" or "### GET /jobs".
std::set<std::string> documented() {
  const char* source = std::getenv("SLICEBUS_SOURCE");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "ctest sets SLICEBUS_SOURCE to the source tree");
  std::ifstream page(std::string(source) + "/docs/rest-api.md");
  std::set<std::string> out;
  for (std::string line; std::getline(page, line);) {
    const std::size_t text = line.find_first_not_of('#');
    std::istringstream words(text == 0 || text == std::string::npos ? "" : line.substr(text));
    std::string method;
    std::string path;
    if (words >> method >> path && path.front() == '/') {
      out.insert(method + " " + path);
    }
  }
  return out;
}

std::string shape(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    inside = c == '{' || (inside && c != '}');
    if (!inside) {
      out += c;
    }
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(openapi_document)

BOOST_AUTO_TEST_CASE(every_route_is_described_and_nothing_else) {
  std::set<std::string> rows;
  for (const Route& route : routes()) {
    BOOST_TEST(rows.insert(std::string(route.method) + " " + std::string(route.path)).second, route.path);
    BOOST_TEST((route.summary.size() > 8 && route.summary.back() == '.'), route.path);
    BOOST_TEST(!route.answer.empty(), route.path);
    BOOST_TEST(!route.successes.empty(), route.path);
  }
  BOOST_TEST(rows == described(), boost::test_tools::per_element());
  BOOST_TEST(document().at("openapi") == "3.1.0");
}

BOOST_AUTO_TEST_CASE(every_reference_leads_somewhere) {
  std::set<std::string> references;
  collect_references(document(), references);
  BOOST_TEST(references.size() > 20u);
  for (const std::string& reference : references) {
    BOOST_TEST(document().contains(Json::json_pointer(reference.substr(1))), reference);
  }
}

BOOST_AUTO_TEST_CASE(every_schema_is_json_and_used) {
  std::set<std::string> references;
  collect_references(document(), references);
  for (const auto& [name, schema] : document().at("components").at("schemas").items()) {
    BOOST_TEST(schema.is_object(), name);
    if (!references.contains("#/components/schemas/" + name)) {
      BOOST_TEST_MESSAGE("no endpoint uses schema " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_parameter_is_named_once_typed_and_explained) {
  std::set<std::string> ids;
  for (const auto& [path, item] : document().at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "servers") {
        continue;
      }
      BOOST_TEST(ids.insert(operation.at("operationId").get<std::string>()).second, path);
      std::set<std::string> names;
      for (const Json& parameter : operation.at("parameters")) {
        const std::string name = parameter.at("name");
        BOOST_TEST(names.insert(name).second, path + " " + name);
        BOOST_TEST((parameter.at("schema").is_object() && parameter.at("schema").contains("type")), path + " " + name);
        BOOST_TEST(parameter.at("description").get<std::string>().size() > 8, path + " " + name);
        BOOST_TEST((parameter.at("in") == "query" || path.find("{" + name + "}") != std::string::npos));
      }
      for (const char* status : {"400", "405", "500", "503"}) {
        BOOST_TEST(operation.at("responses").contains(status), path + " " + status);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(paths_that_differ_only_in_a_parameters_name_are_one_path) {
  std::map<std::string, std::string> spellings;
  for (const Route& route : routes()) {
    const auto [at, is_new] = spellings.emplace(shape(route.path), route.path);
    BOOST_TEST((is_new || at->second == route.path), route.path << " is " << at->second << " elsewhere");
  }
}

BOOST_AUTO_TEST_CASE(tables_of_text_are_bare_only) {
  const Json& tables = document().at("paths").at("/txt/jobs");
  BOOST_TEST(tables.at("servers") == Json::array({Json{{"url", "/"}}}));
  BOOST_TEST(tables.at("get").at("responses").at("200").at("content").contains("text/plain"));
}

BOOST_AUTO_TEST_CASE(the_page_has_a_section_for_each_call_and_no_other) {
  BOOST_TEST(documented() == described(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
