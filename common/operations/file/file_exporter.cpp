#include <algorithm>
#include <filesystem>

#include "common/operations/dead_letter.hpp"
#include "common/operations/file/file_output.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"

namespace slicebus::operations {
namespace {

constexpr std::size_t write_bytes = 1U << 18U;

const OperationSpec file_sender_api_spec{
    .name = "file_sender_api",
    .kind = OperationKind::api,
    .summary = "Where a file_exporter writes its files, and how.",
    .fields = {
        {.name = "path",
         .type = "string",
         .range = "directory",
         .help = "Directory to write to; made when absent. Master and workers must see it under this path.",
         .required = true},
        {.name = "format",
         .type = "string",
         .range = "ldjson",
         .fallback = "\"ldjson\"",
         .help = "`ldjson`: one JSON object a line.",
         .one_of = {"ldjson"}},
        {.name = "compression",
         .type = "string",
         .range = "none",
         .fallback = "\"none\"",
         .help = "How the files are compressed.",
         .one_of = {"none"}},
        {.name = "fields",
         .type = "array of strings",
         .fallback = "[]",
         .help = "Writes only these fields, in this order; empty: all, as they are."},
        {.name = "extension",
         .type = "string",
         .help = "Ends the file names in place of `.ldjson`; a dot is put before it when missing, empty means none."},
        {.name = "line_delimiter",
         .type = "string",
         .range = "1..64 bytes",
         .fallback = "\"\\n\"",
         .help = "What ends a record."},
        {.name = "file_per_slice",
         .type = "boolean",
         .fallback = "true",
         .help = "Accepted and always true: each slice makes a file of its own."}}};

const OperationSpec file_exporter_spec{
    .name = "file_exporter",
    .kind = OperationKind::sender,
    .summary =
        "Writes the records of each slice to a file `<path>/<lineage>.<slicer>-<order>.ldjson`, effectively once: the "
        "file appears "
        "whole when the slice is accepted. A slice without records makes no file. Names that begin with a dot are not "
        "output.",
    .fields = {},
    .api = "file_sender_api"};

std::string extension_of(const nlohmann::json& options) {
  std::string extension = text_option(options, "extension", ".ldjson");
  return extension.empty() || extension.front() == '.' ? extension : "." + extension;
}

std::vector<std::pair<std::string, std::string>> check_exporter(const nlohmann::json& options) {
  std::vector<std::pair<std::string, std::string>> problems;
  if (const auto path = text_option(options, "path")) {
    if (const auto writable = file::check_output(*path); !writable) {
      const Error& error = writable.error();
      problems.emplace_back("path", error.where + ": " + error.what + "; " + error.remedy);
    }
  }
  const std::string extension = extension_of(options);
  if (extension.size() > 32 || std::any_of(extension.begin(), extension.end(), [](char byte) {
        return byte == '/' || static_cast<unsigned char>(byte) < 0x20;
      })) {
    problems.emplace_back("extension", "must be at most 32 bytes without '/' and control characters");
  }
  const std::size_t delimiter = text_option(options, "line_delimiter", "\n").size();
  if (delimiter == 0 || delimiter > 64) {
    problems.emplace_back("line_delimiter", "must be 1 to 64 bytes, got " + std::to_string(delimiter));
  }
  if (text_option(options, "_encoding", "json") != "json") {
    problems.emplace_back("_encoding", "must be json for format ldjson, got \"raw\"");
  }
  return problems;
}

/// The directory, however it is written, with the pattern of the names.
std::string output_of(const nlohmann::json& options) {
  const std::string path = text_option(options, "path", "");
  if (path.empty()) {
    return {};
  }
  std::error_code unknown;
  std::filesystem::path directory = std::filesystem::weakly_canonical(path, unknown);
  if (unknown) {
    directory = std::filesystem::absolute(path, unknown).lexically_normal();
  }
  return (directory / ("*" + extension_of(options))).string();
}

class FileExporter final : public Sender {
 public:
  explicit FileExporter(const nlohmann::json& options)
      : dead_letter_(options, "file_exporter"),
        directory_(text_option(options, "path", "")),
        extension_(extension_of(options)),
        delimiter_(text_option(options, "line_delimiter", "\n")),
        fields_(texts_option(options, "fields")) {}

  Result<Prepared> prepare(const SliceContext& slice, record::RecordBatch batch) override {
    if (batch.empty()) {
      return Prepared{std::move(batch)};
    }
    std::optional<file::OutputFile> output;
    const auto flush = [&](std::string& text) -> Result<void> {
      if (!output) {
        SB_TRY(created, file::OutputFile::create(
                            directory_, file::temporary_name(slice.lineage, slice.slice, slice.fence, extension_)));
        output.emplace(std::move(created));
      }
      SB_TRY_VOID(output->write(text));
      text.clear();
      return {};
    };
    std::string text;
    const auto take = [&](const record::Record& record) -> Result<bool> {
      SB_TRY_VOID(append(record, text));
      return true;
    };
    const auto write_when_much = [&]() -> Result<void> {
      return text.size() < write_bytes ? Result<void>{} : flush(text);
    };
    SB_TRY_VOID(keep_records(batch, dead_letter_, take, write_when_much));
    const std::uint64_t rejected = dead_letter_.take_rejected();
    if (!text.empty()) {
      SB_TRY_VOID(flush(text));
    }
    if (!output) {  // every record was rejected
      return Prepared{std::move(batch), rejected, false};
    }
    SB_TRY_VOID(output->finish());
    return Prepared{std::move(batch), rejected, true};
  }

  Result<void> publish(const LineageId& lineage, SlicePosition slice, Fence fence) override {
    return file::publish_file(directory_, file::temporary_name(lineage, slice, fence, extension_),
                              file::output_name(lineage, slice, extension_));
  }

  void drop(const LineageId& lineage, SlicePosition slice, Fence fence) override {
    file::drop_file(directory_, file::temporary_name(lineage, slice, fence, extension_));
  }

  void sweep(const LineageId& lineage, std::uint64_t last_epoch) override {
    file::sweep_files(directory_, lineage, last_epoch);
  }

 private:
  Result<void> append(const record::Record& record, std::string& text) const {
    if (fields_.empty()) {
      record.append_line(text);
      text += delimiter_;
      return {};
    }
    std::string projected = "{";
    for (const std::string& field : fields_) {
      SB_TRY(value, record.get(field));
      if (value) {
        projected += projected.size() == 1 ? "" : ",";
        projected += record::json_quote(field) + ":";
        projected += value->json;
      }
    }
    projected += '}';
    record::Record(projected).append_line(text);
    text += delimiter_;
    return {};
  }

  DeadLetter dead_letter_;
  std::string directory_;
  std::string extension_;
  std::string delimiter_;
  std::vector<std::string> fields_;
};

}  // namespace

const Operation& file_sender_api() {
  static const Operation operation{.spec = &file_sender_api_spec};
  return operation;
}

const Operation& file_exporter() {
  static const Operation operation{.spec = &file_exporter_spec,
                                   .check = check_exporter,
                                   .output = output_of,
                                   .make_sender = [](const nlohmann::json& options) -> Result<std::unique_ptr<Sender>> {
                                     return std::make_unique<FileExporter>(options);
                                   }};
  return operation;
}

}  // namespace slicebus::operations
