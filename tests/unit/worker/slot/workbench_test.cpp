// What the I/O thread takes back and what the operations' thread begins, at the same moment: design.md §4, a recall
// returns what has not begun. Two real threads; `cmake --preset tsan` looks at what they share.
#include "worker/slot/workbench.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>

#include "common/time.hpp"

namespace slicebus::slot {
namespace {

constexpr Duration patience = 60s;

BOOST_AUTO_TEST_SUITE(workbench)

BOOST_AUTO_TEST_CASE(a_turn_either_begins_or_is_taken_back_and_those_that_begin_are_the_first_ones) {
  constexpr std::uint64_t turns_max = 20'000;
  Turns turns;
  std::atomic<std::uint64_t> handed{0};
  std::vector<bool> begun(turns_max + 1);  // the operations' thread's, until it has ended
  std::vector<bool> revoked(turns_max + 1);
  std::thread operations([&] {
    for (std::uint64_t turn = 1; turn <= turns_max; ++turn) {
      while (handed.load() < turn) {
        std::this_thread::yield();
      }
      begun[turn] = turns.begin(turn);
    }
  });
  std::mt19937 chance(7);
  for (std::uint64_t last = 0; last < turns_max;) {
    last = std::min(turns_max, last + 1 + chance() % 8);
    handed.store(last);
    for (auto wait = chance() % 4; wait > 0; --wait) {
      std::this_thread::yield();
    }
    if (chance() % 2 == 0) {
      for (std::uint64_t turn = turns.revoke(last) + 1; turn <= last; ++turn) {
        BOOST_TEST(!revoked[turn], "turn " << turn << " was taken back twice");
        revoked[turn] = true;
      }
    }
  }
  operations.join();
  for (std::uint64_t turn = 1; turn <= turns_max; ++turn) {
    BOOST_TEST(begun[turn] != revoked[turn],
               "turn " << turn << (begun[turn] ? " began though it was taken back" : " is lost"));
  }
  BOOST_TEST(std::count(begun.begin(), begun.end(), true) > 0);
  BOOST_TEST(std::count(revoked.begin(), revoked.end(), true) > 0);
}

/// The slot's I/O thread: hands slices 1, 2, … to a real pipeline, and hears what became of them.
class IoThread {
 public:
  IoThread() { operations_.pipe().send(BuildPipeline{R"({"operations":[{"_op":"test-reader"},{"_op":"noop"}]})"}); }

  void hand(std::size_t count) {
    std::vector<wire::AssignedSlice> slices;
    for (std::size_t i = 0; i < count; ++i) {
      handed_.push_back({0, ++last_});
      slices.push_back({.slice = {0, last_}, .fence = {1, last_}, .request = "[{\"a\":1}]"});
    }
    operations_.hand(std::move(slices));
  }
  /// Nothing of them may be heard of any more.
  void revoke() {
    const std::size_t count = operations_.revoke();
    BOOST_TEST_REQUIRE(count <= handed_.size());
    revoked += count;
    handed_.resize(handed_.size() - count);
  }
  void hear() {
    while (auto answers = operations_.pipe().receive()) {
      for (const SlotEvent& answer : *answers) {
        const auto* told = std::get_if<SlicesEnded>(&answer);
        BOOST_TEST_REQUIRE(told != nullptr);
        for (const auto& [outcome, took] : told->slices) {
          BOOST_TEST((outcome.kind == wire::OutcomeKind::completed), outcome.error);
          BOOST_TEST_REQUIRE(ended < handed_.size());
          BOOST_TEST((outcome.copy.slice == handed_[ended]), "it ran, or ran twice, though it was taken back");
          ++ended;
        }
      }
    }
  }
  bool hears_of_all() {
    bus::Poll poll;
    poll.watch(operations_.pipe().native());
    for (const TimePoint end = monotonic_now() + patience; ended < handed_.size() && monotonic_now() < end;) {
      poll.wait(1s);
      hear();
    }
    return ended == handed_.size();
  }

  std::size_t ended = 0;
  std::size_t revoked = 0;

 private:
  bus::Context context_;
  PageReader reader_ = PageReader::create().value();
  PageWriter page_ = PageWriter::open(reader_.fd()).value();
  std::uint64_t last_ = 0;
  std::vector<SlicePosition> handed_;  ///< and not taken back, in order
  OperationsActor operations_{context_, LineageId{"e1"}, ExecutionId{"e1"}, 0, page_};
};

BOOST_AUTO_TEST_CASE(every_slice_that_was_handed_and_not_taken_back_ends_once_and_in_order) {
  IoThread thread;
  std::mt19937 chance(11);
  for (int round = 0; round < 300; ++round) {
    thread.hand(1 + chance() % 8);
    for (auto wait = chance() % 3; wait > 0; --wait) {
      std::this_thread::yield();
    }
    thread.hear();
    if (chance() % 2 == 0) {
      thread.revoke();
    }
  }
  BOOST_TEST(thread.hears_of_all());
  BOOST_TEST(thread.ended > 0U);
  BOOST_TEST(thread.revoked > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace slicebus::slot
