#include "common/bundle/asset_id.hpp"

#include <boost/test/unit_test.hpp>

using namespace slicebus;
using namespace slicebus::bundle;

BOOST_AUTO_TEST_SUITE(asset_ids)

// R-api-110; the expected ones are `base64 -w0 FILE | sha1sum`.
BOOST_AUTO_TEST_CASE(an_id_is_the_sha1_of_the_base64_text) {
  BOOST_TEST(asset_id_of("").text == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  BOOST_TEST(asset_id_of("a").text == "aac1e0e8e7038304d7a0764a4e1f61ff3151903f");
  BOOST_TEST(asset_id_of("hello world").text == "6fb7c3abfa471bc35fe45ddf7b42b69eed31730d");
  BOOST_TEST(asset_id_of(std::string(100'000, 'x')).text == "a90e9df52cc6587915870ba108d1da211f0d9e7b");
}

BOOST_AUTO_TEST_CASE(an_id_has_40_lower_case_hex_digits) {
  BOOST_TEST(is_asset_id("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
  BOOST_TEST(!is_asset_id("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"));
  BOOST_TEST(!is_asset_id("da39a3ee5e6b4b0d3255bfef95601890afd8070"));
  BOOST_TEST(!is_asset_id("standard"));
  BOOST_TEST(!is_asset_id(""));
}

BOOST_AUTO_TEST_SUITE_END()
