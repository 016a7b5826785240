#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "common/operations/date_text.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"
#include "common/operations/sample_record.hpp"
#include "common/time.hpp"

namespace slicebus::operations {
namespace {

constexpr std::int64_t records_max = 1LL << 53U;
constexpr std::int64_t slice_records = 1'000;
constexpr std::int64_t slice_records_max = 1'000'000;
constexpr std::size_t record_bytes = 512;  // about; what a batch reserves for each

const OperationSpec generator_spec{
    .name = "data_generator",
    .kind = OperationKind::reader,
    .summary =
        "Makes up records: `ip`, `userAgent`, `url`, `uuid`, `created`, `ipv6`, `location`, `bytes`. Each is computed "
        "from the "
        "seed and its position alone, so that a slice that runs again gives the same records (but for formats that "
        "tell the "
        "present time), and no two records are equal.",
    .fields = {
        {.name = "size",
         .type = "integer",
         .range = "1..2^53",
         .fallback = "5000",
         .help = "How many records in all (lifecycle `once`). With `persistent` there is no end, and slices have at "
                 "most this many.",
         .min = 1,
         .max = static_cast<double>(records_max)},
        {.name = "slice_size",
         .type = "integer",
         .range = "1..1'000'000",
         .fallback = "1000",
         .help = "Records a slice; the last one may be shorter.",
         .min = 1,
         .max = static_cast<double>(slice_records_max)},
        {.name = "seed",
         .type = "integer",
         .range = "0..2^53",
         .help = "Where the records come from; drawn once for an execution when absent, and stored in it.",
         .min = 0,
         .max = static_cast<double>(records_max)},
        {.name = "start", .type = "date", .help = "Earliest `created` of formats that draw a date; 1970 when absent."},
        {.name = "end",
         .type = "date",
         .help = "Latest `created` of formats that draw a date; the time of submission when absent, stored in the "
                 "execution."},
        {.name = "format",
         .type = "string",
         .range = "dateNow, utcDate, isoBetween, utcBetween",
         .fallback = "\"utcBetween\"",
         .help = "How `created` is made: `dateNow` (local time with offset) and `utcDate` tell the present time, "
                 "`isoBetween` (+00:00) and "
                 "`utcBetween` (Z) draw one between `start` and `end`.",
         .one_of = {"dateNow", "utcDate", "isoBetween", "utcBetween"}},
        {.name = "date_key", .type = "string", .fallback = "\"created\"", .help = "Name of the date field."},
        {.name = "set_id",
         .type = "string",
         .range = "base64url, hexadecimal, HEXADECIMAL",
         .help = "Adds `id`, 8 or 9 random characters of that alphabet.",
         .one_of = {"base64url", "hexadecimal", "HEXADECIMAL"}},
        {.name = "id_start_key", .type = "string", .help = "What every `id` begins with; needs `set_id`."},
        {.name = "stress_test",
         .type = "boolean",
         .fallback = "false",
         .help = "Makes one record and repeats it in every slice, for speed; not together with `delay`."},
        {.name = "delay",
         .type = "number",
         .range = "0..86'400 s",
         .fallback = "0",
         .help = "Seconds to wait in each slice before its records are made.",
         .min = 0,
         .max = 86'400}}};

std::optional<std::int64_t> date_option(const nlohmann::json& options, const char* name) {
  if (const auto text = text_option(options, name)) {
    return parse_date(*text);
  }
  return has_option(options, name) ? std::optional<std::int64_t>(integer_option(options, name, 0)) : std::nullopt;
}

std::vector<std::pair<std::string, std::string>> check_generator(const nlohmann::json& options) {
  std::vector<std::pair<std::string, std::string>> problems;
  const auto start = date_option(options, "start");
  const auto end = date_option(options, "end");
  if (start && end && *start >= *end) {
    problems.emplace_back("start", "start must be before end");
  }
  if (has_option(options, "id_start_key") && !has_option(options, "set_id")) {
    problems.emplace_back("id_start_key", "id_start_key must be used with set_id");
  }
  if (flag_option(options, "stress_test", false) && number_option(options, "delay", 0) > 0) {
    problems.emplace_back("delay", "cannot be used together with stress_test");
  }
  if (has_option(options, "json_schema")) {
    problems.emplace_back(
        "json_schema",
        "is not supported; the records have fixed fields, which set_field, rename_field and drop_field can change");
  }
  if (text_option(options, "_encoding", "json") != "json") {
    problems.emplace_back("_encoding", "must be json, got \"raw\"");
  }
  return problems;
}

/// 48 bits of the system's chance, by way of a UUID's free digits.
std::int64_t drawn_seed() {
  const std::string uuid = new_uuid();
  return std::stoll(uuid.substr(0, 8) + uuid.substr(9, 4), nullptr, 16);
}

void freeze_generator(nlohmann::json& options) {
  if (!options.is_object()) {
    return;
  }
  if (!has_option(options, "seed")) {
    options["seed"] = drawn_seed();
  }
  if (!has_option(options, "end")) {
    options["end"] = iso8601(wall_now());
  }
}

/// Blocks of slice_size records; slicer i of n takes blocks i, i + n, i + 2n, …
class GeneratorSlicer final : public Slicer {
 public:
  explicit GeneratorSlicer(const SlicerSetup& setup)
      : size_(std::clamp<std::int64_t>(integer_option(setup.options, "size", 5'000), 1, records_max)),
        slice_(std::min(
            std::clamp<std::int64_t>(integer_option(setup.options, "slice_size", slice_records), 1, slice_records_max),
            size_)),
        persistent_(setup.persistent),
        slicers_(std::max<std::int64_t>(1, setup.slicers)),
        block_(setup.slicer_id) {}

  Result<void> go_on_from(std::string_view cursor) {
    const record::Record position(cursor);
    SB_TRY_VOID(position.validate());
    SB_TRY(block, position.get("block"));
    SB_TRY(slicers, position.get("slicers"));
    SB_TRY(slice, position.get("slice_size"));
    const std::int64_t at = block ? block->integer().value_or(-1) : -1;
    if (!slicers || !slice || at < 0) {
      return fail(Errc::invalid, "operation \"data_generator\"", "cursor is not one of its own",
                  "start a new execution");
    }
    if (slicers->integer() != slicers_ || slice->integer() != slice_) {
      return fail(Errc::conflict, "operation \"data_generator\"",
                  "the execution began with " + std::string(slicers->json) + " slicers and " +
                      std::string(slice->json) + " records a slice and cannot go on with " + std::to_string(slicers_) +
                      " and " + std::to_string(slice_),
                  "give the earlier `slicers`, `size` and `slice_size`, or start a new execution");
    }
    block_ = at;
    return {};
  }

  Result<SlicerStep> next(std::size_t max) override {
    SlicerStep step;
    const std::int64_t end = persistent_ ? records_max : size_;
    while (step.requests.size() < max) {
      if (block_ > (end - 1) / slice_) {
        step.done = true;
        break;
      }
      const std::int64_t count = std::min(slice_, end - block_ * slice_);
      step.requests.push_back("{\"count\":" + std::to_string(count) +
                              ",\"processed\":" + std::to_string(block_ * slice_ + count) + "}");
      block_ += slicers_;
    }
    if (!step.requests.empty()) {
      step.cursor = "{\"block\":" + std::to_string(block_) + ",\"slicers\":" + std::to_string(slicers_) +
                    ",\"slice_size\":" + std::to_string(slice_) + "}";
    }
    return step;
  }

 private:
  std::int64_t size_;
  std::int64_t slice_;
  bool persistent_;
  std::int64_t slicers_;
  std::int64_t block_;
};

class GeneratorFetcher final : public Fetcher {
 public:
  explicit GeneratorFetcher(const nlohmann::json& options)
      : seed_(static_cast<std::uint64_t>(integer_option(options, "seed", 0))),
        start_(date_option(options, "start").value_or(0)),
        format_(text_option(options, "format", "utcBetween")),
        set_id_(text_option(options, "set_id", "")),
        id_start_(text_option(options, "id_start_key", "")),
        date_key_(record::json_quote(text_option(options, "date_key", "created"))),
        stress_test_(flag_option(options, "stress_test", false)),
        delay_(static_cast<std::int64_t>(number_option(options, "delay", 0) * 1'000)) {
    const std::int64_t end = date_option(options, "end").value_or(start_ + 1);
    range_ms_ = static_cast<std::uint64_t>(std::max<std::int64_t>(1, end - start_));
    id_start_ = record::json_quote(id_start_);
    id_start_.pop_back();  // the characters follow inside the quotes
    if (stress_test_) {
      append(repeated_, 0);
    }
  }

  Result<record::RecordBatch> fetch(const SliceContext& /*slice*/, std::string_view request) override {
    const record::Record asked(request);
    SB_TRY_VOID(asked.validate());
    SB_TRY(count_value, asked.get("count"));
    SB_TRY(processed_value, asked.get("processed"));
    const std::int64_t count = count_value ? count_value->integer().value_or(-1) : -1;
    // Teraslice's own slicers leave `processed` out of some requests: then it is the first slice.
    const std::int64_t processed = processed_value ? processed_value->integer().value_or(-1) : count;
    if (count < 0 || count > slice_records_max || processed < count) {
      return fail(
          Errc::invalid, "slice request",
          "must be {\"count\": 0..1000000, \"processed\": at least count}, got " + record::printable(request, 100),
          "it must be one that data_generator's slicer made");
    }
    if (delay_.count() > 0) {
      std::this_thread::sleep_for(delay_);
    }
    return make(static_cast<std::uint64_t>(processed - count), static_cast<std::uint64_t>(count));
  }

 private:
  record::RecordBatch make(std::uint64_t first, std::uint64_t count) const {
    record::RecordBatch batch;
    if (stress_test_) {
      const std::string_view repeated = batch.adopt(std::string(repeated_));
      for (std::uint64_t at = 0; at < count; ++at) {
        batch.add_view(repeated);
      }
      return batch;
    }
    std::string text;
    text.reserve(static_cast<std::size_t>(count) * record_bytes);
    std::vector<std::size_t> ends;
    for (std::uint64_t at = 0; at < count; ++at) {
      append(text, first + at);
      ends.push_back(text.size());
    }
    const std::string_view all = batch.adopt(std::move(text));
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      batch.add_view(all.substr(begin, end - begin));
      begin = end;
    }
    return batch;
  }

  void append(std::string& out, std::uint64_t position) const {
    Chance chance(seed_, position);
    out += "{\"ip\":\"";
    append_ipv4(out, chance);
    out += "\",\"userAgent\":\"";
    append_user_agent(out, chance);
    out += "\",\"url\":\"";
    append_url(out, chance);
    out += "\",\"uuid\":\"";
    append_uuid(out, chance, seed_, position);
    out += "\",";
    out += date_key_;
    out += ":\"";
    append_date(out, chance);
    out += "\",\"ipv6\":\"";
    append_ipv6(out, chance);
    out += "\",\"location\":\"";
    append_location(out, chance);
    out += "\",\"bytes\":";
    append_number(out, 7'850 + chance.below(5'642'867 - 7'850 + 1));
    if (!set_id_.empty()) {
      out += ",\"id\":";
      out += id_start_;
      const std::string_view alphabet = set_id_ == "hexadecimal" ? "0123456789abcdef"
                                        : set_id_ == "HEXADECIMAL"
                                            ? "0123456789ABCDEF"
                                            : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      append_characters(out, chance, alphabet, 8 + chance.below(2));
      out += '"';
    }
    out += '}';
  }

  void append_date(std::string& out, Chance& chance) const {
    if (format_ == "utcDate") {
      out += iso8601(wall_now());
    } else if (format_ == "dateNow") {
      const std::int64_t now = wall_now().time_since_epoch().count();
      const std::time_t seconds = now / 1'000;
      std::tm local{};
      ::localtime_r(&seconds, &local);
      const long east = local.tm_gmtoff / 60;
      const auto size = static_cast<unsigned long>(east < 0 ? -east : east);
      std::string end = east < 0 ? "-" : "+";
      end += std::to_string(100 + size / 60).substr(1) + ":" + std::to_string(100 + size % 60).substr(1);
      out += date_text(now + east * 60'000, end);
    } else {
      const std::int64_t at = start_ + static_cast<std::int64_t>(chance.below(range_ms_));
      out += date_text(at, format_ == "isoBetween" ? "+00:00" : "Z");
    }
  }

  std::uint64_t seed_;
  std::int64_t start_;
  std::uint64_t range_ms_ = 1;
  std::string format_;
  std::string set_id_;
  std::string id_start_;
  std::string date_key_;
  bool stress_test_;
  std::string repeated_;  ///< the record of a stress test
  std::chrono::milliseconds delay_;
};

}  // namespace

const Operation& data_generator() {
  static const Operation operation{
      .spec = &generator_spec,
      .check = check_generator,
      .freeze = freeze_generator,
      .slicer_count = [](const nlohmann::json& /*options*/,
                         std::uint32_t wanted) { return std::max<std::uint32_t>(1, wanted); },
      .make_slicer = [](const SlicerSetup& setup) -> Result<std::unique_ptr<Slicer>> {
        auto slicer = std::make_unique<GeneratorSlicer>(setup);
        if (setup.cursor && !setup.cursor->empty()) {
          SB_TRY_VOID(slicer->go_on_from(*setup.cursor));
        }
        return slicer;
      },
      .make_fetcher = [](const nlohmann::json& options) -> Result<std::unique_ptr<Fetcher>> {
        return std::make_unique<GeneratorFetcher>(options);
      }};
  return operation;
}

}  // namespace slicebus::operations
