#include "worker/agent/asset_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "common/bundle/asset_id.hpp"
#include "tests/support/zip_builder.hpp"

using namespace slicebus;
using namespace slicebus::agent;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("slicebus-assets-" + new_uuid());
  bus::Context context;
  ~Folder() { fs::remove_all(path); }

  AssetUnpacked unpack(AssetFolder& folder, const AssetId& id, const std::string& zip) {
    bus::Poll poll;
    poll.watch(folder.native());
    folder.unpack({id, zip});
    for (;;) {
      if (auto done = folder.receive()) {
        return *done;
      }
      poll.wait(std::nullopt);
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(asset_folder)

BOOST_FIXTURE_TEST_CASE(bytes_are_checked_against_the_id_before_they_are_unpacked, Folder) {
  const std::string zip = support::bundle_zip("words", "1.0.0");
  const AssetId id = bundle::asset_id_of(zip);
  AssetFolder folder(context, path, NodeId{"n1"});
  BOOST_TEST(!folder.has(id));
  BOOST_TEST(unpack(folder, AssetId{std::string(40, 'a')}, zip).problem ==
             "the bytes that came have the id " + id.text);
  BOOST_TEST(!fs::exists(path / std::string(40, 'a')));
  BOOST_TEST(unpack(folder, id, zip).problem.empty());
  BOOST_TEST(folder.has(id));
  BOOST_TEST(fs::exists(path / id.text / "words" / "processor.js"));
}

BOOST_FIXTURE_TEST_CASE(a_start_sweeps_what_its_own_node_left_half, Folder) {
  fs::create_directories(path / ".x.n1.half" / "words");
  fs::create_directories(path / ".x.n2.half");
  fs::create_directories(path / std::string(40, 'b'));
  AssetFolder folder(context, path, NodeId{"n1"});
  BOOST_TEST(!fs::exists(path / ".x.n1.half"));
  BOOST_TEST(fs::exists(path / ".x.n2.half"));
  BOOST_TEST(folder.has(AssetId{std::string(40, 'b')}));
  BOOST_TEST(!folder.has(AssetId{"../" + std::string(37, 'b')}));
}

BOOST_AUTO_TEST_SUITE_END()
