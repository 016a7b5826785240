// What the server gives again without the loop: only what is of the revision at hand, by target, and not too much.
#include "master/http/answer_cache.hpp"

using namespace slicebus::http;  // NOLINT: test

namespace {

HttpResponse answer_of(std::string body) { return {.body = std::move(body), .cacheable = true}; }

/// The body that is kept for a target, or "nothing".
std::string known(AnswerCache& cache, const std::string& target, std::uint64_t revision) {
  const HttpResponse* found = cache.find(target, revision);
  return found != nullptr ? found->body : "nothing";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answer_cache)

BOOST_AUTO_TEST_CASE(an_answer_is_found_by_its_whole_target_while_the_revision_is_the_same) {
  AnswerCache cache;
  cache.keep("/ex/a", answer_of("a"), 1);
  cache.keep("/ex/a?size=1", answer_of("a, one"), 1);
  BOOST_TEST(known(cache, "/ex/a", 1) == "a");
  BOOST_TEST(known(cache, "/ex/a", 1) == "a");
  BOOST_TEST(known(cache, "/ex/a?size=1", 1) == "a, one");
  BOOST_TEST(known(cache, "/EX/a", 1) == "nothing");
  BOOST_TEST(known(cache, "/ex/b", 1) == "nothing");
}

BOOST_AUTO_TEST_CASE(all_answers_are_gone_with_the_next_revision_and_do_not_come_back) {
  AnswerCache cache;
  cache.keep("/ex/a", answer_of("a"), 1);
  cache.keep("/ex/b", answer_of("b"), 1);
  BOOST_TEST(known(cache, "/ex/a", 2) == "nothing");
  BOOST_TEST(known(cache, "/ex/b", 2) == "nothing");
  BOOST_TEST(known(cache, "/ex/b", 1) == "nothing");
}

BOOST_AUTO_TEST_CASE(an_answer_that_was_overtaken_by_a_change_on_its_way_is_not_kept) {
  AnswerCache cache;
  BOOST_TEST(known(cache, "/ex/a", 7) == "nothing");
  cache.keep("/ex/a", answer_of("old"), 6);
  BOOST_TEST(known(cache, "/ex/a", 7) == "nothing");
  cache.keep("/ex/a", answer_of("new"), 7);
  BOOST_TEST(known(cache, "/ex/a", 7) == "new");
}

BOOST_AUTO_TEST_CASE(an_answer_of_a_newer_revision_takes_the_place_of_the_older_ones) {
  AnswerCache cache;
  cache.keep("/ex/a", answer_of("old"), 1);
  cache.keep("/ex/b", answer_of("new"), 2);
  BOOST_TEST(known(cache, "/ex/a", 2) == "nothing");
  BOOST_TEST(known(cache, "/ex/b", 2) == "new");
}

BOOST_AUTO_TEST_CASE(more_answers_than_the_limit_begin_anew) {
  AnswerCache cache({.answers_max = 2});
  for (const char* target : {"/a", "/b", "/c"}) {
    cache.keep(target, answer_of("x"), 1);
  }
  BOOST_TEST(known(cache, "/a", 1) == "nothing");
  BOOST_TEST(known(cache, "/b", 1) == "nothing");
  BOOST_TEST(known(cache, "/c", 1) == "x");
}

BOOST_AUTO_TEST_CASE(more_bytes_than_the_limit_begin_anew_and_one_answer_of_too_many_is_not_kept) {
  AnswerCache cache({.bytes_max = 100, .answer_bytes_max = 60});
  const std::string half(48, 'x');
  cache.keep("/a", answer_of(half), 1);
  cache.keep("/a", answer_of(half), 1);  // two clients asked at once: it is one answer
  cache.keep("/b", answer_of(half), 1);
  BOOST_TEST(known(cache, "/a", 1) == half);
  BOOST_TEST(known(cache, "/b", 1) == half);
  cache.keep("/c", answer_of(std::string(59, 'y')), 1);
  BOOST_TEST(known(cache, "/c", 1) == "nothing");
  BOOST_TEST(known(cache, "/a", 1) == half, "what is too large drives nobody out");
  cache.keep("/d", answer_of("z"), 1);
  BOOST_TEST(known(cache, "/a", 1) == "nothing");
  BOOST_TEST(known(cache, "/d", 1) == "z");
}

BOOST_AUTO_TEST_SUITE_END()
