#include "common/bundle/bundle.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/zip_builder.hpp"

using namespace slicebus;
using namespace slicebus::bundle;
using support::zip_of;
using support::ZipEntry;

namespace {

const ZipEntry about{.name = "asset.json", .content = R"({"name":"a","version":"1.0.0"})"};
constexpr std::uint32_t link_mode = 0120777;
constexpr std::uint32_t directory_mode = 0040755;

/// Kind and text of the refusal; {not_a_zip, "taken"} when there is none.
std::pair<Problem::Kind, std::string> refusal(const std::string& zip, const Limits& limits = {}) {
  const auto checked = check(zip, limits);
  return checked ? std::pair(Problem::Kind::not_a_zip, std::string("taken"))
                 : std::pair(checked.error().kind, checked.error().text);
}
bool refused_entry(const std::pair<Problem::Kind, std::string>& answer, const std::string& text) {
  BOOST_TEST_INFO(answer.second);
  return answer.first == Problem::Kind::refused_entry && answer.second.find(text) != std::string::npos;
}
bool not_a_zip(const std::string& zip) {
  const auto checked = check(zip);
  return !checked && checked.error().kind == Problem::Kind::not_a_zip;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bundles)

BOOST_AUTO_TEST_CASE(a_bundle_tells_its_asset_json_and_its_components) {
  const auto checked = check(zip_of({about,
                                     {.name = "words/", .unix_mode = directory_mode},
                                     {.name = "words/processor.js", .content = "1", .deflated = true},
                                     {.name = "asset/letters/api.ts", .content = "22"},
                                     {.name = "node_modules/x/processor.js", .content = "333"},
                                     {.name = "docs/readme.md"}})
                                 .bytes);
  BOOST_REQUIRE(checked.has_value());
  BOOST_TEST(checked->asset_json == about.content);
  BOOST_TEST((checked->components == std::set<std::string>{"letters", "words"}));
  BOOST_TEST(checked->entries == 6U);
  BOOST_TEST(checked->unpacked_bytes == about.content.size() + 6);
}

// Q-21
BOOST_AUTO_TEST_CASE(a_zip_of_the_bundles_folder_is_taken) {
  BOOST_TEST(
      check(zip_of({{.name = "top/", .unix_mode = directory_mode}, {.name = "top/asset.json", .content = "{}"}}).bytes)
          .has_value());
  BOOST_TEST(check(zip_of({{.name = "top/asset.json", .content = "{}"}, {.name = "top/x/y", .content = "z"}}).bytes)
                 .has_value());
}

BOOST_AUTO_TEST_CASE(asset_json_elsewhere_is_missed) {
  for (const auto& zip :
       {zip_of({{.name = "readme"}}), zip_of({}), zip_of({{.name = "a/b/asset.json", .content = "{}"}}),
        zip_of({{.name = "a/asset.json", .content = "{}"}, {.name = "b/x"}}),
        zip_of({{.name = "a/asset.json", .content = "{}"}, {.name = "x"}})}) {
    const auto answer = refusal(zip.bytes);
    // A zip without entries does not begin as one (R-api-113: the magic).
    BOOST_TEST((answer.first == Problem::Kind::no_asset_json || zip.bytes.starts_with("PK\5\6")), answer.second);
  }
}

// R-api-113: cut anywhere in its directory, a zip is none. Before it, there is no directory at all.
BOOST_AUTO_TEST_CASE(a_zip_cut_anywhere_is_none) {
  const auto zip = zip_of({about,
                           {.name = "words/processor.js", .content = "module.exports = {};", .deflated = true},
                           {.name = "last", .content = "x"}});
  BOOST_REQUIRE(check(zip.bytes).has_value());
  for (std::size_t length = 0; length < zip.bytes.size(); ++length) {
    BOOST_TEST(not_a_zip(zip.bytes.substr(0, length)), "cut to " << length << " of " << zip.bytes.size());
  }
}

BOOST_AUTO_TEST_CASE(a_directory_that_contradicts_is_none) {
  const ZipEntry file{.name = "file", .content = "content"};
  BOOST_TEST(not_a_zip(zip_of({about, file}, 1).bytes));
  BOOST_TEST(not_a_zip(zip_of({about, file}, -1).bytes));
  ZipEntry size = file;
  size.directory_size_off = 5;
  BOOST_TEST(not_a_zip(zip_of({about, size}).bytes));
  const auto zip = zip_of({about, file});
  BOOST_TEST(not_a_zip(zip.bytes.substr(0, zip.directory_at) + "junk" + zip.bytes.substr(zip.directory_at)));
  BOOST_TEST(not_a_zip(zip.bytes + "junk"));
  BOOST_TEST(not_a_zip("junk" + zip.bytes));
  BOOST_TEST(not_a_zip("{\"json\":1}"));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_of_a_file_is_seen) {
  auto zip = zip_of({about, {.name = "file", .content = "content"}}).bytes;
  zip[zip.find("content", about.content.size())] ^= 1;
  BOOST_TEST(refused_entry(refusal(zip), "entry \"file\" is damaged"));
}

BOOST_AUTO_TEST_CASE(names_that_lead_out_are_refused_by_name) {
  for (const char* name : {"../evil", "a/../../evil", "a/..", "..", "a\\..\\..\\evil"}) {
    BOOST_TEST(refused_entry(refusal(zip_of({about, {.name = name}}).bytes), "has a \"..\" in its path"), name);
  }
  for (const char* name : {"/etc/passwd", "C:/evil", "\\evil"}) {
    BOOST_TEST(refused_entry(refusal(zip_of({about, {.name = name}}).bytes), "is absolute"), name);
  }
  BOOST_TEST(check(zip_of({about, {.name = "a..b/...c"}}).bytes).has_value());
}

BOOST_AUTO_TEST_CASE(links_and_devices_are_refused) {
  // Not pipes: Info-ZIP calls a file so that it read from one, and libarchive takes it for a file, as it is unpacked.
  for (const std::uint32_t mode : {link_mode, 0020666U, 0060666U, 0140666U}) {
    BOOST_TEST_INFO("mode " << std::oct << mode);
    BOOST_TEST(refused_entry(refusal(zip_of({about, {.name = "l", .content = "/etc/passwd", .unix_mode = mode}}).bytes),
                             "entry \"l\" is a link or a special file"));
  }
}

BOOST_AUTO_TEST_CASE(names_that_are_there_twice_are_refused) {
  const auto pair = [](const char* first, const char* second) {
    return refusal(zip_of({about, {.name = first}, {.name = second}}).bytes);
  };
  BOOST_TEST(refused_entry(pair("x", "x"), "entry \"x\" is there twice"));
  BOOST_TEST(refused_entry(pair("x", "./x"), "is there twice"));
  BOOST_TEST(refused_entry(pair("x", "x/y"), "lies below \"x\", which is a file"));
  BOOST_TEST(refused_entry(pair("x/y", "x"), "is there twice"));
}

BOOST_AUTO_TEST_CASE(encrypted_entries_are_refused) {
  BOOST_TEST(refused_entry(refusal(zip_of({about, {.name = "x", .content = "0123456789abcdef", .flags = 1}}).bytes),
                           "is encrypted"));
}

BOOST_AUTO_TEST_CASE(bombs_are_refused_by_what_they_unpack_to) {
  const std::string zeros(8U << 20U, '\0');
  const std::string bomb = zip_of({about, {.name = "zeros", .content = zeros, .deflated = true}}).bytes;
  BOOST_TEST(bomb.size() < 16'000U);
  BOOST_TEST(refused_entry(refusal(bomb), "entry \"zeros\" unpacks to more than 100 bytes for each byte"));
  BOOST_TEST(refused_entry(refusal(bomb, {.unpacked_bytes_max = 1U << 20U}), "larger than 1 MiB"));
  // One whose directory alone says that it is small.
  ZipEntry liar{.name = "zeros", .content = zeros, .deflated = true};
  liar.directory_size_off = 1 - static_cast<std::int64_t>(zeros.size());
  BOOST_TEST(refusal(zip_of({about, liar}).bytes).second != "taken");
}

BOOST_AUTO_TEST_CASE(bombs_are_refused_by_what_they_say_before_a_byte_is_unpacked) {
  // They have next to no bytes: what is refused is what they say.
  const ZipEntry said{.name = "said", .content = "x", .size_off = 200 << 20};
  BOOST_TEST(refused_entry(refusal(zip_of({about, said}).bytes), "entry \"said\" unpacks to more than 100 bytes"));
  BOOST_TEST(refused_entry(refusal(zip_of({about, said}).bytes, {.ratio_from_bytes = 1U << 30U}), "is damaged"));
  std::vector<ZipEntry> many{about};
  for (int i = 0; i < 100; ++i) {
    many.push_back({.name = "f" + std::to_string(i), .content = "x", .size_off = (3 << 20) - 1});
  }
  BOOST_TEST(refused_entry(refusal(zip_of(many).bytes, {.ratio_from_bytes = 1U << 30U}),
                           "entry \"f85\" makes the bundle larger than 256 MiB when it is unpacked"));
}

BOOST_AUTO_TEST_CASE(an_entry_that_unpacks_to_more_than_it_says_is_refused) {
  ZipEntry liar{.name = "zeros", .content = std::string(8U << 20U, '\0'), .deflated = true};
  liar.size_off = 1 - static_cast<std::int64_t>(liar.content.size());
  BOOST_TEST(refused_entry(refusal(zip_of({about, liar}).bytes), "unpacks to more than the 1 bytes that it says"));
}

BOOST_AUTO_TEST_CASE(numbers_and_lengths_have_limits) {
  std::vector<ZipEntry> many{about};
  for (int i = 0; i < 20; ++i) {
    many.push_back({.name = "f" + std::to_string(i)});
  }
  BOOST_TEST(refusal(zip_of(many).bytes, {.entries_max = 20}).second == "it has more than 20 entries");
  BOOST_TEST(refused_entry(refusal(zip_of({about, {.name = std::string(256, 'n')}}).bytes), "a step of 256 bytes"));
  std::string deep;
  for (int i = 0; i < 600; ++i) {
    deep += "d/";
  }
  BOOST_TEST(refused_entry(refusal(zip_of({about, {.name = deep + "f"}}).bytes), "limit 1024 bytes"));
  BOOST_TEST(refused_entry(
      refusal(zip_of({{.name = "asset.json", .content = std::string(200, ' ')}}).bytes, {.asset_json_bytes_max = 100}),
      "larger than 100 bytes"));
}

BOOST_AUTO_TEST_CASE(random_damage_is_refused_or_harmless) {
  const std::string whole =
      zip_of({about, {.name = "words/processor.js", .content = std::string(500, 'w'), .deflated = true}}).bytes;
  std::uint32_t state = 7;  // the same damage in every run
  for (int round = 0; round < 3'000; ++round) {
    std::string zip = whole;
    for (int bytes = 0; bytes < 3; ++bytes) {
      state = state * 1'664'525U + 1'013'904'223U;
      zip[(state >> 8U) % zip.size()] = static_cast<char>(state);
    }
    (void)check(zip);
  }
}

BOOST_AUTO_TEST_SUITE_END()
