#include "master/service/assets.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/bundle/asset_id.hpp"
#include "master/service/job_check.hpp"
#include "master/store/memory/asset_store.hpp"
#include "tests/support/zip_builder.hpp"

using namespace slicebus;
using namespace slicebus::service;
using support::bundle_zip;
using support::zip_of;
using Json = nlohmann::ordered_json;

namespace {

struct Shelf {
  store::MemoryAssetStore store;
  store::MemoryAssetBlobs blobs;
  WallTime wall{std::chrono::milliseconds(1'700'000'000'000)};
  Stamps stamps{[this] { return wall; }};
  Assets assets{store, blobs, stamps};
  Ticket tickets = 0;

  /// Uploads and waits for the answer.
  UploadSettled upload(const std::string& zip) {
    BOOST_REQUIRE(assets.submit(zip, ++tickets).has_value());
    for (const Upload& sent : assets.uploads()) {
      assets.on(check_upload(sent, blobs));
    }
    const auto settled = assets.settled();
    BOOST_REQUIRE(settled.size() == 1U);
    BOOST_TEST(settled[0].ticket == tickets);
    return settled[0];
  }
  std::string add(const std::string& name, const std::string& version, const std::string& extra = {}) {
    const UploadSettled done = upload(bundle_zip(name, version, extra));
    BOOST_REQUIRE_MESSAGE(done.answer.has_value(), (done.answer ? "" : done.answer.error().message));
    BOOST_TEST(done.created);
    return done.answer->json().at("asset_id").get<std::string>();
  }
  Refusal refused(const std::string& zip) {
    const UploadSettled done = upload(zip);
    BOOST_REQUIRE_MESSAGE(!done.answer.has_value(), "taken");
    return done.answer.error();
  }
  Refusal refused_json(const std::string& asset_json) {
    return refused(zip_of({{.name = "asset.json", .content = asset_json}}).bytes);
  }
  /// Its version, or why there is none.
  std::string resolved(const std::string& reference) const {
    const auto found = assets.resolve(reference);
    return found ? found->version : found.error().message;
  }
  /// The refusal of a job, or "taken".
  std::string job(const Json& posted, Json* config = nullptr) {
    const auto checked = check_job(posted, [this](const std::string& name) { return assets.resolve(name); });
    if (checked && config != nullptr) {
      *config = checked->config.json();
      (*config)["warnings"] = checked->warnings.json().at("list");
    }
    return checked ? "taken" : checked.error().message;
  }
  static Json posted(const Json& assets, const std::string& op = "noop") {
    return {{"name", "t"}, {"assets", assets}, {"operations", {{{"_op", "test-reader"}}, {{"_op", op}}}}};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(assets_service)

// R-api-110
BOOST_FIXTURE_TEST_CASE(a_bundle_is_new_once_and_known_after, Shelf) {
  const std::string zip = bundle_zip("words", "1.0.0");
  const UploadSettled first = upload(zip);
  BOOST_TEST(first.created);
  BOOST_TEST(first.answer->json() == (Json{{"asset_id", bundle::asset_id_of(zip).text}}));
  const UploadSettled again = upload(zip);
  BOOST_TEST(!again.created);
  BOOST_TEST(again.answer->json() == first.answer->json());
}

// R-api-113, column "Ours"
BOOST_FIXTURE_TEST_CASE(what_is_wrong_with_a_bundle_is_answered_in_its_kind, Shelf) {
  const auto no_zip = refused("no zip");
  BOOST_TEST((no_zip.kind == RefusalKind::invalid));
  BOOST_TEST(no_zip.message.find("Failed to save asset. File type not recognized as zip.") == 0U);
  const auto no_json = refused(zip_of({{.name = "readme"}}).bytes);
  BOOST_TEST(
      (no_json == Refusal{RefusalKind::unprocessable, "asset.json was not found in root directory of asset bundle"}));
  for (const char* bad : {"", "{", "[]", "7", "{\"name\":\"a\",}"}) {
    BOOST_TEST(
        (refused_json(bad) == Refusal{RefusalKind::unprocessable,
                                      "Failure parsing asset.json, please ensure that's it formatted correctly"}),
        bad);
  }
  std::string deep = R"({"name":"a","version":"1.0.0","x":)" + std::string(100'000, '[');
  BOOST_TEST((refused_json(deep).kind == RefusalKind::unprocessable));
  BOOST_TEST((refused_json(R"({"version":"1.0.0"})") == Refusal{RefusalKind::invalid, "Missing name"}));
  BOOST_TEST((refused_json(R"({"name":"a"})") == Refusal{RefusalKind::invalid, "Invalid version \"undefined\""}));
  BOOST_TEST(
      (refused_json(R"({"name":"a","version":"1.0"})") == Refusal{RefusalKind::invalid, "Invalid version \"1.0\""}));
  BOOST_TEST((refused_json(R"({"name":"a","version":"1.0.0","minimum_teraslice_version":"99.0.0"})") ==
              Refusal{RefusalKind::invalid, "Asset requires teraslice version 99.0.0 or greater."}));
  for (const char* name : {"a/b", "..\\\\x", "a:b", "a b", "a*", "a@b"}) {
    BOOST_TEST(
        refused_json(R"({"version":"1.0.0","name":")" + std::string(name) + "\"}").message.find("Invalid name \"") ==
            0U,
        name);
  }
  BOOST_TEST(refused_json(R"({"name":"a","version":"1.0.0","node_version":"new"})").message ==
             "Invalid node_version \"new\"; it must be a major number such as 22");
  BOOST_TEST(blobs.all().value().empty());
}

BOOST_FIXTURE_TEST_CASE(the_same_name_and_version_is_taken_once_for_each_platform, Shelf) {
  add("words", "1.0.0");
  const auto conflict = refused(bundle_zip("words", "1.0.0", R"(,"description":"other")"));
  BOOST_TEST((conflict == Refusal{RefusalKind::conflict,
                                  "Asset name:\"words\" AND version:\"1.0.0\" already exists, please increment the "
                                  "version and send again"}));
  add("words", "1.0.0", R"(,"platform":"linux")");
  add("words", "1.0.0", R"(,"node_version":18)");
  BOOST_TEST(store.list({}).value().size() == 3U);
  BOOST_TEST(blobs.all().value().size() == 3U);  // the bytes of what was refused are gone
}

// R-api-114
BOOST_FIXTURE_TEST_CASE(lists_show_what_is_known, Shelf) {
  const std::string id =
      add("words", "1.0.0", R"(,"description":"some","node_version":"v18.1.0","platform":false,"arch":"")");
  const auto list = assets.list({});
  BOOST_REQUIRE(list.has_value());
  BOOST_TEST((*list)[0].json() == (Json{{"_created", "2023-11-14T22:13:20.000Z"},
                                        {"name", "words"},
                                        {"version", "1.0.0"},
                                        {"id", id},
                                        {"description", "some"},
                                        {"node_version", 18}}));
  BOOST_TEST(assets.list({.name = "w*", .version = "1.*"})->size() == 1U);
  BOOST_TEST(assets.list({.name = "other"})->empty());
}

// R-api-115
BOOST_FIXTURE_TEST_CASE(a_deleted_asset_is_gone_with_its_bytes, Shelf) {
  const AssetId id{add("words", "1.0.0")};
  BOOST_TEST(assets.remove(id)->json() == (Json{{"asset_id", id.text}}));
  BOOST_TEST((assets.remove(id).error() == Refusal{RefusalKind::not_found, "Unable to find asset " + id.text}));
  BOOST_TEST(!blobs.has(id));
  add("words", "1.0.0");
}

BOOST_FIXTURE_TEST_CASE(bytes_without_a_record_are_removed_at_the_start, Shelf) {
  BOOST_TEST(blobs.keep(AssetId{"orphan"}, "x").has_value());
  const AssetId id{add("words", "1.0.0")};
  BOOST_TEST(assets.load().has_value());
  BOOST_TEST((blobs.all().value() == std::vector{id}));
}

BOOST_FIXTURE_TEST_CASE(uploads_that_wait_have_a_bound_and_a_shutdown_answers_them, Shelf) {
  for (std::size_t i = 0; i < Assets::uploads_waiting_max; ++i) {
    BOOST_TEST(assets.submit("x", i + 1).has_value());
  }
  BOOST_TEST((assets.submit("x", 99).error().kind == RefusalKind::overloaded));
  const auto sent = assets.uploads();
  assets.give_up_waiting();
  BOOST_TEST(assets.settled().size() == Assets::uploads_waiting_max);
  assets.on(check_upload(sent[0], blobs));
  BOOST_TEST(assets.settled().empty());
}

// R-ex-143
BOOST_FIXTURE_TEST_CASE(autoloaded_bundles_are_told_of_and_answer_nobody, Shelf) {
  for (int again = 0; again < 2; ++again) {
    assets.autoload(bundle_zip("words", "1.0.0"), "autoload/words.zip");
  }
  assets.autoload("no zip", "autoload/bad.zip");
  for (const Upload& sent : assets.uploads()) {
    assets.on(check_upload(sent, blobs));
  }
  BOOST_TEST(assets.settled().empty());
  const auto told = assets.autoloaded();
  BOOST_REQUIRE(told.size() == 3U);
  BOOST_TEST(told[0].second == "stored");
  BOOST_TEST(told[1].second == "stored before");
  BOOST_TEST(told[2].second.find("not recognized as zip") != std::string::npos);
}

// R-op-83
BOOST_FIXTURE_TEST_CASE(references_mean_the_newest_that_fits, Shelf) {
  const std::string oldest = add("words", "1.2.0");
  add("words", "1.10.0");
  add("words", "2.0.0");
  add("words", "3.0.0", R"(,"platform":"darwin")");
  add("words", "4.0.0-beta");
  add("other", "9.0.0");
  add("mac", "1.0.0", R"(,"platform":"darwin")");
  add("future", "1.0.0", R"(,"node_version":99)");
  BOOST_TEST(resolved("words") == "2.0.0");
  BOOST_TEST(resolved("words:latest") == "2.0.0");
  BOOST_TEST(resolved("words:^1.0") == "1.10.0");
  BOOST_TEST(resolved("words:1.2.0") == "1.2.0");
  BOOST_TEST(resolved("words:4.0.0-beta") == "4.0.0-beta");
  BOOST_TEST(resolved(oldest) == "1.2.0");
  BOOST_TEST(resolved("words:5.x") == "No assets found for \"words:5.x\"");
  BOOST_TEST(resolved("nothing") == "No assets found for \"nothing\"");
  BOOST_TEST(resolved("w*") == "No assets found for \"w*\"");
  BOOST_TEST(resolved(std::string(40, 'a')) == "No assets found for \"" + std::string(40, 'a') + "\"");
  BOOST_TEST(resolved("words:abc") == "Version \"abc\" is not a valid semver range");
  BOOST_TEST(resolved("words:3.0.0") == "No asset found for \"words:3.0.0\" due to a potential platform mismatch");
  BOOST_TEST(resolved("mac") == "No asset found for \"mac\" due to a potential platform mismatch");
  BOOST_TEST(resolved("future") == "No asset found for \"future\" due to a potential node_version mismatch");
}

// R-ex-35, R-op-80…82, R-api-69
BOOST_FIXTURE_TEST_CASE(jobs_name_assets_and_executions_get_ids, Shelf) {
  const std::string id = add("lib", "1.0.0");  // has the component "words"
  add("lib2", "1.0.0");
  Json config;
  BOOST_TEST(job(posted({"lib:^1.0", "standard"}), &config) == "taken");
  BOOST_TEST(config.at("assets") == (Json{id, "standard"}));
  BOOST_TEST(job(posted({"nope"})).find("Failure to get assets, caused by No assets found for \"nope\"") == 0U);
  BOOST_TEST(job(posted({"lib"}, "words"))
                 .find("Unable to find module for operation: words; asset \"lib:1.0.0\" has it, "
                       "as JavaScript") == 0U);
  BOOST_TEST(job(posted({"lib", "lib2"}, "words")) ==
             "Multiple assets containing the same processor name _op: \"words\", please specify which specific asset "
             "to use on its name");
  BOOST_TEST(job(posted({"lib", "lib2"}, "words@lib2"))
                 .find("Unable to find module for operation: words@lib2; asset "
                       "\"lib2:1.0.0\" has it") == 0U);
  BOOST_TEST(job(posted({"lib"}, "words@" + id)).find("as JavaScript") != std::string::npos);
  BOOST_TEST(job(posted({"lib"}, "noop@other")) ==
             "Invalid operation name for _op: noop@other, could not find the hashID for asset identifier other");
  BOOST_TEST(job(posted({"lib"}, "noop@lib")).find("has none of this name") != std::string::npos);
  BOOST_TEST(job(posted({"lib"}, "noop@standard")) == "taken");
}

BOOST_FIXTURE_TEST_CASE(a_built_in_operation_runs_even_if_an_asset_has_one_of_its_name, Shelf) {
  BOOST_TEST(upload(zip_of({{.name = "asset.json", .content = R"({"name":"x","version":"1.0.0"})"},
                            {.name = "asset/noop/processor.js"}})
                        .bytes)
                 .created);
  Json config;
  BOOST_TEST(job(posted({"x"}), &config) == "taken");
  BOOST_TEST(config.at("warnings").dump().find("the built-in one runs") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(agents_get_a_bundle_in_pieces, Shelf) {
  const std::string zip = zip_of({{.name = "asset.json", .content = R"({"name":"big","version":"1.0.0"})"},
                                  {.name = "data", .content = std::string(wire::chunk_bytes_max, 'd')}})
                              .bytes;
  const AssetId id{upload(zip).answer->json().at("asset_id").get<std::string>()};
  std::string got;
  while (got.size() < zip.size()) {
    const wire::AssetChunk chunk = assets.chunk({NodeId{"n"}, id, got.size()});
    BOOST_REQUIRE(chunk.problem.empty());
    BOOST_TEST(chunk.size == zip.size());
    BOOST_TEST(chunk.bytes.size() <= wire::chunk_bytes_max);
    BOOST_REQUIRE(!chunk.bytes.empty());
    got += chunk.bytes;
  }
  BOOST_TEST((got == zip));
  BOOST_TEST(assets.chunk({NodeId{"n"}, AssetId{"gone"}, 0}).problem.find("no asset gone is stored any more") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
