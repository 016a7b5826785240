#include "master/api/text_table.hpp"

#include <nlohmann/json.hpp>

using namespace slicebus;
using service::Document;
using Json = nlohmann::ordered_json;

namespace {

std::string table(const std::vector<std::string>& columns, const std::vector<Json>& rows, bool headers = true) {
  std::vector<Document> documents(rows.begin(), rows.end());
  return api::text_table(columns, documents, headers);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_tables)

BOOST_AUTO_TEST_CASE(cells_are_padded_to_the_widest_of_their_column_the_last_one_too_R_api_120) {
  BOOST_TEST(table({"node_id", "total", "node_version"},
                   {{{"node_id", "hostA"}, {"total", 8}, {"node_version", "v22.4.0"}},
                    {{"node_id", "a-long-name"}, {"total", 12}, {"node_version", "v22.4.0"}}}) ==
             "node_id      total  node_version\n"
             "-----------  -----  ------------\n"
             "hostA        8      v22.4.0     \n"
             "a-long-name  12     v22.4.0     \n");
}

BOOST_AUTO_TEST_CASE(missing_null_lists_and_objects_have_their_texts_R_api_121) {
  BOOST_TEST(table({"a", "b", "c", "d"}, {{{"b", nullptr}, {"c", {1, "x", true}}, {"d", {{"k", 1}}}}}) ==
             "a    b     c         d      \n"
             "---  ----  --------  -------\n"
             "N/A  null  1,x,true  {\"k\":1}\n");
}

BOOST_AUTO_TEST_CASE(no_records_are_one_line_of_blanks_under_the_header) {
  BOOST_TEST(table({"ab", "c"}, {}) == "ab  c\n--  -\n     \n");
}

BOOST_AUTO_TEST_CASE(without_headers_only_the_rows_stand_R_api_27) {
  BOOST_TEST(table({"name"}, {{{"name", "x"}}}, false) == "x   \n");
}

BOOST_AUTO_TEST_CASE(dotted_paths_lead_inside_R_api_26) {
  BOOST_TEST(table({"_slicer_stats.processed", "a.b"}, {{{"_slicer_stats", {{"processed", 7}}}, {"a.b", "flat"}}},
                   false) == "7                        flat\n");
}

BOOST_AUTO_TEST_CASE(characters_count_not_bytes_and_a_cell_stays_on_its_line) {
  BOOST_TEST(table({"n"}, {{{"n", "\xc3\xa4"}}, {{"n", "b\nc"}}}) == "n  \n---\n\xc3\xa4  \nb c\n");
}

BOOST_AUTO_TEST_SUITE_END()
