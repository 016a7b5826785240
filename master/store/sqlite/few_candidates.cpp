#include "master/store/sqlite/few_candidates.hpp"

#include <algorithm>

namespace slicebus::store::sqlite {
namespace {

/// Looking at one candidate costs as much as passing some ten records in their order.
constexpr std::int64_t few = 1'000;
/// Each is counted, so that a filter of a thousand terms has its time for the list itself.
constexpr int counted_ranges_max = 64;

struct Candidates {
  std::vector<IndexRange> ranges;
  std::int64_t rows = 0;
};

/// What a pattern (query::matches_wildcard) begins with.
std::string_view literal_start(std::string_view pattern) { return pattern.substr(0, pattern.find_first_of("?*\\")); }

/// The first text behind all that begin with `prefix`, which is not empty and UTF-8: no byte of it is the last one.
std::string behind(std::string prefix) {
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::string right_behind(std::string text) { return text + '\0'; }

class Search {
 public:
  Search(Database& database, const ListedTable& table) : database_(database), table_(table) {}

  // NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
  Result<std::optional<Candidates>> of(const Condition& condition) {
    switch (condition.kind) {
      case Condition::Kind::all_of:
        return fewest(condition.children);
      case Condition::Kind::any_of:
        return together(condition.children);
      case Condition::Kind::term:
        return of_term(condition);
      case Condition::Kind::everything:
      case Condition::Kind::none_of:
        break;
    }
    return std::optional<Candidates>();
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  Result<std::optional<Candidates>> fewest(const std::vector<Condition>& children) {
    std::optional<Candidates> best;
    for (const Condition& child : children) {
      SB_TRY(found, of(child));
      if (found && (!best || found->rows < best->rows)) {
        best = std::move(found);
      }
    }
    return best;
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<std::optional<Candidates>> together(const std::vector<Condition>& children) {
    Candidates all;
    for (const Condition& child : children) {
      SB_TRY(found, of(child));
      if (!found || (all.rows += found->rows) > few) {
        return std::optional<Candidates>();
      }
      std::move(found->ranges.begin(), found->ranges.end(), std::back_inserter(all.ranges));
    }
    return all.ranges.empty() ? std::optional<Candidates>() : std::optional(std::move(all));
  }

  Result<std::optional<Candidates>> of_term(const Condition& term) {
    const auto& test = term.tests.at(static_cast<std::size_t>(kind_of(table_.fields, term.field)));
    if (!test || test->texts.empty()) {
      return std::optional<Candidates>();
    }
    const std::string words(find_column(table_.words, term.field));
    if (test->kind == ValueTest::Kind::words && !words.empty()) {
      return of_words(words, test->texts);
    }
    const std::string column(find_column(table_.known, term.field));
    if (std::find(table_.ids.begin(), table_.ids.end(), column) == table_.ids.end()) {
      return std::optional<Candidates>();
    }
    const std::string& text = test->texts.front();
    if (test->kind == ValueTest::Kind::equals) {
      return counted({std::string(table_.name), column, text, right_behind(text)});
    }
    const std::string start(literal_start(text));
    if (test->kind != ValueTest::Kind::pattern || start.empty()) {
      return std::optional<Candidates>();
    }
    return counted({std::string(table_.name), column, start, behind(start)});
  }

  /// All of the words stand in each record that matches: those of the rarest one are enough.
  Result<std::optional<Candidates>> of_words(const std::string& table, const std::vector<std::string>& patterns) {
    std::optional<Candidates> best;
    for (const std::string& pattern : patterns) {
      const std::string start(literal_start(pattern));
      if (start.empty()) {
        continue;
      }
      SB_TRY(found, counted({table, "word", start, start == pattern ? right_behind(start) : behind(start)}));
      if (found && (!best || found->rows < best->rows)) {
        best = std::move(found);
      }
    }
    if (best) {
      best->ranges.push_back({table, "word", "", right_behind("")});
    }
    return best;
  }

  Result<std::optional<Candidates>> counted(IndexRange range) {
    if (++counted_ > counted_ranges_max) {
      return std::optional<Candidates>();
    }
    SB_TRY(count, database_.prepare("SELECT count(*) FROM (" + range.sql("?1", "?2") + " LIMIT ?3)"));
    SB_TRY(there, count.bind_text(1, range.low).bind_text(2, range.end).bind(3, few + 1).step());
    const std::int64_t rows = there ? count.integer(0) : 0;
    return rows > few ? std::optional<Candidates>() : std::optional(Candidates{{std::move(range)}, rows});
  }

  Database& database_;
  const ListedTable& table_;
  int counted_ = 0;
};

}  // namespace

std::string IndexRange::sql(const std::string& from, const std::string& before) const {
  return "SELECT number FROM " + table + " WHERE " + column + " >= " + from + " AND " + column + " < " + before;
}

Result<std::optional<std::vector<IndexRange>>> few_candidates(Database& database, const ListedTable& table,
                                                              const Condition& filter) {
  SB_TRY(found, Search(database, table).of(filter));
  return found ? std::optional(std::move(found->ranges)) : std::nullopt;
}

}  // namespace slicebus::store::sqlite
