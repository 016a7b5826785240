#include "tests/support/jobs.hpp"

#include <fstream>

namespace slicebus::support {

using nlohmann::json;

namespace {

void write_lines(const std::filesystem::path& path, int lines) {
  std::ofstream file(path);
  for (int i = 0; i < lines; ++i) {
    file << "{\"a\":" << i << "}\n";
  }
}

}  // namespace

json job_of(const MadeUp& made_up) {
  json job{{"name", made_up.name},
           {"workers", made_up.workers},
           {"operations",
            {{{"_op", "data_generator"},
              {"size", made_up.slices * made_up.records_of_slice},
              {"slice_size", made_up.records_of_slice},
              {"seed", 7},
              {"end", "2020-01-01T00:00:00.000Z"},
              {"set_id", "hexadecimal"}},
             {{"_op", "delay"}, {"ms", made_up.slice_ms}}}}};
  if (!made_up.output.empty()) {
    job["operations"].push_back({{"_op", "file_exporter"}, {"path", made_up.output}, {"format", "ldjson"}});
  }
  return job;
}

json failing_job(const std::filesystem::path& directory) {
  const std::filesystem::path input = directory / "broken.ndjson";
  std::ofstream(input) << "{\"a\":\n";
  return {
      {"name", "failing"},
      {"workers", 1},
      {"max_retries", 0},
      {"operations", {{{"_op", "file_reader"}, {"path", input.string()}, {"format", "ldjson"}}, {{"_op", "noop"}}}}};
}

VanishingInput::VanishingInput(const std::filesystem::path& directory, Shape shape) : shape_(shape) {
  static int made = 0;
  folder_ = directory / ("vanishing-" + std::to_string(++made));
  first_ = folder_ / "a.ndjson";
  std::filesystem::create_directory(folder_);
  write_lines(first_, shape_.lines_that_go);
  if (shape_.lines_that_stay > 0) {
    write_lines(folder_ / "b.ndjson", shape_.lines_that_stay);
  }
}

json VanishingInput::job() const {
  return {{"name", "vanishing"},
          {"workers", shape_.workers},
          {"max_retries", shape_.max_retries},
          {"operations",
           {{{"_op", "file_reader"}, {"path", folder_.string()}, {"format", "ldjson"}, {"size", shape_.bytes_of_slice}},
            {{"_op", "delay"}, {"ms", shape_.slice_ms}}}}};
}

void VanishingInput::take_away() const { std::filesystem::rename(first_, folder_.string() + ".away"); }
void VanishingInput::put_back() const { std::filesystem::rename(folder_.string() + ".away", first_); }

}  // namespace slicebus::support
