#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/descriptor.hpp"
#include "common/operations/dead_letter.hpp"
#include "common/operations/file/file_error.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"
#include "common/operations/sample_record.hpp"
#include "common/record/json_scan.hpp"

namespace slicebus::operations {
namespace {

constexpr std::size_t file_bytes_max = 256U << 20U;
constexpr std::size_t request_bytes_max = 1U << 20U;
constexpr std::uint64_t sample_requests = 10;
constexpr std::uint64_t sample_records = 187;

const OperationSpec test_reader_spec{
    .name = "test-reader",
    .kind = OperationKind::reader,
    .summary =
        "Slices and records from files, or built-in samples: 10 requests {start, end}, and 187 people (`id`, `name`, "
        "`ip`, `url`, "
        "`created`) for each slice. For tests. `once`: each request once; `persistent`: over and over.",
    .fields = {{.name = "slicer_data_file_path",
                .type = "string",
                .range = "file",
                .help = "JSON array of requests to cut, instead of the samples."},
               {.name = "fetcher_data_file_path",
                .type = "string",
                .range = "file",
                .help = "JSON array of records that every slice gives, instead of the samples."},
               {.name = "passthrough_slice",
                .type = "boolean",
                .fallback = "false",
                .help = "The request itself is the array of records."}}};

/// The file's text, checked to be a JSON array.
Result<std::string> read_array(const std::string& path) {
  const std::string what = "Unable to read file at path " + path;
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open()) {
    Error error = file::file_error(errno, "read", path);
    error.what = what + ": " + error.what;
    return fail(std::move(error));
  }
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + (1U << 16U));
    const ssize_t got = ::read(opened.get(), text.data() + before, text.size() - before);
    if (got < 0 && errno != EINTR) {
      Error error = file::file_error(errno, "read", path);
      error.what = what + ": " + error.what;
      return fail(std::move(error));
    }
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) {
      break;
    }
    if (text.size() > file_bytes_max) {
      return fail(Errc::exhausted, "path \"" + path + "\"",
                  what + ": it is larger than " + std::to_string(file_bytes_max >> 20U) + " MiB", "use file_reader");
    }
  }
  if (auto checked = record::check_json(text); !checked) {
    return fail(Errc::invalid, "path \"" + path + "\"", what + ": " + checked.error().what,
                "it must be one JSON array");
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  if (text[first] != '[') {
    return fail(Errc::invalid, "path \"" + path + "\"", what + ": it is not a JSON array", "it must be one JSON array");
  }
  return text;
}

std::vector<std::string> sample_request_list() {
  std::vector<std::string> requests;
  for (std::uint64_t at = 0; at < sample_requests; ++at) {
    requests.push_back("{\"start\":" + std::to_string(at * 100) + ",\"end\":" + std::to_string(at * 100 + 100) + "}");
  }
  return requests;
}

std::string sample_array() {
  std::string text = "[";
  for (std::uint64_t at = 0; at < sample_records; ++at) {
    Chance chance(0, at);
    text += at == 0 ? "{\"id\":" : ",{\"id\":";
    append_number(text, at + 1);
    text += ",\"name\":\"";
    append_name(text, chance);
    text += "\",\"ip\":\"";
    append_ipv4(text, chance);
    text += "\",\"url\":\"";
    append_url(text, chance);
    text += "\",\"created\":\"2018-";
    append_number(text, 10 + chance.below(3));
    text += "-";
    append_number(text, 10 + chance.below(20));
    text += "T00:00:00.000Z\"}";
  }
  return text + "]";
}

std::vector<std::pair<std::string, std::string>> check_test_reader(const nlohmann::json& options) {
  std::vector<std::pair<std::string, std::string>> problems;
  for (const char* name : {"slicer_data_file_path", "fetcher_data_file_path"}) {
    if (const auto path = text_option(options, name)) {
      if (const auto read = read_array(*path); !read) {
        problems.emplace_back(name,
                              read.error().what + (read.error().remedy.empty() ? "" : "; " + read.error().remedy));
      }
    }
  }
  return problems;
}

class TestSlicer final : public Slicer {
 public:
  TestSlicer(std::vector<std::string> requests, bool persistent)
      : requests_(std::move(requests)), persistent_(persistent) {}

  Result<void> go_on_from(std::string_view cursor) {
    const record::Record position(cursor);
    SB_TRY_VOID(position.validate());
    SB_TRY(next, position.get("next"));
    const std::int64_t at = next ? next->integer().value_or(-1) : -1;
    if (at < 0) {
      return fail(Errc::invalid, "operation \"test-reader\"", "cursor is not one of its own", "start a new execution");
    }
    next_ = static_cast<std::size_t>(at);
    return {};
  }

  Result<SlicerStep> next(std::size_t max) override {
    SlicerStep step;
    while (step.requests.size() < max) {
      if (next_ >= requests_.size()) {
        if (!persistent_ || requests_.empty()) {
          step.done = !persistent_;
          break;
        }
        next_ = 0;
      }
      step.requests.push_back(requests_[next_++]);
    }
    if (!step.requests.empty()) {
      step.cursor = "{\"next\":" + std::to_string(next_) + "}";
    }
    return step;
  }

 private:
  std::vector<std::string> requests_;
  bool persistent_;
  std::size_t next_ = 0;
};

class TestFetcher final : public Fetcher {
 public:
  TestFetcher(const nlohmann::json& options, std::string records)
      : dead_letter_(options, "test-reader"),
        records_(std::move(records)),
        passthrough_(flag_option(options, "passthrough_slice", false)) {}

  Result<record::RecordBatch> fetch(const SliceContext& /*slice*/, std::string_view request) override {
    dead_letter_.take_rejected();
    rejected_ = 0;
    record::RecordBatch batch;
    const std::string_view array = batch.adopt(passthrough_ ? std::string(request) : records_);
    record::Walk walk(array);
    if (!record::check_json(array) || walk.malformed() || walk.is_object()) {
      return fail(
          Errc::invalid, "operation \"test-reader\"",
          "Test, when passthrough_slice is set to true it expects an array, got " + record::printable(array, 60),
          "give it a slicer_data_file_path whose requests are arrays of records");
    }
    while (walk.next()) {
      if (auto checked = record::check_json_object(walk.value()); !checked) {
        SB_TRY_VOID(dead_letter_.reject(walk.value(), checked.error()));
        continue;
      }
      batch.add_view(walk.value());
    }
    rejected_ = dead_letter_.take_rejected();
    return batch;
  }

  std::uint64_t rejected() const override { return rejected_; }

 private:
  DeadLetter dead_letter_;
  std::string records_;
  bool passthrough_;
  std::uint64_t rejected_ = 0;
};

Result<std::unique_ptr<Slicer>> make_test_slicer(const SlicerSetup& setup) {
  std::vector<std::string> requests = sample_request_list();
  if (const auto path = text_option(setup.options, "slicer_data_file_path")) {
    SB_TRY(text, read_array(*path));
    requests.clear();
    for (record::Walk walk(text); walk.next();) {
      if (walk.value().size() > request_bytes_max) {
        return fail(Errc::exhausted, "path \"" + *path + "\"",
                    "request " + std::to_string(requests.size() + 1) + " is " + std::to_string(walk.value().size()) +
                        " bytes long (limit " + std::to_string(request_bytes_max) + ")",
                    "split it");
      }
      requests.emplace_back(walk.value());
    }
  }
  auto slicer = std::make_unique<TestSlicer>(std::move(requests), setup.persistent);
  if (setup.cursor && !setup.cursor->empty()) {
    SB_TRY_VOID(slicer->go_on_from(*setup.cursor));
  }
  return slicer;
}

}  // namespace

const Operation& test_reader() {
  static const Operation operation{
      .spec = &test_reader_spec,
      .check = check_test_reader,
      .make_slicer = make_test_slicer,
      .make_fetcher = [](const nlohmann::json& options) -> Result<std::unique_ptr<Fetcher>> {
        std::string records;
        if (const auto path = text_option(options, "fetcher_data_file_path")) {
          SB_TRY(text, read_array(*path));
          records = std::move(text);
        } else {
          records = sample_array();
        }
        return std::make_unique<TestFetcher>(options, std::move(records));
      }};
  return operation;
}

}  // namespace slicebus::operations
