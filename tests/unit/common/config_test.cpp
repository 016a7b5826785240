#include "common/config/config.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "common/config/parts.hpp"
#include "common/time.hpp"
#include "common/version.hpp"

using namespace slicebus;
using namespace slicebus::config;

namespace {

/// A program with a setting of each kind, a file of its own and a clean environment.
struct Fixture {
  std::string bind = "127.0.0.1";
  std::int64_t port = 5680;
  bool eager = false;
  std::chrono::milliseconds silence_limit = 9s;
  std::string log_level = "info";
  Program program{.name = "slicebus-test",
                  .summary = "Tests.",
                  .fields = {{.name = "bind", .target = &bind, .help = "Address to listen on", .range = "address"},
                             {.name = "port", .target = &port, .help = "Port", .range = "", .min = 0, .max = 65'535},
                             {.name = "eager", .target = &eager, .help = "Hurries", .range = ""},
                             {.name = "silence_limit",
                              .target = &silence_limit,
                              .help = "Patience",
                              .range = "1 s..10 min",
                              .min = 1'000,
                              .max = 600'000},
                             log_level_field(&log_level)},
                  .positionals = {}};
  std::string path =
      (std::filesystem::temp_directory_path() / ("config_test." + std::to_string(getpid()) + ".yaml")).string();

  ~Fixture() {
    std::filesystem::remove(path);
    for (const char* name : {"SLICEBUS_PORT", "SLICEBUS_BIND", "SLICEBUS_CONFIG"}) {
      unsetenv(name);
    }
  }
  void file(const std::string& text) const { std::ofstream(path) << text; }
  Answer run(std::vector<std::string> arguments) const {
    std::vector<const char*> argv{"slicebus-test"};
    for (const std::string& argument : arguments) {
      argv.push_back(argument.c_str());
    }
    return answer(program, static_cast<int>(argv.size()), argv.data());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(configuration, Fixture)

BOOST_AUTO_TEST_CASE(without_a_word_the_defaults_hold) {
  BOOST_TEST(!run({}).loaded.exit_code.has_value());
  BOOST_TEST(port == 5680);
}

BOOST_AUTO_TEST_CASE(flags_win_over_the_environment_and_that_over_the_file) {
  file("port: 1\nbind: from-file\nsilence_limit: 2 s\n");
  setenv("SLICEBUS_PORT", "2", 1);
  setenv("SLICEBUS_BIND", "from-environment", 1);
  BOOST_TEST(run({"--config", path, "--port", "3"}).errors == "");
  BOOST_TEST(port == 3);
  BOOST_TEST(bind == "from-environment");
  BOOST_TEST((silence_limit == 2s));
}

BOOST_AUTO_TEST_CASE(the_file_may_be_named_by_the_environment) {
  file("eager: yes\n");
  setenv("SLICEBUS_CONFIG", path.c_str(), 1);
  BOOST_TEST(run({}).errors == "");
  BOOST_TEST(eager);
}

BOOST_AUTO_TEST_CASE(each_shape_of_flag_is_read) {
  BOOST_TEST(run({"--port=7", "--eager", "--silence-limit", "2 minutes", "--log-level", "debug"}).errors == "");
  BOOST_TEST(port == 7);
  BOOST_TEST(eager);
  BOOST_TEST((silence_limit == 120s));
  BOOST_TEST(run({"--eager=false", "--port", "8", "--port", "9"}).errors == "");
  BOOST_TEST(!eager);
  BOOST_TEST(port == 9);
}

BOOST_AUTO_TEST_CASE(a_wrong_value_names_its_place_its_range_and_exits_2) {
  file("# settings\n\nport: many\n");
  setenv("SLICEBUS_PORT", "70000", 1);
  const Answer said = run({"--config", path, "--silence-limit", "5 parsecs", "--log-level", "wran"});
  BOOST_TEST(said.loaded.exit_code.value() == 2);
  BOOST_TEST(said.errors == "slicebus-test: " + path +
                                ":3: port: \"many\" is no whole number; write one of 0..65535\n" +
                                "slicebus-test: SLICEBUS_PORT: \"70000\" is outside 0..65535\n"
                                "slicebus-test: --silence-limit: \"5 parsecs\" has an unknown unit; write it as 250ms, "
                                "5 s, 2 minutes or 1 hour\n"
                                "slicebus-test: --log-level: \"wran\" is not one of trace, debug, info, warn, error; "
                                "did you mean \"warn\"?\n");
  BOOST_TEST(port == 5680);
}

BOOST_AUTO_TEST_CASE(a_duration_outside_its_range_is_refused) {
  BOOST_TEST(run({"--silence-limit", "10ms"}).errors ==
             "slicebus-test: --silence-limit: \"10ms\" is outside 1 s..10 min\n");
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error_with_the_nearest) {
  file("prot: 5\nsilence-limit: 3 s\n");
  BOOST_TEST(run({"--config", path, "--prot", "5"}).errors ==
             "slicebus-test: --prot: no such flag; did you mean --port? --help lists all\n"
             "slicebus-test: " +
                 path + ":1: no setting \"prot\"; did you mean \"port\"? --print-config lists all\n" +
                 "slicebus-test: " + path +
                 ":2: no setting \"silence-limit\"; did you mean \"silence_limit\"? --print-config lists all\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_missing_broken_or_no_list_is_an_error) {
  BOOST_TEST(
      run({"--config", "/nowhere.yaml"}).errors ==
      "slicebus-test: /nowhere.yaml: cannot be read; check --config, SLICEBUS_CONFIG and the file's permissions\n");
  for (const char* text :
       {"port: [1\n", "- port\n", "port:\n", "port: {a: 1}\n", "? [a]\n: 1\n", "port: 1\nport: 2\n", "\t x: \"\n"}) {
    file(text);
    const Answer said = run({"--config", path});
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(said.loaded.exit_code.value() == 2);
      BOOST_TEST(said.errors.find(path) != std::string::npos);
    }
  }
  file("# nothing but words\n");
  BOOST_TEST(run({"--config", path}).errors == "");
}

BOOST_AUTO_TEST_CASE(what_print_config_prints_is_read_back_equal) {
  const Answer printed =
      run({"--port", "77", "--silence-limit", "1500", "--bind", "a \"b\": #c\n", "--eager", "--print-config"});
  BOOST_TEST(printed.loaded.exit_code.value() == 0);
  BOOST_TEST(printed.output.find("# Patience (1 s..10 min)\nsilence_limit: 1500 ms\n") != std::string::npos);
  file(printed.output);
  port = 0, eager = false, bind = "", silence_limit = 1s;
  BOOST_TEST(run({"--config", path}).errors == "");
  BOOST_TEST(port == 77);
  BOOST_TEST(eager);
  BOOST_TEST(bind == "a \"b\": #c\n");
  BOOST_TEST((silence_limit == 1'500ms));
}

BOOST_AUTO_TEST_CASE(help_and_version_answer_and_exit_0) {
  const Answer help = run({"--help"});
  BOOST_TEST(help.loaded.exit_code.value() == 0);
  BOOST_TEST(help.output.find("--silence-limit") != std::string::npos);
  BOOST_TEST(help.output.find("Patience (1 s..10 min; default 9 s)") != std::string::npos);
  const Answer version_said = run({"--version"});
  BOOST_TEST(version_said.loaded.exit_code.value() == 0);
  BOOST_TEST(version_said.output == std::string("slicebus-test ") + version + "\n");
}

BOOST_AUTO_TEST_CASE(positionals_come_back_in_order_and_their_number_is_checked) {
  program.positionals = {"JOB", "FILE"};
  const Answer said = run({"a", "--port", "1", "b"});
  BOOST_TEST(said.errors == "");
  BOOST_TEST((said.loaded.positionals == std::vector<std::string>{"a", "b"}));
  BOOST_TEST(run({"a"}).errors == "slicebus-test: command line: needs FILE; --help shows how it is called\n");
  BOOST_TEST(run({"a", "b", "c"}).errors ==
             "slicebus-test: c: nothing is expected here; flags begin with --; --help lists all\n");
  BOOST_TEST(run({"--port"}).loaded.exit_code.value() == 2);
}

BOOST_AUTO_TEST_CASE(durations_are_read_as_people_write_them) {
  BOOST_TEST((parse_duration("250ms").value() == 250ms));
  BOOST_TEST((parse_duration(" 5 s ").value() == 5s));
  BOOST_TEST((parse_duration("2 minutes").value() == 2min));
  BOOST_TEST((parse_duration("5min").value() == 5min));
  BOOST_TEST((parse_duration("1 hour").value() == 1h));
  BOOST_TEST((parse_duration("1.5 s").value() == 1'500ms));
  BOOST_TEST((parse_duration("1500").value() == 1'500ms));
  BOOST_TEST((parse_duration("0").value() == 0ms));
  for (const char* wrong : {"", "s", "-1 s", "5 parsecs", "1e9 s", "inf", "nan", "9999999999999 d", "5 s s"}) {
    BOOST_TEST(!parse_duration(wrong).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(the_nearest_name_is_at_most_a_third_away) {
  BOOST_TEST(nearest("dedup", {"dedupe", "filter"}).value() == "dedupe");
  BOOST_TEST(nearest("flie_reader", {"file_exporter", "file_reader"}).value() == "file_reader");
  BOOST_TEST(!nearest("kafka", {"dedupe", "filter"}).has_value());
  BOOST_TEST(!nearest("", {"a"}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
