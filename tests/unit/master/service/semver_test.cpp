#include "master/service/semver.hpp"

#include <boost/test/unit_test.hpp>

using namespace slicebus::service;

namespace {

bool in(const char* range, const char* version) {
  const auto parsed = VersionRange::parse(range);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), range << " is a range");
  const auto wanted = parse_version(version);
  BOOST_REQUIRE_MESSAGE(wanted.has_value(), version << " is a version");
  return parsed->contains(*wanted);
}
bool before(const char* a, const char* b) { return *parse_version(a) < *parse_version(b); }

}  // namespace

// R-op-83; what npm's semver says of the same pairs.
BOOST_AUTO_TEST_SUITE(semver)

BOOST_AUTO_TEST_CASE(versions_have_three_numbers) {
  BOOST_TEST(parse_version("v1.2.3-beta.4+build.5")->text() == "1.2.3-beta.4");
  BOOST_TEST(parse_version(" 10.20.30 ")->text() == "10.20.30");
  for (const char* none : {"", "1", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "a.b.c",
                           "1.2.3 4", "99999999999999999999.0.0", "-1.2.3", "1.2.3+", "1.2.3-ü"}) {
    BOOST_TEST(!parse_version(none).has_value(), none);
  }
}

BOOST_AUTO_TEST_CASE(versions_are_ordered_by_number_and_prereleases_come_before) {
  BOOST_TEST(before("1.9.0", "1.10.0"));
  BOOST_TEST(before("1.0.0-alpha", "1.0.0"));
  BOOST_TEST(before("1.0.0-alpha", "1.0.0-alpha.1"));
  BOOST_TEST(before("1.0.0-alpha.2", "1.0.0-alpha.10"));
  BOOST_TEST(before("1.0.0-1", "1.0.0-alpha"));
  BOOST_TEST(!before("1.0.0", "1.0.0+build"));
}

BOOST_AUTO_TEST_CASE(carets_and_tildes) {
  BOOST_TEST((in("^1.2.3", "1.9.0") && !in("^1.2.3", "2.0.0") && !in("^1.2.3", "1.2.2")));
  BOOST_TEST((in("^0.2.3", "0.2.9") && !in("^0.2.3", "0.3.0")));
  BOOST_TEST((in("^0.0.3", "0.0.3") && !in("^0.0.3", "0.0.4")));
  BOOST_TEST((in("^1.0", "1.5.0") && in("^1", "1.9.9") && !in("^1", "2.0.0") && in("^0", "0.9.0")));
  BOOST_TEST((in("~1.2.3", "1.2.9") && !in("~1.2.3", "1.3.0") && in("~1.2", "1.2.0") && in("~1", "1.9.0")));
  BOOST_TEST(!in("^1.0.0", "2.0.0-alpha"));
}

BOOST_AUTO_TEST_CASE(signs_and_partial_versions) {
  BOOST_TEST((in("1.2.3", "1.2.3") && in("=1.2.3", "1.2.3") && !in("1.2.3", "1.2.4")));
  BOOST_TEST((in("1.2", "1.2.9") && in("1.x", "1.9.9") && in("1.2.*", "1.2.0") && !in("1.x", "2.0.0")));
  BOOST_TEST((in("*", "5.0.0") && in("", "5.0.0") && in("x", "0.0.0")));
  BOOST_TEST((in(">1.2", "1.3.0") && !in(">1.2", "1.2.9") && in("<=1.2", "1.2.9") && !in("<=1.2", "1.3.0")));
  BOOST_TEST((in(">=1.2.3 <2", "1.9.0") && !in(">=1.2.3 <2", "2.0.0") && in(">= 1.0.0 < 2.0.0", "1.0.0")));
  BOOST_TEST((in("1.2 - 2.0", "2.0.9") && !in("1.2 - 2.0", "2.1.0") && in("1.2.3 - 2.0.0", "2.0.0")));
  BOOST_TEST((in("<1 || ^3.0.0", "3.1.0") && in("<1||^3.0.0", "0.5.0") && !in("<1 || ^3.0.0", "2.0.0")));
}

BOOST_AUTO_TEST_CASE(prereleases_are_asked_for_by_name) {
  BOOST_TEST(!in("*", "1.0.0-beta"));
  BOOST_TEST(!in(">=1.0.0", "2.0.0-beta"));
  BOOST_TEST(in(">=2.0.0-alpha", "2.0.0-beta"));
  BOOST_TEST(!in(">=2.0.0-alpha", "2.1.0-beta"));
  BOOST_TEST(in("2.0.0-beta", "2.0.0-beta"));
}

BOOST_AUTO_TEST_CASE(what_is_no_range_is_said_so) {
  for (const char* none : {"abc", "1.2.3.4", "^^1", ">=", "1.2.3 -", "latest!", "1..2", "|", "~^1", "1.2.3-"}) {
    BOOST_TEST(!VersionRange::parse(none).has_value(), none);
  }
  BOOST_TEST(!VersionRange::parse(std::string(2'000, '1')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
