// The main job's operations over the real data, against counts made independently (examples/data/README.md).
#include <zlib.h>
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/unit/common/operations/workbench.hpp"

using namespace slicebus;
using namespace slicebus::operations;
using namespace slicebus::operations::test;
using nlohmann::json;

namespace {

std::string examples() {
  const char* source = std::getenv("SLICEBUS_SOURCE");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "ctest sets SLICEBUS_SOURCE to the source tree");
  return std::string(source) + "/examples/data/";
}

std::string unzipped(const std::string& path) {
  gzFile in = ::gzopen(path.c_str(), "rb");
  BOOST_REQUIRE_MESSAGE(in != nullptr, path);
  std::string out;
  for (int got = 1; got > 0;) {
    const std::size_t before = out.size();
    out.resize(before + (1U << 20U));
    got = ::gzread(in, out.data() + before, 1U << 20U);
    out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
  }
  ::gzclose(in);
  return out;
}

/// What reader → filter gives over slices of `size` bytes.
struct Count {
  std::size_t slices = 0;
  std::size_t read = 0;
  std::size_t kept = 0;
};
Count count(const std::string& path, std::int64_t size, const std::string& query) {
  const json reader = checked({{"_op", "file_reader"}, {"path", path}, {"size", size}});
  auto fetcher = find_operation("file_reader")->make_fetcher(reader);
  auto filter = find_operation("filter")->make_processor(checked({{"_op", "filter"}, {"query", query}}));
  Count out;
  for (const std::string& request : cut(reader, 100).requests) {
    auto batch = (*fetcher)->fetch({}, request);
    BOOST_REQUIRE(batch.has_value());
    out.read += batch->size();
    out.kept += (*filter)->process({}, std::move(*batch))->records.size();
    ++out.slices;
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(real_data)

BOOST_AUTO_TEST_CASE(late_flights_are_counted_exactly) {
  const TestDirectory directory;
  directory.write("flights.ldjson", unzipped(examples() + "flights-200k.ndjson.gz"));
  const Count late = count(directory.at("flights.ldjson"), 200'000, "delay:>60");
  BOOST_TEST(late.slices == 56U);
  BOOST_TEST(late.read == 231'083U);
  BOOST_TEST(late.kept == 9'845U);
  BOOST_TEST(count(directory.at(), 10'000'000, "delay:<0").kept == 99'063U);
}

BOOST_AUTO_TEST_CASE(strong_and_californian_earthquakes_are_counted_exactly) {
  const std::string path = examples() + "earthquakes.ndjson";
  const Count strong = count(path, 50'000, "properties.mag:>=4");
  BOOST_TEST(strong.read == 1'707U);
  BOOST_TEST(strong.kept == 128U);
  BOOST_TEST(count(path, 1'000, "properties.place:*,?CA*").kept == 747U);
}

BOOST_AUTO_TEST_SUITE_END()
