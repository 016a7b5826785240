#pragma once
#include <string>
#include <vector>

/// Every R-api id that states a request and an answer, as rows: what is asked of a running cluster, and what it says.
namespace slicebus::rest_table {

/// One request and its answer. In target, body and parts `{name}` stands for an id that the world made:
/// `{done}` for a job, `{done.ex}` for its execution.
struct Row {
  int id;               ///< R-api-…; 0: ours
  std::string request;  ///< "GET /v1/jobs"
  int status;
  std::vector<std::string> parts = {};  ///< texts that the body has; "head: …" those of the head; "not: …" none of it
  std::string body = {};
  std::string type = "application/json";
};

inline constexpr const char* good_job = R"({"name":"t","operations":[{"_op":"test-reader"},{"_op":"noop"}]})";

// In any order: they change nothing that another row looks at.
std::vector<Row> request_rows();  ///< §1, §2: transport, unknown ids, query parameters that lists share
std::vector<Row> read_rows();     ///< §3, §4, §7: what there is
std::vector<Row> refusal_rows();  ///< §5: commands that are refused
std::vector<Row> client_rows();   ///< §8: what clients ask and look for; ours

// In their order: each finds what the ones before it left.
std::vector<Row> command_rows();  ///< §5
std::vector<Row> asset_rows();    ///< §6

}  // namespace slicebus::rest_table
