#include "common/operations/date_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace slicebus::operations {
namespace {

/// Reads fixed-width pieces from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<int> digits(std::size_t count) {
    if (text_.size() < count) {
      return std::nullopt;
    }
    int number = 0;
    for (std::size_t at = 0; at < count; ++at) {
      if (text_[at] < '0' || text_[at] > '9') {
        return std::nullopt;
      }
      number = number * 10 + (text_[at] - '0');
    }
    text_.remove_prefix(count);
    return number;
  }
  bool take(char expected) {
    if (text_.empty() || text_.front() != expected) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  /// Digits of a fraction of a second, as milliseconds; further ones are cut off.
  std::optional<int> fraction() {
    int ms = 0;
    int scale = 100;
    std::size_t count = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      ms += (text_.front() - '0') * scale;
      scale /= 10;
      text_.remove_prefix(1);
      ++count;
    }
    return count == 0 ? std::nullopt : std::optional<int>(ms);
  }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

/// Minutes east of UTC.
std::optional<int> offset(Reader& in) {
  if (in.take('Z') || in.take('z')) {
    return 0;
  }
  const bool east = in.take('+');
  if (!east && !in.take('-')) {
    return in.done() ? std::optional<int>(0) : std::nullopt;
  }
  const auto hours = in.digits(2);
  in.take(':');
  const auto minutes = in.digits(2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return (east ? 1 : -1) * (*hours * 60 + *minutes);
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::int64_t second = 1'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::array units = {
    Unit{"ms", 1},           Unit{"msec", 1},         Unit{"msecs", 1},        Unit{"millisecond", 1},
    Unit{"milliseconds", 1}, Unit{"s", second},       Unit{"sec", second},     Unit{"secs", second},
    Unit{"second", second},  Unit{"seconds", second}, Unit{"m", minute},       Unit{"min", minute},
    Unit{"mins", minute},    Unit{"minute", minute},  Unit{"minutes", minute}, Unit{"h", hour},
    Unit{"hr", hour},        Unit{"hrs", hour},       Unit{"hour", hour},      Unit{"hours", hour},
    Unit{"d", day},          Unit{"day", day},        Unit{"days", day},       Unit{"w", 7 * day},
    Unit{"week", 7 * day},   Unit{"weeks", 7 * day},  Unit{"month", 30 * day}, Unit{"months", 30 * day},
    Unit{"y", 365 * day},    Unit{"yr", 365 * day},   Unit{"year", 365 * day}, Unit{"years", 365 * day}};
constexpr double duration_ms_max = 9e15;

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
  Reader in(text);
  const auto year = in.digits(4);
  if (!year || !in.take('-')) {
    return std::nullopt;
  }
  const auto month = in.digits(2);
  if (!month || !in.take('-')) {
    return std::nullopt;
  }
  const auto day_of_month = in.digits(2);
  if (!day_of_month) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day_of_month))};
  if (!date.ok()) {
    return std::nullopt;
  }
  std::chrono::sys_time<std::chrono::milliseconds> at = std::chrono::sys_days(date);
  if (in.done()) {
    return at.time_since_epoch().count();
  }
  if (!in.take('T') && !in.take('t') && !in.take(' ')) {
    return std::nullopt;
  }
  const auto hours = in.digits(2);
  if (!hours || *hours > 24 || !in.take(':')) {
    return std::nullopt;
  }
  const auto minutes = in.digits(2);
  if (!minutes || *minutes > 59) {
    return std::nullopt;
  }
  int seconds = 0;
  int ms = 0;
  if (in.take(':')) {
    const auto whole = in.digits(2);
    if (!whole || *whole > 60) {
      return std::nullopt;
    }
    seconds = *whole;
    if (in.take('.') || in.take(',')) {
      const auto part = in.fraction();
      if (!part) {
        return std::nullopt;
      }
      ms = *part;
    }
  }
  const auto east = offset(in);
  if (!east || !in.done()) {
    return std::nullopt;
  }
  at += std::chrono::hours(*hours) + std::chrono::minutes(*minutes - *east) + std::chrono::seconds(seconds) +
        std::chrono::milliseconds(ms);
  return at.time_since_epoch().count();
}

std::string date_text(std::int64_t ms, std::string_view end) {
  constexpr std::int64_t first = -62'167'219'200'000;  // year 0
  constexpr std::int64_t last = 253'402'300'799'999;   // the end of year 9999
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(std::clamp(ms, first, last))};
  const auto midnight = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{midnight};
  const auto rest = static_cast<unsigned>((at - midnight).count());
  std::string text(23, ' ');
  const auto put = [&](std::size_t to, unsigned width, unsigned number, char after) {
    for (unsigned digit = width; digit-- > 0; number /= 10) {
      text[to + digit] = static_cast<char>('0' + number % 10);
    }
    if (to + width < text.size()) {
      text[to + width] = after;
    }
  };
  put(0, 4, static_cast<unsigned>(static_cast<int>(date.year())), '-');
  put(5, 2, static_cast<unsigned>(date.month()), '-');
  put(8, 2, static_cast<unsigned>(date.day()), 'T');
  put(11, 2, rest / 3'600'000U, ':');
  put(14, 2, rest / 60'000U % 60, ':');
  put(17, 2, rest / 1'000U % 60, '.');
  put(20, 3, rest % 1'000U, ' ');
  text += end;
  return text;
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  const auto trim = [](std::string_view in) {
    while (!in.empty() && (in.front() == ' ' || in.front() == '\t')) {
      in.remove_prefix(1);
    }
    while (!in.empty() && (in.back() == ' ' || in.back() == '\t')) {
      in.remove_suffix(1);
    }
    return in;
  };
  text = trim(text);
  if (text.empty() || text.front() < '0' || text.front() > '9') {
    return std::nullopt;
  }
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  const std::string_view unit = trim(text.substr(static_cast<std::size_t>(stop - text.data())));
  double ms = number;
  if (!unit.empty()) {
    const auto* found = std::find_if(units.begin(), units.end(), [&](const Unit& known) {
      return std::equal(unit.begin(), unit.end(), known.name.begin(), known.name.end(),
                        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
    });
    if (found == units.end()) {
      return std::nullopt;
    }
    ms *= static_cast<double>(found->ms);
  }
  if (ms > duration_ms_max) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(ms);
}

}  // namespace slicebus::operations
