// What is shipped beside the programs fits them: settings files, units, the list of packages, the entry points of
// README.md.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/local_cluster.hpp"

using namespace slicebus::support;  // NOLINT: test

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(source_tree() / path);
  BOOST_REQUIRE_MESSAGE(file.good(), path << " is missing");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const std::vector<std::string> services{"broker", "master", "worker"};

}  // namespace

BOOST_AUTO_TEST_SUITE(packaging)

BOOST_AUTO_TEST_CASE(shipped_settings_are_understood_and_effective) {
  for (const std::string& service : services) {
    const auto file = source_tree() / "packaging" / "config" / (service + ".yaml");
    const auto ended = run({program("slicebus-" + service).string(), "--config", file.string(), "--print-config"});
    BOOST_TEST(ended.code == 0, file << ": " << ended.output);
    // Each key that the file sets comes out with the file's value.
    std::istringstream lines(text_of("packaging/config/" + service + ".yaml"));
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || line.front() == '#') {
        continue;
      }
      const std::string key = line.substr(0, line.find(':'));
      const std::string value = line.substr(line.find(": ") + 2);
      const std::regex printed("(^|\n)" + key + ": \"?" + value + "\"?( |\n|$)");
      BOOST_TEST(std::regex_search(ended.output, printed), key << ": " << value << " is not in\n" << ended.output);
    }
  }
}

BOOST_AUTO_TEST_CASE(units_start_the_programs_with_the_shipped_settings) {
  for (const std::string& service : services) {
    const std::string unit = text_of("packaging/systemd/slicebus-" + service + ".service");
    const std::string command =
        "ExecStart=/usr/bin/slicebus-" + service + " --config /etc/slicebus/" + service + ".yaml\n";
    BOOST_TEST(unit.find(command) != std::string::npos, service);
    BOOST_TEST(unit.find("Restart=always\n") != std::string::npos, service);
  }
}

BOOST_AUTO_TEST_CASE(package_list_is_well_formed_and_installed_so_that_nothing_is_fetched) {
  std::istringstream lines(text_of("packaging/debian-packages.txt"));
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') {
      continue;
    }
    static const std::regex form(R"((build|run|test|long|tidy|peers) +[a-z0-9.+-]+ +\S.*)");
    BOOST_TEST(std::regex_match(line, form), line);
    std::istringstream words(line);
    std::string tag;
    std::string name;
    words >> tag >> name;
    BOOST_TEST(names.insert(name).second, name << " is listed twice");
  }
  const auto ended = run({(source_tree() / "packaging/install-packages").string(), "build", "run", "test"});
  BOOST_TEST(ended.code == 0, ended.output);
  BOOST_TEST(ended.output.empty(), ended.output);
}

BOOST_AUTO_TEST_CASE(ci_runs_the_test_command_of_the_readme) {
  const std::string readme = text_of("README.md");
  BOOST_TEST(readme.find("./quickstart ") != std::string::npos);
  BOOST_TEST(readme.find("./run-tests ") != std::string::npos);
  BOOST_TEST(text_of(".ci/run").find("exec ./run-tests\n") != std::string::npos);
  for (const std::string script :
       {"quickstart", "run-tests", ".ci/run", "packaging/install-packages", "tests/integration/quickstart_test.sh",
        "tests/cluster/containers.sh", "tests/cluster/compose_test.sh", "tests/cluster/fleet_test.sh"}) {
    const auto checked = run({"bash", "-n", (source_tree() / script).string()});
    BOOST_TEST(checked.code == 0, checked.output);
  }
}

BOOST_AUTO_TEST_SUITE_END()
