#include "master/api/request.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace slicebus::api {

using service::Answer;
using service::RefusalKind;
using service::refuse;

namespace {

constexpr double whole_numbers_max = 9e15;  // a double counts without gaps up to here

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

tl::unexpected<service::Refusal> broken(std::string_view part) {
  return refuse(RefusalKind::invalid, "the percent-encoding of \"" + std::string(part.substr(0, 200)) + "\" is broken");
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      out += ' ';
    } else if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Answer<Target> parse_target(std::string_view target) {
  Target out;
  const std::size_t mark = target.find('?');
  std::string_view path = target.substr(0, mark);
  if (!path.empty() && path.front() == '/') {
    path.remove_prefix(1);
  }
  if (!path.empty() && path.back() == '/') {
    path.remove_suffix(1);
  }
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    const auto decoded = percent_decode(segment, false);
    if (!decoded) {
      return broken(segment);
    }
    out.path.push_back(*decoded);
    if (slash == std::string_view::npos) {
      break;
    }
    path.remove_prefix(slash + 1);
    if (path.empty()) {
      out.path.emplace_back();  // "//" at the end: a segment that no route has
    }
  }
  if (!out.path.empty() && lower(out.path.front()) == "v1") {
    out.path.erase(out.path.begin());
    out.v1 = true;
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const std::size_t amp = query.find('&');
    const std::string_view pair = query.substr(0, amp);
    const std::size_t equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    const auto value =
        percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!key || !value) {
      return broken(pair);
    }
    if (!key->empty()) {
      pairs.emplace_back(*key, *value);
    }
    query.remove_prefix(amp == std::string_view::npos ? query.size() : amp + 1);
  }
  out.query = Query(std::move(pairs));
  return out;
}

Answer<std::optional<std::string>> Query::text(std::string_view key) const {
  std::optional<std::string> found;
  for (const auto& [name, value] : pairs_) {
    if (name != key) {
      continue;
    }
    if (found) {
      return refuse(RefusalKind::invalid, std::string(key) + " parameter was given more than once");
    }
    found = value;
  }
  return found;
}

Answer<std::int64_t> Query::integer(std::string_view key, std::int64_t fallback) const {
  const auto value = text(key);
  if (!value) {
    return tl::make_unexpected(value.error());
  }
  if (!*value || (*value)->empty()) {
    return fallback;
  }
  const std::string& raw = **value;
  double number = 0;
  const char* end = raw.data() + raw.size();
  const auto [rest, error] = std::from_chars(raw.data(), end, number);
  if (error != std::errc{} || rest != end || std::abs(number) > whole_numbers_max || std::isnan(number)) {
    return refuse(RefusalKind::invalid, std::string(key) + " parameter must be a integer, got " + raw);
  }
  return static_cast<std::int64_t>(std::floor(number));
}

Answer<bool> Query::boolean(std::string_view key, bool fallback) const {
  const auto value = text(key);
  if (!value) {
    return tl::make_unexpected(value.error());
  }
  if (!*value || (*value)->empty()) {
    return fallback;
  }
  const std::string said = lower(**value);
  if (said == "true" || said == "1" || said == "yes") {
    return true;
  }
  if (said == "false" || said == "0" || said == "no") {
    return false;
  }
  return refuse(RefusalKind::invalid, std::string(key) + " parameter must be true or false, got " + **value);
}

}  // namespace slicebus::api
