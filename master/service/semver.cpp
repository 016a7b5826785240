#include "master/service/semver.hpp"

#include <algorithm>
#include <charconv>

namespace slicebus::service {
namespace {

constexpr std::size_t range_bytes_max = 1'024;

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A number as semver writes it: without leading zeros, below 2^53.
std::optional<std::uint64_t> number_of(std::string_view text) {
  if (!is_digits(text) || text.size() > 16 || (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value > (1ULL << 53U) ? std::nullopt : std::optional(value);
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

/// What follows the dash. Nothing: it is none.
std::optional<std::vector<PrereleasePart>> parse_prerelease(std::string_view text) {
  std::vector<PrereleasePart> parts;
  for (const std::string_view part : split(text, '.')) {
    const auto number = number_of(part);
    if (!is_word(part) || (is_digits(part) && !number)) {
      return std::nullopt;
    }
    parts.push_back(number ? PrereleasePart(*number) : PrereleasePart(std::string(part)));
  }
  return parts;
}

bool is_any(std::string_view part) { return part.empty() || part == "x" || part == "X" || part == "*"; }

Version at(std::uint64_t major, std::uint64_t minor, std::uint64_t patch) { return {{major, minor, patch}, {}}; }

/// The first prerelease of all of a version: an upper bound "<2.0.0" must not let 2.0.0-alpha in.
Version before(Version version) {
  version.prerelease = {std::uint64_t{0}};
  return version;
}

}  // namespace

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = numbers <=> other.numbers; order != 0) {
    return order;
  }
  if (prerelease.empty() || other.prerelease.empty()) {
    return prerelease.empty() <=> other.prerelease.empty();
  }
  return std::lexicographical_compare_three_way(prerelease.begin(), prerelease.end(), other.prerelease.begin(),
                                                other.prerelease.end());
}

std::string Version::text() const {
  std::string out = std::to_string(numbers[0]) + "." + std::to_string(numbers[1]) + "." + std::to_string(numbers[2]);
  for (std::size_t i = 0; i < prerelease.size(); ++i) {
    const auto* number = std::get_if<std::uint64_t>(&prerelease[i]);
    out += (i == 0 ? "-" : ".") + (number != nullptr ? std::to_string(*number) : std::get<std::string>(prerelease[i]));
  }
  return out;
}

std::optional<Version> parse_version(std::string_view text) {
  text = trimmed(text);
  if (text.size() > range_bytes_max) {
    return std::nullopt;
  }
  if (text.starts_with("v") || text.starts_with("=")) {
    text.remove_prefix(1);
  }
  if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
    const auto words = split(text.substr(plus + 1), '.');
    if (!std::all_of(words.begin(), words.end(), is_word)) {
      return std::nullopt;
    }
    text = text.substr(0, plus);
  }
  Version version;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    auto prerelease = parse_prerelease(text.substr(dash + 1));
    if (!prerelease) {
      return std::nullopt;
    }
    version.prerelease = std::move(*prerelease);
    text = text.substr(0, dash);
  }
  const auto parts = split(text, '.');
  if (parts.size() != 3) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const auto number = number_of(parts[i]);
    if (!number) {
      return std::nullopt;
    }
    version.numbers[i] = *number;
  }
  return version;
}

/// "1", "1.x", "1.2", "1.2.3-beta": how many of the numbers are said.
struct VersionRange::Partial {
  Version version;
  std::size_t said = 0;

  /// The first version after all that it stands for.
  Version next() const {
    return said == 0   ? Version{}
           : said == 1 ? at(version.numbers[0] + 1, 0, 0)
           : said == 2 ? at(version.numbers[0], version.numbers[1] + 1, 0)
                       : version;
  }
};

std::optional<VersionRange::Partial> VersionRange::parse_partial(std::string_view text) {
  if (text.starts_with("v") || text.starts_with("=")) {
    text.remove_prefix(1);
  }
  if (const auto whole = parse_version(text)) {
    return Partial{*whole, 3};
  }
  const auto parts = split(text, '.');
  if (parts.size() > 3) {
    return std::nullopt;
  }
  Partial partial;
  for (; partial.said < parts.size() && !is_any(parts[partial.said]); ++partial.said) {
    const auto number = number_of(parts[partial.said]);
    if (!number || partial.said == 2) {  // three numbers are a version, or none
      return std::nullopt;
    }
    partial.version.numbers[partial.said] = *number;
  }
  const bool rest = std::all_of(parts.begin() + static_cast<std::ptrdiff_t>(partial.said), parts.end(), is_any);
  return rest ? std::optional(partial) : std::nullopt;
}

bool VersionRange::add(All& all, std::string_view comparator) {
  const std::string_view sign = comparator.substr(0, comparator.find_first_not_of("<>=~^"));
  const std::string_view rest = trimmed(comparator.substr(sign.size()));
  const auto partial = parse_partial(rest);
  if (!partial || rest.empty()) {
    return false;
  }
  const Version& low = partial->version;
  const auto between = [&](const Version& high) {
    all.push_back({Sign::at_least, low});
    all.push_back({Sign::less, before(high)});
  };
  if (sign == "^") {
    const auto& [major, minor, patch] = low.numbers;
    if (partial->said > 0) {
      between(major > 0 || partial->said == 1   ? at(major + 1, 0, 0)
              : minor > 0 || partial->said == 2 ? at(0, minor + 1, 0)
                                                : at(0, 0, patch + 1));
    }
  } else if (sign == "~" || sign == "~>") {
    if (partial->said > 0) {
      between(partial->said == 1 ? at(low.numbers[0] + 1, 0, 0) : at(low.numbers[0], low.numbers[1] + 1, 0));
    }
  } else if (sign.empty() || sign == "=") {
    if (partial->said == 3) {
      all.push_back({Sign::equal, low});
    } else if (partial->said > 0) {
      between(partial->next());
    }
  } else if (sign == ">=" || sign == "<") {
    if (partial->said > 0 || sign == "<") {
      all.push_back({sign == "<" ? Sign::less : Sign::at_least, sign == "<" && partial->said < 3 ? before(low) : low});
    }
  } else if (sign == ">" || sign == "<=") {
    const bool whole = partial->said == 3;
    if (partial->said == 0) {
      if (sign == ">") {
        all.push_back({Sign::less, before(Version{})});  // nothing is above everything
      }
    } else if (sign == ">") {
      all.push_back({whole ? Sign::greater : Sign::at_least, partial->next()});
    } else {
      all.push_back({whole ? Sign::at_most : Sign::less, whole ? low : before(partial->next())});
    }
  } else {
    return false;
  }
  return true;
}

bool VersionRange::add_between(All& all, std::string_view low, std::string_view high) {
  return add(all, ">=" + std::string(low)) && add(all, "<=" + std::string(high));
}

std::optional<VersionRange::All> VersionRange::parse_all(std::string_view text) {
  // Words; a sign that stands alone belongs to the next one.
  std::vector<std::string> words;
  bool sign_waits = false;
  for (const std::string_view word : split(trimmed(text), ' ')) {
    if (trimmed(word).empty()) {
      continue;
    }
    if (sign_waits) {
      words.back() += word;
    } else {
      words.emplace_back(word);
    }
    sign_waits = words.back().find_first_not_of("<>=~^") == std::string::npos;
  }
  All all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool between = i + 2 < words.size() && words[i + 1] == "-";
    if (between ? !add_between(all, words[i], words[i + 2]) : !add(all, words[i])) {
      return std::nullopt;
    }
    i += between ? 2 : 0;
  }
  return all;
}

std::optional<VersionRange> VersionRange::parse(std::string_view text) {
  if (text.size() > range_bytes_max) {
    return std::nullopt;
  }
  VersionRange range;
  for (;;) {
    const std::size_t bars = text.find("||");
    auto all = parse_all(text.substr(0, bars));
    if (!all) {
      return std::nullopt;
    }
    range.any_.push_back(std::move(*all));
    if (bars == std::string_view::npos) {
      return range;
    }
    text.remove_prefix(bars + 2);
  }
}

bool VersionRange::within(const All& all, const Version& version) {
  const bool fits = std::all_of(all.begin(), all.end(), [&](const Bound& bound) {
    const auto order = version <=> bound.version;
    switch (bound.sign) {
      case Sign::less:
        return order < 0;
      case Sign::at_most:
        return order <= 0;
      case Sign::equal:
        return order == 0;
      case Sign::at_least:
        return order >= 0;
      case Sign::greater:
        return order > 0;
    }
    return false;
  });
  return fits && (version.prerelease.empty() || std::any_of(all.begin(), all.end(), [&](const Bound& bound) {
                    return !bound.version.prerelease.empty() && bound.version.numbers == version.numbers &&
                           bound.version != before(bound.version);
                  }));
}

bool VersionRange::contains(const Version& version) const {
  return std::any_of(any_.begin(), any_.end(), [&](const All& all) { return within(all, version); });
}

}  // namespace slicebus::service
