#include <algorithm>
#include <array>

#include "common/operations/dead_letter.hpp"
#include "common/operations/operation.hpp"
#include "common/operations/options.hpp"
#include "common/operations/query/query.hpp"

namespace slicebus::operations {
namespace {

const OperationSpec filter_spec{
    .name = "filter",
    .kind = OperationKind::processor,
    .summary =
        "Keeps the records that a `query` matches, or removes those whose `field` has a `value`. One of `query` and "
        "`field` must "
        "be given. The query language: comparisons `delay:>60`, `carrier:AA`, `time:[6 TO 12}`, `name:J?n*`, "
        "`_exists_:f`, "
        "joined by AND, OR, NOT and parentheses; a field may be a path (`properties.mag`), and of arrays any element "
        "counts.",
    .fields = {{.name = "query", .type = "string", .help = "Keeps the records that match."},
               {.name = "field",
                .type = "string or array of strings",
                .help = "Removes the records where any of these fields equals any `value`."},
               {.name = "value",
                .type = "any",
                .range = "text, number, boolean, null, or an array of these",
                .help = "What `field` is compared with, type and value; of a record's array any element counts."},
               {.name = "filter_by",
                .type = "string",
                .range = "match",
                .fallback = "\"match\"",
                .help = "How `field` is compared."},
               {.name = "invert",
                .type = "boolean",
                .fallback = "false",
                .help = "Turns it: `query` then removes what matches, `field` and `value` keep it."},
               {.name = "filtered_to_dead_letter_queue",
                .type = "boolean",
                .fallback = "false",
                .help = "What is taken out counts as rejected and follows `_dead_letter_action`."}}};

/// Options of Teraslice's filter that would change the outcome and that ours does not have: ignoring them would be
/// wrong quietly.
constexpr std::array<const char*, 4> foreign_options = {"validation_function", "validation_function_args",
                                                        "exception_rules", "array_index"};
constexpr std::array<std::string_view, 4> foreign_methods = {"regex", "ip_range", "validator", "size"};

bool is_scalar(const nlohmann::json& value) {
  return value.is_string() || value.is_number() || value.is_boolean() || value.is_null();
}

bool has_value(const nlohmann::json& options) { return options.is_object() && options.contains("value"); }

query::Literal literal_of(const nlohmann::json& value) {
  if (value.is_string()) {
    return query::Literal::of_text(value.get<std::string>());
  }
  return value.is_null() ? query::Literal{} : query::Literal::of_word(json_text(value));
}

std::vector<std::pair<std::string, std::string>> check_filter(const nlohmann::json& options) {
  std::vector<std::pair<std::string, std::string>> problems;
  const bool by_query = has_option(options, "query");
  const bool by_field = has_option(options, "field");
  if (by_query == by_field) {
    problems.emplace_back(by_query ? "field" : "query", by_query ? "query and field are both given; one of them must go"
                                                                 : "either query or field (with value) must be given");
  }
  if (by_query) {
    const auto parsed = query::parse(text_option(options, "query", ""));
    if (!parsed) {
      problems.emplace_back("query",
                            parsed.error().what + (parsed.error().remedy.empty() ? "" : "; " + parsed.error().remedy));
    }
  }
  if (by_field && !has_value(options)) {
    problems.emplace_back("value", "must be given with field");
  }
  if (has_value(options)) {
    const nlohmann::json& value = options["value"];
    const bool fits =
        value.is_array() ? !value.empty() && std::all_of(value.begin(), value.end(), is_scalar) : is_scalar(value);
    if (!fits) {
      problems.emplace_back("value", "must be a string, a number, a boolean, null or a list of these, got " +
                                         json_text(value).substr(0, 60));
    }
  }
  const std::string method = text_option(options, "filter_by", "match");
  if (std::find(foreign_methods.begin(), foreign_methods.end(), method) != foreign_methods.end()) {
    problems.emplace_back("filter_by", "\"" + method + "\" is not supported; use match, or a query");
  } else if (method != "match") {
    problems.emplace_back(
        "filter_by",
        "type must be match, regex, ip_range, validator, or size (supported: match), got \"" + method + "\"");
  }
  for (const char* name : foreign_options) {
    const bool neutral = std::string_view(name) == "array_index" && integer_option(options, name, 0) == -1;
    const bool empty = has_option(options, name) && options[name].is_array() && options[name].empty();
    if (has_option(options, name) && !neutral && !empty) {
      problems.emplace_back(name, "is not supported; use a query");
    }
  }
  return problems;
}

query::Node node_of(const std::vector<std::string>& fields, const nlohmann::json& value) {
  query::Node any{.kind = query::Node::Kind::any_of};
  const auto add = [&](const nlohmann::json& one) {
    for (const std::string& field : fields) {
      any.children.push_back({.kind = query::Node::Kind::equals, .field = field, .value = literal_of(one)});
    }
  };
  if (value.is_array()) {
    std::for_each(value.begin(), value.end(), add);
  } else {
    add(value);
  }
  return any;
}

class Filter final : public Processor {
 public:
  Filter(query::Node query, bool keeps_matches, const nlohmann::json& options)
      : query_(std::move(query)),
        keeps_matches_(keeps_matches),
        to_dead_letter_(flag_option(options, "filtered_to_dead_letter_queue", false)),
        dead_letter_(options, "filter") {}

  Result<Processed> process(const SliceContext& /*slice*/, record::RecordBatch batch) override {
    SB_TRY_VOID(keep_records(batch, dead_letter_, [this](const record::Record& record) -> Result<bool> {
      SB_TRY(matched, query::matches(query_, record));
      if (matched != keeps_matches_ && to_dead_letter_) {
        return fail(Errc::invalid, "filter", "Record was rejected");
      }
      return matched == keeps_matches_;
    }));
    return Processed{std::move(batch), dead_letter_.take_rejected()};
  }

 private:
  query::Node query_;
  bool keeps_matches_;
  bool to_dead_letter_;
  DeadLetter dead_letter_;
};

}  // namespace

const Operation& filter() {
  static const Operation operation{
      .spec = &filter_spec,
      .check = check_filter,
      .make_processor = [](const nlohmann::json& options) -> Result<std::unique_ptr<Processor>> {
        const bool invert = flag_option(options, "invert", false);
        if (const auto text = text_option(options, "query")) {
          SB_TRY(query, query::parse(*text));
          return std::make_unique<Filter>(std::move(query), !invert, options);
        }
        if (!has_value(options)) {
          return fail(Errc::invalid, "operation \"filter\"", "either query or field with value must be given",
                      "give one of them");
        }
        return std::make_unique<Filter>(node_of(texts_option(options, "field"), options["value"]), invert, options);
      }};
  return operation;
}

}  // namespace slicebus::operations
