#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Semantic versions and the ranges that npm writes over them (R-op-83).
namespace slicebus::service {

/// A word of a prerelease: numbers before texts, numbers by value.
using PrereleasePart = std::variant<std::uint64_t, std::string>;

struct Version {
  std::array<std::uint64_t, 3> numbers{};  ///< major, minor, patch
  std::vector<PrereleasePart> prerelease;  ///< empty: a release, which comes after its prereleases

  bool operator==(const Version&) const = default;
  std::strong_ordering operator<=>(const Version& other) const;
  std::string text() const;  ///< without "v", without build
};

/// "1.2.3", "v1.2.3-beta.4+build"; nothing: it is none.
std::optional<Version> parse_version(std::string_view text);

/// "^1.2", "~1.2.3", "1.x", ">=1 <2.3 || 3.*", "1.2 - 2.0", "*", "1.2.3".
class VersionRange {
 public:
  /// Nothing: it is no range. At most 1,024 characters are looked at.
  static std::optional<VersionRange> parse(std::string_view text);
  /// Prereleases are in it only where the range names one of the same three numbers, as in npm.
  bool contains(const Version& version) const;

 private:
  enum class Sign : std::uint8_t { less, at_most, equal, at_least, greater };
  struct Bound {
    Sign sign = Sign::equal;
    Version version;
  };
  using All = std::vector<Bound>;  ///< empty: every version
  struct Partial;
  static std::optional<Partial> parse_partial(std::string_view text);
  static bool add(All& all, std::string_view comparator);
  static bool add_between(All& all, std::string_view low, std::string_view high);
  static std::optional<All> parse_all(std::string_view text);
  static bool within(const All& all, const Version& version);

  std::vector<All> any_;
};

}  // namespace slicebus::service
