#include "worker/slot/page.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace slicebus;
using slot::PageReader;
using slot::PageWriter;

BOOST_AUTO_TEST_SUITE(page)

BOOST_AUTO_TEST_CASE(agent_reads_the_slice_that_runs_until_it_has_ended) {
  auto reader = PageReader::create();
  BOOST_REQUIRE(reader.has_value());
  auto writer = PageWriter::open(reader->fd());
  BOOST_REQUIRE(writer.has_value());
  BOOST_TEST(!reader->running().has_value());
  const wire::SliceCopy copy{{3, 1'234'567'890'123}, {7, 42}};
  writer->running(copy);
  BOOST_TEST((reader->running() == copy));
  writer->idle();
  BOOST_TEST(!reader->running().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_page_is_refused_with_the_reason) {
  BOOST_TEST(!PageWriter::open(-1).has_value());
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);
  BOOST_TEST(!PageWriter::open(ends[0]).has_value());
  close(ends[0]);
  close(ends[1]);
}

BOOST_AUTO_TEST_CASE(page_that_its_slot_cut_short_names_no_slice_and_harms_nobody) {
  auto reader = PageReader::create();
  BOOST_REQUIRE(reader.has_value());
  BOOST_REQUIRE(ftruncate(reader->fd(), 0) == 0);
  BOOST_TEST(!reader->running().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
