#include <sys/stat.h>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "common/bundle/bundle.hpp"
#include "common/ids.hpp"
#include "tests/support/zip_builder.hpp"

using namespace slicebus;
using namespace slicebus::bundle;
namespace fs = std::filesystem;

namespace {

struct Place {
  fs::path top = fs::temp_directory_path() / ("slicebus-unpack-" + new_uuid());
  fs::path directory = top / "id";
  fs::path half = top / ".id.half";
  Place() { fs::create_directories(top); }
  ~Place() { fs::remove_all(top); }
  std::string read(const std::string& file) const {
    std::ifstream stream(directory / file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(top), fs::directory_iterator()));
  }
};

const std::string bundle_of_two = support::bundle_zip("a", "1.0.0");

}  // namespace

BOOST_AUTO_TEST_SUITE(unpacking)

BOOST_FIXTURE_TEST_CASE(a_bundle_lies_whole_under_its_directory_and_nothing_beside_it, Place) {
  BOOST_TEST(unpack(bundle_of_two, directory, half).has_value());
  BOOST_TEST(read("words/processor.js") == "module.exports = {};\n");
  BOOST_TEST(read("asset.json") == R"({"name":"a","version":"1.0.0"})");
  BOOST_TEST(entries() == 1U);
}

BOOST_FIXTURE_TEST_CASE(the_enclosing_folder_is_taken_off, Place) {
  const auto zip = support::zip_of({{.name = "my-bundle/asset.json", .content = "{}"},
                                    {.name = "my-bundle/run.sh", .content = "#!/bin/sh\n", .unix_mode = 0100755},
                                    {.name = "my-bundle/ümlaut/ß", .content = "x", .flags = 1U << 11U}});
  const auto done = unpack(zip.bytes, directory, half);
  BOOST_REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().text()));
  BOOST_TEST(read("asset.json") == "{}");
  BOOST_TEST(read("ümlaut/ß") == "x");
  struct stat info {};
  BOOST_TEST(::stat((directory / "run.sh").c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 0100U) != 0U);
  BOOST_TEST(entries() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_is_there_already_stays, Place) {
  fs::create_directories(directory);
  std::ofstream(directory / "kept") << "kept";
  BOOST_TEST(unpack(bundle_of_two, directory, half).has_value());
  BOOST_TEST(read("kept") == "kept");
}

BOOST_FIXTURE_TEST_CASE(what_an_earlier_process_left_half_is_replaced, Place) {
  fs::create_directories(half / "words");
  std::ofstream(half / "words/processor.js") << "half";
  BOOST_TEST(unpack(bundle_of_two, directory, half).has_value());
  BOOST_TEST(read("words/processor.js") == "module.exports = {};\n");
  BOOST_TEST(entries() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_bad_bundle_leaves_nothing, Place) {
  const auto zip = support::zip_of({{.name = "asset.json", .content = "{}"}, {.name = "../evil", .content = "x"}});
  const auto done = unpack(zip.bytes, directory, half);
  BOOST_REQUIRE(!done.has_value());
  BOOST_TEST(done.error().text().find("entry \"../evil\"") != std::string::npos);
  BOOST_TEST(entries() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_place_that_cannot_be_written_is_named, Place) {
  std::ofstream(top / "file") << "in the way";
  const auto done = unpack(bundle_of_two, top / "file" / "id", top / "file" / ".half");
  BOOST_REQUIRE(!done.has_value());
  BOOST_TEST(done.error().text().find((top / "file").string()) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
