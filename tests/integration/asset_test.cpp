// Bundles from curl to the machines that need them, through real processes and their deaths.
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/support/local_cluster.hpp"
#include "tests/support/zip_builder.hpp"

using namespace slicebus::support;     // NOLINT: test
using namespace std::chrono_literals;  // NOLINT: test
using nlohmann::json;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

std::string post_of(const std::string& bytes, const std::string& type) {
  return "POST /v1/assets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
         (type.empty() ? "" : "Content-Type: " + type + "\r\n") + "Content-Length: " + std::to_string(bytes.size()) +
         "\r\n\r\n" + bytes;
}

HttpAnswer upload(const LocalCluster& cluster, const std::string& zip,
                  const std::string& type = "application/octet-stream") {
  const auto received = cluster.api().raw(post_of(zip, type), 60s);
  BOOST_REQUIRE(received.has_value());
  const std::size_t end = received->find("\r\n\r\n");
  return {std::stoi(received->substr(9, 3)), received->substr(0, end), received->substr(end + 4)};
}

std::string stored(const LocalCluster& cluster, const std::string& zip) {
  const HttpAnswer answer = upload(cluster, zip);
  BOOST_REQUIRE_MESSAGE(answer.status == 201 || answer.status == 200, answer.body);
  return answer.json().at("asset_id").get<std::string>();
}

json job(const json& assets, int slices = 2, int ms = 1) {
  return {{"name", "t"},
          {"workers", 1},
          {"assets", assets},
          {"operations",
           {{{"_op", "data_generator"}, {"size", slices}, {"slice_size", 1}}, {{"_op", "delay"}, {"ms", ms}}}}};
}

/// Bytes that do not shrink.
std::string noise(std::size_t size) {
  std::mt19937 random{7};  // NOLINT: the same bytes in every run
  std::string bytes(size, '\0');
  for (char& c : bytes) {
    c = static_cast<char>(random());
  }
  return bytes;
}
std::string large_bundle(const std::string& name) {
  return zip_of({{.name = "asset.json", .content = R"({"name":")" + name + R"(","version":"1.0.0"})"},
                 {.name = "data", .content = noise(20U << 20U)}})
      .bytes;
}

std::vector<std::string> half_under(const fs::path& directory) {
  std::vector<std::string> found;
  if (fs::exists(directory)) {
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().filename().string().starts_with(".")) {
        found.push_back(entry.path().filename());
      }
    }
  }
  return found;
}

struct OneSlot {
  TestDirectory directory;
  LocalCluster cluster{directory.path(), {.slots = 1}};
  fs::path unpacked = directory.path() / "data" / "worker-assets";
  fs::path kept = directory.path() / "data" / "assets";
};

}  // namespace

BOOST_AUTO_TEST_SUITE(assets)

// R-api-110, 111, 114, 71, 115, Q-16, Q-20
BOOST_FIXTURE_TEST_CASE(a_bundle_is_uploaded_listed_and_deleted, OneSlot) {
  const std::string zip = bundle_zip("words", "1.2.0", R"(,"description":"all the words")");
  const HttpAnswer first = upload(cluster, zip);
  BOOST_TEST(first.status == 201);
  const std::string id = first.json().at("asset_id");
  BOOST_TEST(upload(cluster, zip, "").status == 200);
  BOOST_TEST(upload(cluster, zip).json() == first.json());
  for (const char* type : {"application/json", "application/x-www-form-urlencoded"}) {
    BOOST_TEST(upload(cluster, zip, type).status == 400);
    BOOST_TEST(upload(cluster, zip, type).json().at("message") == "/asset endpoints do not accept json");
  }
  const json listed = cluster.get("/v1/assets").json();
  BOOST_REQUIRE(listed.size() == 1U);
  BOOST_TEST(listed[0].at("id") == id);
  BOOST_TEST(listed[0].at("description") == "all the words");
  BOOST_TEST(cluster.get("/assets/words").json() == listed);
  BOOST_TEST(cluster.get("/assets/words/1.2.0").json() == listed);
  BOOST_TEST(cluster.get("/assets/w*/1.*").json() == listed);
  BOOST_TEST(cluster.get("/assets/words/1.3.0").json() == json::array());
  BOOST_TEST(cluster.get("/assets?from=1").json() == json::array());
  BOOST_TEST(cluster.get("/assets?sort=nope").status == 400);
  BOOST_TEST(cluster.get("/assetsXYZ").status == 405);
  BOOST_TEST(cluster.get("/assets/a/b/c").status == 405);
  const auto removed = [&](const std::string& which) {
    return *cluster.api().request("DELETE", "/v1/assets/" + which);
  };
  BOOST_TEST(removed("short").json() ==
             json({{"error", "asset short is not formatted correctly, please provide the full asset_id"}}));
  BOOST_TEST(removed("short").status == 400);
  BOOST_TEST(removed(id).json() == json({{"asset_id", id}}));
  BOOST_TEST(removed(id).status == 404);
  BOOST_TEST(removed(id).json().at("message") == "Unable to find asset " + id);
  BOOST_TEST(!fs::exists(kept / (id + ".zip")));
}

// M8
BOOST_FIXTURE_TEST_CASE(hostile_bundles_are_refused_within_a_second_and_cost_no_memory, OneSlot) {
  const ZipEntry about{.name = "asset.json", .content = R"({"name":"x","version":"1.0.0"})"};
  const std::string zeros(200U << 20U, '\0');
  const std::string bomb = zip_of({about, {.name = "zeros", .content = zeros, .deflated = true}}).bytes;
  const std::string whole = zip_of({about}).bytes;
  const std::vector<std::pair<std::string, std::string>> hostile{
      {bomb, "entry \"zeros\" unpacks to more than 100 bytes for each byte of the bundle"},
      {zip_of({about, {.name = "../../etc/cron.d/evil"}}).bytes, "entry \"../../etc/cron.d/evil\" has a \"..\""},
      {zip_of({about, {.name = "/etc/passwd"}}).bytes, "entry \"/etc/passwd\" is absolute"},
      {zip_of({about, {.name = "l", .content = "/", .unix_mode = 0120777}}).bytes, "entry \"l\" is a link"},
      {zip_of({about, about}).bytes, "entry \"asset.json\" is there twice"},
      {whole.substr(0, whole.size() - 3), "File type not recognized as zip"},
      {"PK\3\4", "File type not recognized as zip"},
      {"", "File type not recognized as zip"}};
  BOOST_TEST(upload(cluster, bomb).status == 400);  // what libraries keep for good is there
  const long before = resident_kib(*cluster.master()).value();
  for (const auto& [zip, text] : hostile) {
    const auto began = Clock::now();
    const HttpAnswer answer = upload(cluster, zip);
    BOOST_TEST((Clock::now() - began < 1s), text);
    BOOST_TEST(answer.status == 400, answer.body);
    BOOST_TEST(answer.json().at("message").get<std::string>().find(text) != std::string::npos, answer.body);
    BOOST_TEST(cluster.get("/").status == 200);
  }
  BOOST_TEST(resident_kib(*cluster.master()).value() - before < 32 * 1'024);
  BOOST_TEST(cluster.get("/assets").json() == json::array());
  BOOST_TEST(half_under(kept).empty());
}

// R-ex-79, R-ex-35, R-api-57
BOOST_FIXTURE_TEST_CASE(a_job_with_an_asset_runs_where_the_asset_is_unpacked, OneSlot) {
  const std::string id = stored(cluster, bundle_zip("words", "1.2.0"));
  stored(cluster, bundle_zip("words", "2.0.0"));
  const auto first = cluster.submit(job({"words:^1.0"}, 10'000, 10));
  BOOST_TEST(cluster.get("/jobs/" + first.job_id).json().at("assets") == json({"words:^1.0"}));  // as posted
  BOOST_TEST(cluster.execution(first.ex_id).at("assets") == json({id}));
  BOOST_TEST(eventually(60s, [&] { return cluster.get("/cluster/state").body.find(id) != std::string::npos; }));
  BOOST_TEST(fs::exists(unpacked / id / "words" / "processor.js"));
  BOOST_TEST(half_under(unpacked).empty());
  BOOST_TEST(cluster.post("/ex/" + first.ex_id + "/_stop").status == 200);
  // It has it now: without the bytes of the master the next one runs, too.
  fs::remove(kept / (id + ".zip"));
  const auto second = cluster.submit(job({id}));
  BOOST_TEST(cluster.wait_for_end(second.ex_id) == "completed");
  // What only an asset has is refused, and why.
  json other = job({"words"});
  other["operations"][1]["_op"] = "words";
  const HttpAnswer refused = cluster.post("/jobs", other.dump());
  BOOST_TEST(refused.status == 400);
  BOOST_TEST(refused.body.find("as JavaScript, which Slicebus does not run") != std::string::npos, refused.body);
  const HttpAnswer unknown = cluster.post("/jobs", job({"nope:1.0.0"}).dump());
  BOOST_TEST(unknown.status == 400);
  BOOST_TEST(unknown.json().at("message").get<std::string>().find(
                 "Failure to get assets, caused by No assets found for \"nope:1.0.0\"") == 0U);
}

BOOST_FIXTURE_TEST_CASE(an_asset_that_is_gone_makes_its_execution_wait_and_say_so_until_it_is_back, OneSlot) {
  const std::string zip = bundle_zip("words", "1.0.0");
  const auto busy = cluster.submit(job(json::array(), 10'000, 10));
  BOOST_REQUIRE(eventually(60s, [&] { return cluster.status(busy.ex_id) == "running"; }));
  const std::string id = stored(cluster, zip);
  const auto waits = cluster.submit(job({"words"}));
  BOOST_TEST(cluster.api().request("DELETE", "/assets/" + id)->status == 200);
  BOOST_TEST(cluster.post("/ex/" + busy.ex_id + "/_stop").status == 200);
  BOOST_TEST(eventually(60s, [&] {
    return cluster.execution(waits.ex_id).value("_waiting", "").find("no asset " + id + " is stored any more") !=
           std::string::npos;
  }));
  BOOST_TEST(stored(cluster, zip) == id);
  BOOST_TEST(cluster.wait_for_end(waits.ex_id) == "completed");
}

BOOST_FIXTURE_TEST_CASE(an_agent_that_is_killed_while_it_unpacks_leaves_nothing_half, OneSlot) {
  const std::string id = stored(cluster, large_bundle("large"));
  const auto posted = cluster.submit(job({"large"}));
  BOOST_REQUIRE(eventually(60s, [&] { return !half_under(unpacked).empty() || fs::exists(unpacked / id); }));
  ::kill(*cluster.agent(), SIGKILL);
  BOOST_TEST(cluster.wait_for_end(posted.ex_id) == "completed");
  BOOST_TEST(half_under(unpacked).empty());
  BOOST_TEST(fs::file_size(unpacked / id / "data") == 20U << 20U);
}

BOOST_FIXTURE_TEST_CASE(a_master_that_is_killed_keeps_whole_bundles_or_none, OneSlot) {
  const std::string id = stored(cluster, bundle_zip("small", "1.0.0"));
  const std::string zip = large_bundle("large");
  for (const auto pause : {0ms, 30ms, 100ms, 300ms}) {
    std::thread sender([&] { cluster.api().raw(post_of(zip, "application/octet-stream"), 5s); });
    std::this_thread::sleep_for(pause);  // at whatever it is doing then
    ::kill(*cluster.master(), SIGKILL);
    sender.join();
    BOOST_REQUIRE(eventually(60s, [&] {
      const auto answer = cluster.api().request("GET", "/assets/small");
      return answer && answer->status == 200;
    }));
    BOOST_TEST(cluster.get("/assets/small").json().at(0).at("id") == id);
    const json large = cluster.get("/assets/large").json();
    BOOST_TEST(half_under(kept).empty());
    std::size_t zips = 0;
    for (const auto& entry : fs::directory_iterator(kept)) {
      zips += entry.path().extension() == ".zip" ? 1 : 0;
    }
    BOOST_TEST(zips == 1 + large.size());
  }
  const std::string large = stored(cluster, zip);
  BOOST_TEST(fs::file_size(kept / (large + ".zip")) == zip.size());
}

BOOST_AUTO_TEST_SUITE_END()

// R-ex-143
BOOST_AUTO_TEST_CASE(bundles_of_the_autoload_directory_are_stored_at_the_start) {
  const TestDirectory directory;
  fs::create_directories(directory.path() / "autoload");
  std::ofstream(directory.path() / "autoload" / "words.zip", std::ios::binary) << bundle_zip("words", "1.0.0");
  std::ofstream(directory.path() / "autoload" / "bad.zip") << "no zip";
  std::ofstream(directory.path() / "autoload" / "readme.txt") << "no bundle";
  const LocalCluster cluster(directory.path(), {.slots = 1});
  BOOST_TEST(eventually(10s, [&] { return cluster.get("/assets/words/1.0.0").json().size() == 1; }));
  BOOST_TEST(cluster.get("/assets").json().size() == 1U);
}
