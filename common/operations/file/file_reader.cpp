#include <algorithm>

#include "common/operations/dead_letter.hpp"
#include "common/operations/file/file_chunk.hpp"
#include "common/operations/file/file_walk.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"
#include "common/record/json_scan.hpp"

namespace slicebus::operations {
namespace {

constexpr std::int64_t slice_bytes = 10'000'000;
constexpr std::int64_t slice_bytes_max = 1LL << 40U;

const OperationSpec file_reader_api_spec{
    .name = "file_reader_api",
    .kind = OperationKind::api,
    .summary = "Which files a file_reader reads, and how.",
    .fields = {{.name = "path",
                .type = "string",
                .range = "file or directory",
                .help = "A file, or a directory that is read with all below it, in the order of the names (bytes); "
                        "names that begin with a dot are passed over. Every machine must see it under this path.",
                .required = true},
               {.name = "format",
                .type = "string",
                .range = "ldjson",
                .fallback = "\"ldjson\"",
                .help = "`ldjson`: one JSON object a line. Blank lines are skipped, a carriage return at the end of a "
                        "line is not part of it.",
                .one_of = {"ldjson"}},
               {.name = "compression",
                .type = "string",
                .range = "none",
                .fallback = "\"none\"",
                .help = "How the files are compressed.",
                .one_of = {"none"}},
               {.name = "size",
                .type = "integer",
                .range = "1..2^40 bytes",
                .fallback = "10000000",
                .help = "Bytes of a slice. A record belongs to the slice in which its first byte lies.",
                .min = 1,
                .max = static_cast<double>(slice_bytes_max)},
               {.name = "file_per_slice",
                .type = "boolean",
                .fallback = "false",
                .help = "Makes each file one slice, whatever its size."},
               {.name = "line_delimiter",
                .type = "string",
                .range = "1..64 bytes",
                .fallback = "\"\\n\"",
                .help = "What ends a record."}}};

const OperationSpec file_reader_spec{
    .name = "file_reader",
    .kind = OperationKind::reader,
    .summary =
        "Cuts files into slices of bytes and reads their records. A file's size is taken when its first slice is cut; "
        "files that "
        "are added later are read if their name sorts behind the place reached, and a restart goes on exactly there.",
    .fields = {},
    .api = "file_reader_api"};

struct ReaderOptions {
  explicit ReaderOptions(const nlohmann::json& options)
      : path(text_option(options, "path", "")),
        delimiter(text_option(options, "line_delimiter", "\n")),
        slice(static_cast<std::uint64_t>(
            std::clamp<std::int64_t>(integer_option(options, "size", slice_bytes), 1, slice_bytes_max))),
        file_per_slice(flag_option(options, "file_per_slice", false)) {}
  std::string path;
  std::string delimiter;
  std::uint64_t slice;
  bool file_per_slice;
};

std::string with_remedy(const Error& error) { return error.what + (error.remedy.empty() ? "" : "; " + error.remedy); }

std::vector<std::pair<std::string, std::string>> check_reader(const nlohmann::json& options) {
  std::vector<std::pair<std::string, std::string>> problems;
  const ReaderOptions reader(options);
  if (const auto path = text_option(options, "path")) {
    if (const auto readable = file::check_input(*path, false); !readable) {
      problems.emplace_back("path", readable.error().where + ": " + with_remedy(readable.error()));
    }
  }
  if (reader.delimiter.empty() || reader.delimiter.size() > 64) {
    problems.emplace_back("line_delimiter", "must be 1 to 64 bytes, got " + std::to_string(reader.delimiter.size()));
  } else if (file::overlaps_itself(reader.delimiter) && !reader.file_per_slice) {
    problems.emplace_back(
        "line_delimiter",
        "overlaps itself, so that a file cannot be cut at it; set file_per_slice to true, or use another one");
  }
  if (text_option(options, "_encoding", "json") != "json") {
    problems.emplace_back("_encoding", "must be json for format ldjson, got \"raw\"");
  }
  return problems;
}

/// Position: the file in work, and the next byte of it.
class FileSlicer final : public Slicer {
 public:
  FileSlicer(ReaderOptions options, file::FileWalk walk, bool persistent)
      : options_(std::move(options)), walk_(std::move(walk)), persistent_(persistent) {}

  Result<void> go_on_from(std::string_view cursor) {
    const record::Record position(cursor);
    SB_TRY_VOID(position.validate());
    SB_TRY(root, position.get("root"));
    SB_TRY(at, position.get("file"));
    SB_TRY(next, position.get("next"));
    SB_TRY(total, position.get("total"));
    const std::optional<std::string> relative = at ? at->text() : std::nullopt;
    const std::int64_t offset = next ? next->integer().value_or(-1) : -1;
    const std::int64_t size = total ? total->integer().value_or(-1) : -1;
    if (!root || !relative || offset < 0 || size < 0) {
      return fail(Errc::invalid, "operation \"file_reader\"", "cursor is not one of its own", "start a new execution");
    }
    if (root->text() != options_.path) {
      return fail(Errc::conflict, "operation \"file_reader\"",
                  "the execution read \"" + root->text().value_or("") + "\" so far and cannot go on in \"" +
                      options_.path + "\"",
                  "give the earlier path, or start a new execution");
    }
    SB_TRY_VOID(walk_.seek(*relative));
    SB_TRY(found, walk_.next());
    if (found && found->relative == relative) {
      next_ = static_cast<std::uint64_t>(offset);
      found->size = static_cast<std::uint64_t>(size);
    }
    file_ = std::move(found);
    return {};
  }

  Result<SlicerStep> next(std::size_t max) override {
    SlicerStep step;
    while (step.requests.size() < max) {
      if (!file_ || next_ >= file_->size) {
        SB_TRY(found, walk_.next());
        if (!found) {
          step.done = !persistent_;
          break;
        }
        file_ = std::move(found);
        next_ = 0;
        continue;  // it may be empty
      }
      const std::uint64_t rest = file_->size - next_;
      const std::uint64_t length = options_.file_per_slice ? rest : std::min(options_.slice, rest);
      step.requests.push_back(file::chunk_request({file_->path, next_, length, file_->size}));
      next_ += length;
    }
    if (file_ && !step.requests.empty()) {
      step.cursor = "{\"root\":" + record::json_quote(options_.path) +
                    ",\"file\":" + record::json_quote(file_->relative) + ",\"next\":" + std::to_string(next_) +
                    ",\"total\":" + std::to_string(file_->size) + "}";
    }
    return step;
  }

 private:
  ReaderOptions options_;
  file::FileWalk walk_;
  bool persistent_;
  std::optional<file::FoundFile> file_;
  std::uint64_t next_ = 0;
};

class FileFetcher final : public Fetcher {
 public:
  explicit FileFetcher(const nlohmann::json& options) : options_(options), dead_letter_(options, "file_reader") {}

  Result<record::RecordBatch> fetch(const SliceContext& /*slice*/, std::string_view request) override {
    dead_letter_.take_rejected();
    rejected_ = 0;
    SB_TRY(chunk, file::parse_chunk(request));
    SB_TRY(lines, file::read_chunk(chunk, options_.delimiter));
    record::RecordBatch batch;
    const std::string_view text = batch.adopt(std::move(lines.text));
    std::size_t at = 0;
    if (lines.first == 0 && text.substr(0, 3) == "\xEF\xBB\xBF") {
      at = 3;  // the byte order mark that some editors write
    }
    while (at < text.size()) {
      const std::size_t end = std::min(text.find(options_.delimiter, at), text.size());
      SB_TRY_VOID(add(batch, text.substr(at, end - at), chunk.path, lines.first + at));
      at = end + options_.delimiter.size();
    }
    rejected_ = dead_letter_.take_rejected();
    return batch;
  }

  std::uint64_t rejected() const override { return rejected_; }

 private:
  Result<void> add(record::RecordBatch& batch, std::string_view line, const std::string& path, std::uint64_t offset) {
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (std::all_of(line.begin(), line.end(), record::is_space)) {
      return {};
    }
    if (auto checked = record::check_json_object(line); !checked) {
      Error error = std::move(checked).error();
      error.where = "path \"" + path + "\", line at byte " + std::to_string(offset);
      return dead_letter_.reject(line, error);
    }
    batch.add_view(line);
    return {};
  }

  ReaderOptions options_;
  DeadLetter dead_letter_;
  std::uint64_t rejected_ = 0;
};

}  // namespace

const Operation& file_reader_api() {
  static const Operation operation{.spec = &file_reader_api_spec};
  return operation;
}

const Operation& file_reader() {
  static const Operation operation{
      .spec = &file_reader_spec,
      .check = check_reader,
      .make_slicer = [](const SlicerSetup& setup) -> Result<std::unique_ptr<Slicer>> {
        ReaderOptions options(setup.options);
        const bool goes_on = setup.cursor && !setup.cursor->empty();
        SB_TRY(walk, file::FileWalk::open(options.path, goes_on));
        auto slicer = std::make_unique<FileSlicer>(std::move(options), std::move(walk), setup.persistent);
        if (goes_on) {
          SB_TRY_VOID(slicer->go_on_from(*setup.cursor));
        }
        return slicer;
      },
      .make_fetcher = [](const nlohmann::json& options) -> Result<std::unique_ptr<Fetcher>> {
        return std::make_unique<FileFetcher>(options);
      }};
  return operation;
}

}  // namespace slicebus::operations
