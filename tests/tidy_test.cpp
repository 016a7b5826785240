// The house checks itself: style.md §3 and §9 over the whole tree, and wrong snippets that must be caught.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "common/wire/messages.hpp"
#include "tests/support/tidy_rules.hpp"

using namespace slicebus;        // NOLINT: test
using namespace slicebus::tidy;  // NOLINT: test

namespace {

std::filesystem::path root() {
  const char* source = std::getenv("SLICEBUS_SOURCE");  // NOLINT: one thread
  return source != nullptr ? source : ".";
}

const Tree& house() {
  static const Tree tree = read_tree(root());
  return tree;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  BOOST_REQUIRE_MESSAGE(file.good(), path.string() + " is missing");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void require_none(const Breaches& breaches) {
  for (const std::string& breach : breaches) {
    BOOST_ERROR(breach);
  }
  BOOST_TEST(breaches.empty());
}

template <std::size_t... Index>
std::vector<std::string> names_of_variant(std::index_sequence<Index...>) {
  return {std::string(wire::message_name(wire::Message(std::in_place_index<Index>)))...};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tidy)

BOOST_AUTO_TEST_CASE(the_tree_is_found) {
  BOOST_TEST(house().count("common/wire/messages.hpp") == 1U);
  BOOST_TEST(!core_files(house()).empty());
}

BOOST_AUTO_TEST_CASE(every_room_includes_only_what_stands_before_it) { require_none(check_includes(house())); }
BOOST_AUTO_TEST_CASE(cores_know_no_sockets_threads_chance_or_clock) { require_none(check_cores(house())); }
BOOST_AUTO_TEST_CASE(files_are_named_and_guarded_as_the_house_wants) { require_none(check_files(house())); }
BOOST_AUTO_TEST_CASE(unit_tests_do_not_sleep) { require_none(check_unit_tests(house())); }

BOOST_AUTO_TEST_CASE(protocol_page_lists_exactly_the_messages_of_the_variant) {
  static const std::regex row(R"(^\| (\d+) \| `(\w+)` \|)");
  const std::string page = text_of(root() / "docs" / "protocol.md");
  std::istringstream lines(page);
  std::vector<std::string> listed;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, row)) {
      BOOST_TEST(std::stoul(match[1]) == listed.size(),
                 "docs/protocol.md: " << match[2] << " must have the number " << listed.size());
      listed.push_back(match[2]);
    }
  }
  const auto names = names_of_variant(std::make_index_sequence<std::variant_size_v<wire::Message>>{});
  BOOST_TEST(listed == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(terminology_page_names_every_word_of_the_law) {
  const std::string page = text_of(root() / "docs" / "terminology.md");
  for (const std::string word : {"job", "execution", "lineage", "slice", "attempt", "fence", "held", "record",
                                 "operation", "node", "slot", "controller", "lease", "credit"}) {
    BOOST_TEST(page.find("**" + word + "**") != std::string::npos, "docs/terminology.md does not define " << word);
  }
}

BOOST_AUTO_TEST_CASE(every_top_folder_has_its_one_page_readme) {
  for (const std::string folder : {"common", "broker", "master", "worker", "cli", "tests", "packaging", "examples"}) {
    BOOST_TEST(std::filesystem::exists(root() / folder / "README.md"), folder << "/README.md is missing");
  }
}

// ---- tests of the tests: what is wrong is caught, with file, line and remedy
// ------------------------------------------------

BOOST_AUTO_TEST_CASE(api_that_reaches_into_the_store_is_caught) {
  const Tree wrong{{"master/store/job_store.hpp", "#pragma once\n"},
                   {"master/api/jobs.cpp", "// one\n#include \"master/store/job_store.hpp\"\n"}};
  BOOST_TEST(
      check_includes(wrong) == Breaches{"master/api/jobs.cpp:2: api may include service/ only; move the call there"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_of_the_four_is_kept_from_the_others) {
  for (const std::string from : {"broker", "master", "worker", "cli"}) {
    for (const std::string to : {"broker", "master", "worker", "cli"}) {
      const Tree tree{{from + "/a.cpp", "#include \"" + to + "/b.hpp\"\n"}, {to + "/b.hpp", "#pragma once\n"}};
      BOOST_TEST(check_includes(tree).empty() == (from == to), from << " includes " << to);
    }
  }
}

BOOST_AUTO_TEST_CASE(service_may_use_ports_but_no_adapter) {
  const Tree tree{{"master/store/slice_ledger.hpp", "#pragma once\n"},
                  {"master/store/sqlite/ledger.hpp", "#pragma once\n"},
                  {"master/service/jobs.cpp",
                   "#include \"master/store/slice_ledger.hpp\"\n#include \"master/store/sqlite/ledger.hpp\"\n"}};
  BOOST_TEST(
      check_includes(tree) ==
          Breaches{"master/service/jobs.cpp:2: service may include scheduler/, execution/ and the store ports only"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(libraries_stay_in_their_rooms) {
  const Tree tree{{"broker/actor.cpp", "#include <zmq.hpp>\n"},
                  {"master/api/routes.cpp", "#include <pistache/router.h>\n"},
                  {"worker/slot/actor.cpp", "#include <sqlite3.h>\n"},
                  {"common/bus/socket.cpp", "#include <zmq.hpp>\n"}};
  BOOST_TEST(check_includes(tree).size() == 3U);
}

BOOST_AUTO_TEST_CASE(operations_that_know_the_wire_are_caught) {
  const Tree tree{{"common/wire/messages.hpp", "#pragma once\n"},
                  {"common/operations/noop.cpp", "#include \"common/wire/messages.hpp\"\n"}};
  BOOST_TEST(check_includes(tree).size() == 1U);
}

BOOST_AUTO_TEST_CASE(core_with_a_thread_a_clock_or_a_socket_is_caught_in_its_own_headers_too) {
  const Tree tree{
      {"broker/CMakeLists.txt", "slicebus_library(broker_core\n  SOURCES membership.cpp\n  DEPS slicebus::wire)\n"},
      {"broker/membership.cpp", "#include \"broker/membership.hpp\"\nauto t = std::chrono::steady_clock::now();\n"},
      {"broker/membership.hpp", "#pragma once\n#include <mutex>\n#include \"broker/events.hpp\"\n"},
      {"broker/events.hpp", "#pragma once\n#include \"common/bus/socket.hpp\"\n"},
      {"broker/actor.cpp", "#include <thread>\n"},
      {"common/bus/socket.hpp", "#pragma once\n"}};
  const Breaches breaches = check_cores(tree);
  BOOST_REQUIRE(breaches.size() == 3U);
  BOOST_TEST(breaches[0].find("broker/events.hpp:2: ") == 0U);
  BOOST_TEST(breaches[1].find("broker/membership.cpp:2: a core reads no clock") == 0U);
  BOOST_TEST(breaches[2].find("broker/membership.hpp:2: a core includes no") == 0U);
}

BOOST_AUTO_TEST_CASE(wrong_names_and_unguarded_headers_are_caught) {
  const Tree tree{{"common/utils/strings.hpp", "#pragma once\n"},
                  {"broker/ClusterState.cpp", ""},
                  {"worker/slot/slot.hpp", "#ifndef SLOT\n"},
                  {"worker/slot/window.hpp", "#pragma once\n"}};
  BOOST_TEST(check_files(tree).size() == 3U);
}

BOOST_AUTO_TEST_CASE(sleep_in_a_unit_test_is_caught) {
  const Tree tree{{"tests/unit/a_test.cpp", "std::this_thread::sleep_for(1s);\n"},
                  {"tests/integration/b_test.cpp", "sleep(1);\n"}};
  BOOST_TEST(check_unit_tests(tree).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
