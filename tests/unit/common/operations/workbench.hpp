#pragma once
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/operations/catalog.hpp"

/// What the tests of operations share: a directory of their own, and short ways to check, build and run one.
namespace slicebus::operations::test {

/// A directory that is gone with all in it at the end of the test.
class TestDirectory {
 public:
  TestDirectory() : path_(std::filesystem::temp_directory_path() / ("slicebus-" + new_uuid())) {
    std::filesystem::create_directories(path_);
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  std::string at(const std::string& name = {}) const { return name.empty() ? path_.string() : (path_ / name).string(); }
  void write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Names in it, sorted, dots included.
  std::vector<std::string> names(const std::string& below = {}) const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(below.empty() ? path_ : path_ / below)) {
      out.push_back(entry.path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::filesystem::path path_;
};

/// "path: message" of every problem that submission would answer for this operation, spec and own checks together.
inline std::vector<std::string> problems_of(nlohmann::json entry) {
  const Operation* operation = find_operation(entry["_op"].get<std::string>());
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
  check_entry(*operation->spec, "op", entry, problems, warnings);
  std::vector<std::string> out;
  for (const Problem& problem : problems) {
    out.push_back(problem.path + ": " + problem.message);
  }
  if (problems.empty() && operation->check) {
    for (const auto& [name, message] : operation->check(entry)) {
      out.push_back("op." + name + ": " + message);
    }
  }
  return out;
}

/// The entry with its defaults.
inline nlohmann::json checked(nlohmann::json entry) {
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
  check_entry(*find_operation(entry["_op"].get<std::string>())->spec, "op", entry, problems, warnings);
  return entry;
}

inline record::RecordBatch batch_of(const std::vector<std::string>& records) {
  record::RecordBatch batch;
  for (const std::string& record : records) {
    batch.add(record);
  }
  return batch;
}

inline std::vector<std::string> texts(const record::RecordBatch& batch) {
  std::vector<std::string> out;
  for (const record::Record& record : batch.records()) {
    out.emplace_back(record.bytes());
  }
  return out;
}

/// Runs a processor over records: what comes out, then "rejected=n" if any were, or "error: …".
inline std::vector<std::string> run(nlohmann::json entry, const std::vector<std::string>& records) {
  const nlohmann::json options = checked(std::move(entry));
  auto processor = find_operation(options["_op"].get<std::string>())->make_processor(options);
  if (!processor) {
    return {"error: " + processor.error().text()};
  }
  auto processed = (*processor)->process({}, batch_of(records));
  if (!processed) {
    return {"error: " + processed.error().text()};
  }
  std::vector<std::string> out = texts(processed->records);
  if (processed->rejected > 0) {
    out.push_back("rejected=" + std::to_string(processed->rejected));
  }
  return out;
}

/// All requests of a reader, asked for `max` at a time, and every cursor with the number of requests before it.
struct Cut {
  std::vector<std::string> requests;
  std::vector<std::pair<std::size_t, std::string>> cursors;
  std::string error;
};
inline Cut cut(const nlohmann::json& options, std::size_t max, std::optional<std::string> cursor = {},
               std::uint32_t slicer_id = 0, std::uint32_t slicers = 1, bool persistent = false,
               std::size_t requests_max = 100'000) {
  Cut out;
  auto slicer = find_operation(options["_op"].get<std::string>())
                    ->make_slicer({.options = options,
                                   .slicer_id = slicer_id,
                                   .slicers = slicers,
                                   .persistent = persistent,
                                   .cursor = cursor});
  if (!slicer) {
    out.error = slicer.error().text();
    return out;
  }
  while (out.requests.size() < requests_max) {
    auto step = (*slicer)->next(max);
    if (!step) {
      out.error = step.error().text();
      return out;
    }
    if (step->requests.size() > max) {
      out.error = "more requests than asked for";
      return out;
    }
    out.requests.insert(out.requests.end(), step->requests.begin(), step->requests.end());
    if (!step->requests.empty()) {
      out.cursors.emplace_back(out.requests.size(), step->cursor);
    }
    if (step->done || (persistent && step->requests.empty())) {
      break;
    }
  }
  return out;
}

inline Result<record::RecordBatch> fetch(const nlohmann::json& options, std::string_view request) {
  auto fetcher = find_operation(options["_op"].get<std::string>())->make_fetcher(options);
  if (!fetcher) {
    return fail(std::move(fetcher).error());
  }
  return (*fetcher)->fetch({}, request);
}

}  // namespace slicebus::operations::test
