// file_reader: every record exactly once, whatever the slices; and a restart that goes on where it was.
#include <sys/stat.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <random>

#include "common/operations/file/file_chunk.hpp"
#include "common/operations/file/file_walk.hpp"
#include "tests/unit/common/operations/workbench.hpp"

using namespace slicebus;
using namespace slicebus::operations::test;
using boost::test_tools::per_element;
using nlohmann::json;
using Lines = std::vector<std::string>;
namespace file = slicebus::operations::file;

namespace {

json reader(const std::string& path, std::int64_t size, const json& more = json::object()) {
  json options = {{"_op", "file_reader"}, {"path", path}, {"size", size}};
  options.update(more);
  return checked(options);
}

/// All records of all slices, in slice order.
Lines read_all(const json& options, std::size_t at_a_time = 7) {
  const Cut slices = cut(options, at_a_time);
  if (!slices.error.empty()) {
    return {"error: " + slices.error};
  }
  Lines out;
  for (const std::string& request : slices.requests) {
    const auto batch = fetch(options, request);
    if (!batch) {
      return {"error: " + batch.error().text()};
    }
    const Lines part = texts(*batch);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

std::string joined(const Lines& lines, const std::string& delimiter, bool final_one) {
  std::string out;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    out += lines[at] + (at + 1 < lines.size() || final_one ? delimiter : "");
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file_readers)

BOOST_AUTO_TEST_CASE(the_slices_of_a_file_give_each_record_once_for_every_slice_size) {
  const TestDirectory directory;
  const std::string giant = R"({"giant":")" + std::string(60, 'g') + R"("})";
  const std::vector<Lines> files = {{R"({"a":1})"},
                                    {R"({"a":1})", R"({"b":22})", R"({})"},
                                    {giant, R"({"a":1})"},
                                    {R"({"a":1})", giant, giant, R"({"é":"ü"})"},
                                    {R"({})", R"({})", R"({})", R"({})"}};
  for (const Lines& lines : files) {
    for (const std::string delimiter : {"\n", "\r\n", "<|>", ",\n"}) {
      for (const bool final_one : {true, false}) {
        const std::string bytes = joined(lines, delimiter, final_one);
        directory.write("in", bytes);
        for (std::size_t size = 1; size <= bytes.size() + 1; ++size) {
          const json options =
              reader(directory.at("in"), static_cast<std::int64_t>(size), {{"line_delimiter", delimiter}});
          BOOST_REQUIRE_MESSAGE(read_all(options) == lines, "size " << size << " of " << bytes);
        }
      }
    }
  }
}

// Delimiters whose first byte also stands in the text, of up to 4 bytes, at every slice size: the union of the chunks
// equals a plain split.
BOOST_AUTO_TEST_CASE(random_files_are_read_exactly) {
  std::mt19937_64 chance(99);
  const TestDirectory directory;
  for (int round = 0; round < 300; ++round) {
    const std::vector<std::string> delimiters = {"\n", "\r\n", "ab", "aab", "abbb"};
    const std::string delimiter = delimiters[chance() % delimiters.size()];
    std::string bytes;
    for (std::uint64_t count = chance() % 40; count > 0; --count) {
      bytes += chance() % 4 == 0 ? delimiter : std::string(1, "ab\r\nx"[chance() % 5]);
    }
    directory.write("in", bytes);
    Lines expected;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = std::min(bytes.find(delimiter, at), bytes.size());
      expected.push_back(bytes.substr(at, end - at));
      at = end + delimiter.size();
    }
    for (std::uint64_t size = 1; size <= bytes.size() + 1; ++size) {
      Lines got;
      for (std::uint64_t offset = 0; offset < bytes.size(); offset += size) {
        const auto text = file::read_chunk(
            {directory.at("in"), offset, std::min<std::uint64_t>(size, bytes.size() - offset), bytes.size()},
            delimiter);
        BOOST_REQUIRE(text.has_value());
        for (std::size_t at = 0; at < text->text.size();) {
          BOOST_REQUIRE(text->first + at >= offset);
          BOOST_REQUIRE(text->first + at < offset + size);
          const std::size_t end = std::min(text->text.find(delimiter, at), text->text.size());
          got.push_back(text->text.substr(at, end - at));
          at = end + delimiter.size();
        }
      }
      BOOST_REQUIRE_MESSAGE(got == expected, "round " << round << " size " << size);
    }
  }
}

BOOST_AUTO_TEST_CASE(requests_have_teraslice_s_shape_and_cover_the_file) {
  const TestDirectory directory;
  directory.write("in", std::string(25, ' '));
  const Cut slices = cut(reader(directory.at("in"), 10), 100);
  BOOST_REQUIRE(slices.requests.size() == 3U);
  BOOST_TEST(json::parse(slices.requests[2]) ==
             (json{{"path", directory.at("in")}, {"offset", 20}, {"length", 5}, {"total", 25}}));
}

BOOST_AUTO_TEST_CASE(blank_lines_carriage_returns_and_a_byte_order_mark_are_no_records) {
  const TestDirectory directory;
  directory.write("in", "\xEF\xBB\xBF{\"a\":1}\r\n\r\n   \n{\"b\":2}\r\n\n\n{\"c\":3}\r");
  for (std::int64_t size = 3; size < 50; ++size) {
    BOOST_TEST(read_all(reader(directory.at("in"), size)) == (Lines{R"({"a":1})", R"({"b":2})", R"({"c":3})"}),
               per_element());
  }
}

BOOST_AUTO_TEST_CASE(directories_are_walked_in_the_order_of_names_dots_and_empty_files_passed_over) {
  const TestDirectory directory;
  directory.write("b/2.ldjson", R"({"n":4})");
  directory.write("b/10.ldjson", R"({"n":3})");
  directory.write("a.ldjson", R"({"n":2})");
  directory.write("A.ldjson", R"({"n":1})");
  directory.write("c/d/e.ldjson", R"({"n":5})");
  directory.write(".hidden", R"({"n":-1})");
  directory.write(".git/x", R"({"n":-1})");
  directory.write("b/.tmp", R"({"n":-1})");
  directory.write("empty.ldjson", "");
  std::filesystem::create_directories(directory.at("nothing"));
  std::filesystem::create_symlink("a.ldjson", directory.at("z-link"));
  std::filesystem::create_symlink("..", directory.at("b/z-loop"));
  std::filesystem::create_symlink("nowhere", directory.at("z-dangling"));
  BOOST_REQUIRE(::mkfifo(directory.at("z-pipe").c_str(), 0600) == 0);
  const Lines expected = {R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})", R"({"n":5})", R"({"n":2})"};
  BOOST_TEST(read_all(reader(directory.at(), 1'000)) == expected, per_element());
  BOOST_TEST(read_all(reader(directory.at() + "/", 3)) == expected, per_element());
}

BOOST_AUTO_TEST_CASE(file_per_slice_makes_one_slice_of_each_file) {
  const TestDirectory directory;
  directory.write("a", "{\"n\":1}\n\n\n{\"n\":2}");
  directory.write("b", "{\"n\":3}\n");
  const json options = reader(directory.at(), 3, {{"file_per_slice", true}});
  BOOST_TEST(cut(options, 10).requests.size() == 2U);
  BOOST_TEST(read_all(options).size() == 3U);
  // Only then may a delimiter overlap itself.
  BOOST_TEST(problems_of(reader(directory.at(), 3, {{"line_delimiter", "\n\n"}})).front() ==
             "op.line_delimiter: overlaps itself, so that a file cannot be cut at it; set file_per_slice to true, or "
             "use another one");
  BOOST_TEST(problems_of(reader(directory.at(), 3, {{"line_delimiter", "\n\n"}, {"file_per_slice", true}})).empty());
}

BOOST_AUTO_TEST_CASE(a_restart_from_any_cursor_goes_on_exactly_behind_it) {
  const TestDirectory directory;
  for (const char* name : {"a", "b/a", "b/b", "b/c/d", "c", "e"}) {
    directory.write(name, std::string(std::string(name) == "b/b" ? 0U : 23U, 'x'));
  }
  for (const bool whole : {false, true}) {
    const json options = reader(directory.at(), 5, {{"file_per_slice", whole}});
    const Cut all = cut(options, 1);
    BOOST_REQUIRE(all.requests.size() == (whole ? 5U : 25U));
    for (const std::size_t at_a_time : {1U, 3U, 1'000U}) {
      for (const auto& [before, cursor] : cut(options, at_a_time).cursors) {
        const Cut rest = cut(options, 4, cursor);
        BOOST_TEST(rest.error == "");
        BOOST_TEST(
            rest.requests == Lines(all.requests.begin() + static_cast<std::ptrdiff_t>(before), all.requests.end()),
            per_element());
      }
    }
  }
  const json single = reader(directory.at("a"), 5);
  BOOST_TEST(cut(single, 2, cut(single, 2).cursors[1].second).requests.size() == 1U);
}

BOOST_AUTO_TEST_CASE(files_that_come_and_go_meanwhile_change_only_what_lies_behind_the_cursor) {
  const TestDirectory directory;
  for (const char* name : {"b", "d/x", "f"}) {
    directory.write(name, std::string(10, 'x'));
  }
  const json options = reader(directory.at(), 5);
  const std::string in_b = cut(options, 1).cursors[0].second;
  directory.write("a", std::string(5, 'x'));    // sorts before the place reached: not read
  directory.write("c", std::string(5, 'x'));    // behind: read
  directory.write("b", std::string(500, 'x'));  // grew after its first slice was cut: its old size counts
  std::filesystem::remove(directory.at("f"));   // not yet cut: gone
  const auto shown = [&](const std::string& cursor) {
    std::string out;
    for (const std::string& request : cut(options, 1, cursor).requests) {
      const json parsed = json::parse(request);
      out += parsed["path"].get<std::string>().substr(directory.at().size() + 1) + "@" + parsed["offset"].dump() + "/" +
             parsed["total"].dump() + " ";
    }
    return out;
  };
  BOOST_TEST(shown(in_b) == "b@5/10 c@0/5 d/x@0/10 d/x@5/10 ");
  std::filesystem::remove(directory.at("b"));  // the file in work is gone: on with the next one
  BOOST_TEST(shown(in_b) == "c@0/5 d/x@0/10 d/x@5/10 ");
  const std::string in_d = cut(options, 1, in_b).cursors[1].second;
  std::filesystem::remove_all(directory.at("d"));
  directory.write("e", std::string(5, 'x'));
  BOOST_TEST(shown(in_d) == "e@0/5 ");
  directory.write("d", std::string(5, 'x'));  // a file where the directory was
  BOOST_TEST(shown(in_d) == "d@0/5 e@0/5 ");
}

BOOST_AUTO_TEST_CASE(an_execution_that_goes_on_may_find_its_directory_read_and_cleared) {
  const TestDirectory directory;
  directory.write("in/a", "{}");
  const json options = reader(directory.at("in"), 5);
  const std::string cursor = cut(options, 1).cursors.back().second;
  std::filesystem::remove(directory.at("in/a"));
  BOOST_TEST(cut(options, 1, cursor).error == "");
  BOOST_TEST(cut(options, 1, cursor).requests.empty());
  BOOST_TEST(!cut(options, 1).error.empty());
}

BOOST_AUTO_TEST_CASE(a_cursor_of_another_path_is_refused) {
  const TestDirectory directory;
  directory.write("one/a", "{}");
  directory.write("two/a", "{}");
  const std::string cursor = cut(reader(directory.at("one"), 5), 1).cursors[0].second;
  BOOST_TEST(cut(reader(directory.at("two"), 5), 1, cursor).error ==
             "operation \"file_reader\": the execution read \"" + directory.at("one") +
                 "\" so far and cannot go on in \"" + directory.at("two") +
                 "\"; give the earlier path, or start a new execution");
  BOOST_TEST(cut(reader(directory.at("one"), 5), 1, "{}").error.find("cursor is not one of its own") !=
             std::string::npos);
  BOOST_TEST(!cut(reader(directory.at("one"), 5), 1, "nonsense").error.empty());
}

BOOST_AUTO_TEST_CASE(a_persistent_reader_is_never_done_and_once_is) {
  const TestDirectory directory;
  directory.write("a", "{}");
  const json options = reader(directory.at(), 5);
  auto slicer = operations::find_operation("file_reader")->make_slicer({.options = options, .persistent = true});
  BOOST_REQUIRE(slicer.has_value());
  BOOST_TEST((*slicer)->next(10)->requests.size() == 1U);
  const auto idle = (*slicer)->next(10);
  BOOST_TEST(idle->requests.empty());
  BOOST_TEST(!idle->done);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_path_is_said_alike_at_submission_and_at_the_start) {
  const TestDirectory directory;
  std::filesystem::create_directories(directory.at("empty"));
  directory.write("only/.hidden", "{}");
  BOOST_REQUIRE(::mkfifo(directory.at("pipe").c_str(), 0600) == 0);
  const auto expect = [&](const std::string& name, const std::string& text) {
    const std::string path = "path \"" + directory.at(name) + "\": ";
    BOOST_TEST(problems_of(reader(directory.at(name), 5)).front() == "op.path: " + path + text);
    BOOST_TEST(cut(reader(directory.at(name), 5), 1).error == path + text);
  };
  const std::string empty =
      "is not valid: the directory is empty; put files there (names that begin with a dot are not read), or correct "
      "the path";
  expect("missing",
         "cannot read: No such file or directory; correct the path; every machine of the cluster must see it under the "
         "same name");
  expect("empty", empty);
  expect("only", empty);
  expect("pipe", "is neither a file nor a directory; name a file, or a directory of files");
  BOOST_TEST(problems_of({{"_op", "file_reader"}, {"path", ""}}).front() ==
             "op.path: This field is required and must be of type string, got \"\"");
  if (::geteuid() != 0) {  // root reads everything
    directory.write("locked/a", "{}");
    ::chmod(directory.at("locked").c_str(), 0);
    expect("locked", "cannot read: Permission denied; give the user that runs Slicebus the right to read it");
    ::chmod(directory.at("locked").c_str(), 0700);
  }
}

BOOST_AUTO_TEST_CASE(bad_options_are_named_with_what_is_supported) {
  const TestDirectory directory;
  directory.write("a", "{}");
  const auto first = [&](const json& more) { return problems_of(reader(directory.at("a"), 5, more)).front(); };
  BOOST_TEST(first({{"format", "csv"}}) == "op.format: must be one of the following: ldjson, got \"csv\"");
  BOOST_TEST(first({{"compression", "gzip"}}) == "op.compression: must be one of the following: none, got \"gzip\"");
  BOOST_TEST(first({{"size", 0}}) == "op.size: must be between 1 and 1099511627776, got 0");
  BOOST_TEST(first({{"line_delimiter", ""}}) == "op.line_delimiter: must be 1 to 64 bytes, got 0");
  BOOST_TEST(first({{"_encoding", "raw"}}) == "op._encoding: must be json for format ldjson, got \"raw\"");
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_json_object_follows_the_dead_letter_action) {
  const TestDirectory directory;
  directory.write("in", "{\"a\":1}\n{\"a\":}\n[2]\n{\"a\":3}\n");
  BOOST_TEST(read_all(reader(directory.at("in"), 1'000)).front() ==
             "error: operation \"file_reader\": path \"" + directory.at("in") +
                 "\", line at byte 8: byte 5: expected a value, got \"}\", in record {\"a\":}; set _dead_letter_action "
                 "to \"log\" or \"none\" to drop such records");
  const json options = reader(directory.at("in"), 1'000, {{"_dead_letter_action", "none"}});
  auto fetcher = operations::find_operation("file_reader")->make_fetcher(options);
  const auto batch = (*fetcher)->fetch({}, cut(options, 1).requests.front());
  BOOST_REQUIRE(batch.has_value());
  BOOST_TEST(texts(*batch) == (Lines{R"({"a":1})", R"({"a":3})"}), per_element());
  BOOST_TEST((*fetcher)->rejected() == 2U);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_gone_or_was_shortened_fails_the_slice_with_its_name) {
  const TestDirectory directory;
  directory.write("in", "{\"a\":1}\n{\"a\":2}\n");
  const json options = reader(directory.at("in"), 8);
  const Cut slices = cut(options, 10);
  directory.write("in", "{\"a\":1}\n");
  BOOST_TEST(fetch(options, slices.requests[0]).error().text() ==
             "path \"" + directory.at("in") +
                 "\": has 8 bytes, but had 16 when it was cut into slices; restore the file; input must not be "
                 "shortened while an execution reads it");
  std::filesystem::remove(directory.at("in"));
  BOOST_TEST((fetch(options, slices.requests[1]).error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(requests_that_are_not_its_own_are_refused) {
  const json options = reader("/nowhere", 5);
  for (const char* request :
       {"", "[]", "{}", R"({"path":5,"offset":0,"length":1,"total":1})",
        R"({"path":"/x","offset":-1,"length":1,"total":1})", R"({"path":"/x","offset":1.5,"length":1,"total":1})",
        R"({"path":"/x","offset":1,"length":1,"total":1})", R"({"path":"/x","offset":0,"total":1})",
        R"({"path":"/x","offset":9223372036854775807,"length":9223372036854775807,"total":1})"}) {
    const auto batch = fetch(options, request);
    BOOST_REQUIRE(!batch.has_value());
    BOOST_TEST((batch.error().code == Errc::invalid), request);
  }
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_utf8_is_refused_not_lost) {
  const TestDirectory directory;
  directory.write("a", "{}");
  directory.write("b\xFF", "{}");
  BOOST_TEST(cut(reader(directory.at(), 5), 10).error ==
             "path \"" + directory.at() + "\": the name \"b\xEF\xBF\xBD\" in it is not UTF-8; rename it");
}

BOOST_AUTO_TEST_SUITE_END()
