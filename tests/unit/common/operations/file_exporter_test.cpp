// file_exporter: what becomes visible, when, and what is left behind. The same promises for every sender that names its
// output.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/unit/common/operations/workbench.hpp"

using namespace slicebus;
using namespace slicebus::operations;
using namespace slicebus::operations::test;
using boost::test_tools::per_element;
using nlohmann::json;
using Lines = std::vector<std::string>;

namespace {

const LineageId lineage{"5f0c2c3e-0000-4000-8000-000000000001"};
const LineageId other_lineage{"5f0c2c3e-0000-4000-8000-000000000002"};

SliceContext context(std::uint64_t order, Fence fence, const LineageId& of = lineage) {
  return {.lineage = of, .ex_id = {of.text}, .slice = {0, order}, .fence = fence};
}

std::unique_ptr<Sender> sender(const std::string& path, const json& more = json::object()) {
  json options = {{"_op", "file_exporter"}, {"path", path}};
  options.update(more);
  return std::move(*find_operation("file_exporter")->make_sender(checked(options)));
}

const std::string final_name = lineage.text + ".0-0000000007.ldjson";
const std::string temporary = "." + final_name + ".2-5";

/// Runs `body` in a child process with a full file system of 64 KiB mounted at `at`, if this user may mount. @return
/// its exit code, -1: may not
template <class Body>
int with_tiny_disk(const std::string& at, unsigned long flags, Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tiny", at.c_str(), "tmpfs", flags, "size=64k") != 0) {
      ::_exit(99);
    }
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 98;
  return code == 99 ? -1 : code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file_exporters)

BOOST_AUTO_TEST_CASE(output_is_hidden_until_it_is_published_then_whole_and_named_by_slice) {
  const TestDirectory directory;
  const auto exporter = sender(directory.at("new/deep"));
  auto prepared = exporter->prepare(context(7, {2, 5}), batch_of({R"({"a": 1.50})", "{\"b\":\n2}"}));
  BOOST_REQUIRE(prepared.has_value());
  BOOST_TEST(prepared->has_output);
  BOOST_TEST(prepared->records.size() == 2U);
  BOOST_TEST(directory.names("new/deep") == (Lines{temporary}), per_element());
  BOOST_TEST(exporter->publish(lineage, {0, 7}, {2, 5}).has_value());
  BOOST_TEST(directory.names("new/deep") == (Lines{final_name}), per_element());
  BOOST_TEST(directory.read("new/deep/" + final_name) == "{\"a\": 1.50}\n{\"b\": 2}\n");
}

BOOST_AUTO_TEST_CASE(publish_and_drop_may_come_twice_late_and_from_another_process) {
  const TestDirectory directory;
  sender(directory.at())->prepare(context(7, {2, 5}), batch_of({R"({"a":1})"})).value();
  sender(directory.at())->prepare(context(7, {2, 6}), batch_of({R"({"a":2})"})).value();
  BOOST_TEST(sender(directory.at())->publish(lineage, {0, 7}, {2, 5}).has_value());
  BOOST_TEST(sender(directory.at())->publish(lineage, {0, 7}, {2, 5}).has_value());
  sender(directory.at())->drop(lineage, {0, 7}, {2, 6});
  sender(directory.at())->drop(lineage, {0, 7}, {2, 6});
  sender(directory.at())->drop(lineage, {0, 7}, {2, 5});
  BOOST_TEST(directory.names() == (Lines{final_name}), per_element());
  BOOST_TEST(directory.read(final_name) == "{\"a\":1}\n");
  BOOST_TEST(sender(directory.at("never"))->publish(lineage, {0, 7}, {2, 5}).has_value());
}

BOOST_AUTO_TEST_CASE(a_second_attempt_under_the_same_fence_starts_its_file_anew) {
  const TestDirectory directory;
  const auto exporter = sender(directory.at());
  exporter->prepare(context(7, {2, 5}), batch_of({R"({"a":1})", R"({"a":2})"})).value();
  exporter->prepare(context(7, {2, 5}), batch_of({R"({"a":3})"})).value();
  BOOST_REQUIRE(exporter->publish(lineage, {0, 7}, {2, 5}).has_value());
  BOOST_TEST(directory.read(final_name) == "{\"a\":3}\n");
}

BOOST_AUTO_TEST_CASE(sweep_removes_the_temporary_files_of_its_lineage_up_to_its_epoch_only) {
  const TestDirectory directory;
  const auto exporter = sender(directory.at());
  exporter->prepare(context(7, {2, 5}), batch_of({"{}"})).value();
  exporter->prepare(context(8, {2, 9}), batch_of({"{}"})).value();
  exporter->prepare(context(7, {1, 1}, other_lineage), batch_of({"{}"})).value();
  BOOST_REQUIRE(exporter->publish(lineage, {0, 8}, {2, 9}).has_value());
  exporter->prepare(context(9, {1, 700}), batch_of({"{}"})).value();
  // A recovery has begun: what the controller of epoch 2 sweeps late is not for it to judge.
  exporter->prepare(context(9, {3, 1}), batch_of({"{}"})).value();
  exporter->prepare(context(9, {10, 1}), batch_of({"{}"})).value();
  directory.write(".mine", "x");
  directory.write("." + lineage.text + ".notes", "x");
  exporter->sweep(lineage, 2);
  exporter->sweep(lineage, 2);
  sender(directory.at("never"))->sweep(lineage, 2);
  Lines left{"." + other_lineage.text + ".0-0000000007.ldjson.1-1",
             ".mine",
             "." + lineage.text + ".notes",
             "." + lineage.text + ".0-0000000009.ldjson.3-1",
             "." + lineage.text + ".0-0000000009.ldjson.10-1",
             lineage.text + ".0-0000000008.ldjson"};
  std::sort(left.begin(), left.end());
  BOOST_TEST(directory.names() == left, per_element());
  exporter->sweep(lineage, 10);
  BOOST_TEST(directory.names().size() == 4U);
}

BOOST_AUTO_TEST_CASE(an_empty_slice_makes_no_file_and_no_directory) {
  const TestDirectory directory;
  const auto prepared = sender(directory.at("out"))->prepare(context(7, {2, 5}), record::RecordBatch{});
  BOOST_REQUIRE(prepared.has_value());
  BOOST_TEST(!prepared->has_output);
  BOOST_TEST(directory.names().empty());
}

BOOST_AUTO_TEST_CASE(names_sort_in_slice_order_up_to_ten_digits_and_beyond_stay_apart) {
  const TestDirectory directory;
  const auto exporter = sender(directory.at(), {{"extension", "json"}});
  for (const std::uint64_t order : {9U, 10U, 2'000'000'000U}) {
    exporter->prepare(context(order, {1, order}), batch_of({"{}"})).value();
    BOOST_REQUIRE(exporter->publish(lineage, {0, order}, {1, order}).has_value());
  }
  BOOST_TEST(directory.names() == (Lines{lineage.text + ".0-0000000009.json", lineage.text + ".0-0000000010.json",
                                         lineage.text + ".0-2000000000.json"}),
             per_element());
}

BOOST_AUTO_TEST_CASE(fields_project_and_order_and_the_delimiter_is_used) {
  const TestDirectory directory;
  const auto exporter =
      sender(directory.at(), {{"fields", {"b", "c.d", "a"}}, {"line_delimiter", ";\n"}, {"extension", ""}});
  exporter->prepare(context(1, {1, 1}), batch_of({R"({"a":1,"b":{"x":[1.0]},"z":0})", R"({"c":{"d":2}})"})).value();
  BOOST_REQUIRE(exporter->publish(lineage, {0, 1}, {1, 1}).has_value());
  BOOST_TEST(directory.read(lineage.text + ".0-0000000001") == "{\"b\":{\"x\":[1.0]},\"a\":1};\n{\"c.d\":2};\n");
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_projected_follows_the_dead_letter_action) {
  const TestDirectory directory;
  const auto strict = sender(directory.at(), {{"fields", {"a"}}});
  const auto failed = strict->prepare(context(1, {1, 1}), batch_of({R"({"a":1})", "[1]"}));
  BOOST_REQUIRE(!failed.has_value());
  BOOST_TEST((failed.error().code == Errc::invalid));
  BOOST_TEST(directory.names().empty());
  const auto prepared = sender(directory.at(), {{"fields", {"a"}}, {"_dead_letter_action", "none"}})
                            ->prepare(context(1, {1, 1}), batch_of({R"({"a":1})", "[1]"}));
  BOOST_REQUIRE(prepared.has_value());
  BOOST_TEST(prepared->rejected == 1U);
  BOOST_TEST(prepared->records.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_failed_attempt_rejected_is_not_counted_for_the_next_one) {
  const TestDirectory directory;
  directory.write("out", "in the way");
  const auto exporter = sender(directory.at("out"), {{"fields", {"a"}}, {"_dead_letter_action", "none"}});
  std::vector<std::string> records{"[1]"};
  records.resize(4'000, R"({"a":")" + std::string(100, 'x') + R"("})");
  BOOST_REQUIRE(!exporter->prepare(context(7, {2, 5}), batch_of(records)).has_value());
  std::filesystem::remove(directory.at("out"));
  const auto prepared = exporter->prepare(context(7, {2, 5}), batch_of({R"({"a":1})"}));
  BOOST_REQUIRE(prepared.has_value());
  BOOST_TEST(prepared->rejected == 0U);
}

BOOST_AUTO_TEST_CASE(large_slices_are_written_whole) {
  const TestDirectory directory;
  const auto exporter = sender(directory.at());
  std::string expected;
  record::RecordBatch batch;
  for (int at = 0; at < 50'000; ++at) {
    const std::string record = "{\"n\":" + std::to_string(at) + "}";
    batch.add(record);
    expected += record + "\n";
  }
  exporter->prepare(context(7, {2, 5}), std::move(batch)).value();
  BOOST_REQUIRE(exporter->publish(lineage, {0, 7}, {2, 5}).has_value());
  BOOST_TEST((directory.read(final_name) == expected));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_exhausted_with_path_and_remedy_and_leaves_nothing) {
  const TestDirectory directory;
  const int code = with_tiny_disk(directory.at(), 0, [&] {
    record::RecordBatch batch;
    for (int at = 0; at < 2'000; ++at) {
      batch.add("{\"n\":\"" + std::string(100, 'x') + "\"}");
    }
    const auto prepared = sender(directory.at())->prepare(context(7, {2, 5}), std::move(batch));
    if (prepared || prepared.error().code != Errc::exhausted) {
      return 1;
    }
    const std::string expected =
        "path \"" + directory.at() +
        "\": cannot write: No space left on device; free space there; the slice runs again by itself";
    if (prepared.error().text() != expected) {
      std::fprintf(stderr, "%s\n", prepared.error().text().c_str());
      return 2;
    }
    if (!directory.names().empty()) {
      return 3;
    }
    return sender(directory.at())->prepare(context(7, {2, 6}), batch_of({"{}"})).has_value() ? 0 : 4;
  });
  if (code == -1) {
    BOOST_TEST_MESSAGE("this user may not mount a file system: skipped");
    BOOST_TEST(true);
  } else {
    BOOST_TEST(code == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_read_only_file_system_is_waited_for) {
  const TestDirectory directory;
  const int code = with_tiny_disk(directory.at(), MS_RDONLY, [&] {
    const auto prepared = sender(directory.at())->prepare(context(7, {2, 5}), batch_of({"{}"}));
    if (prepared || prepared.error().code != Errc::exhausted) {
      return 1;
    }
    if (prepared.error().text() !=
        "path \"" + directory.at() +
            "\": cannot write: Read-only file system; mount it writable; the slice runs again by itself") {
      return 2;
    }
    return problems_of({{"_op", "file_exporter"}, {"path", directory.at()}}).empty() ? 0 : 3;
  });
  if (code == -1) {
    BOOST_TEST_MESSAGE("this user may not mount a file system: skipped");
    BOOST_TEST(true);
  } else {
    BOOST_TEST(code == 0);
  }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_path_is_said_at_submission_and_when_it_is_written) {
  const TestDirectory directory;
  directory.write("file", "x");
  BOOST_TEST(problems_of({{"_op", "file_exporter"}, {"path", directory.at("file")}}).front() ==
             "op.path: path \"" + directory.at("file") +
                 "\": is not a directory; name a directory to write to; it is made when absent");
  BOOST_TEST(problems_of({{"_op", "file_exporter"}, {"path", directory.at("file/below")}})
                 .front()
                 .starts_with("op.path: path \"" + directory.at("file/below") + "\": cannot write: Not a directory"));
  BOOST_TEST(problems_of({{"_op", "file_exporter"}, {"path", directory.at("a/b/c")}}).empty());
  for (const char* name : {"file", "file/below"}) {
    const auto prepared = sender(directory.at(name))->prepare(context(7, {2, 5}), batch_of({"{}"}));
    BOOST_REQUIRE(!prepared.has_value());
    BOOST_TEST((prepared.error().code == Errc::invalid));
  }
  BOOST_TEST(problems_of({{"_op", "file_exporter"}})
                 .front()
                 .starts_with("op.path: This field is required and must be of type string"));
  BOOST_TEST(problems_of({{"_op", "file_exporter"}, {"path", directory.at()}, {"extension", "a/b"}}).front() ==
             "op.extension: must be at most 32 bytes without '/' and control characters");
  if (::geteuid() != 0) {
    ::chmod(directory.at().c_str(), 0500);
    BOOST_TEST(
        problems_of({{"_op", "file_exporter"}, {"path", directory.at("new")}}).front().find("Permission denied") !=
        std::string::npos);
    const auto prepared = sender(directory.at("new"))->prepare(context(7, {2, 5}), batch_of({"{}"}));
    BOOST_TEST((prepared.error().code == Errc::invalid));
    ::chmod(directory.at().c_str(), 0700);
  }
}

BOOST_AUTO_TEST_SUITE_END()
