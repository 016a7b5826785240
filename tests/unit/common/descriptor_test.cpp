#include "common/descriptor.hpp"

#include <fcntl.h>

using namespace slicebus;

namespace {

Descriptor any_file() { return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

BOOST_AUTO_TEST_SUITE(descriptors)

BOOST_AUTO_TEST_CASE(a_descriptor_is_closed_with_its_owner) {
  int fd = -1;
  {
    const Descriptor file = any_file();
    fd = file.get();
    BOOST_TEST(file.is_open());
    BOOST_TEST(is_open(fd));
  }
  BOOST_TEST(!is_open(fd));
}

BOOST_AUTO_TEST_CASE(it_moves_and_what_was_owned_before_is_closed) {
  Descriptor first = any_file();
  Descriptor second = any_file();
  const int kept = first.get();
  const int replaced = second.get();
  second = std::move(first);
  BOOST_TEST(second.get() == kept);
  BOOST_TEST(!first.is_open());  // NOLINT: what is left is none
  BOOST_TEST(!is_open(replaced));
  Descriptor& itself = second;
  second = std::move(itself);
  BOOST_TEST(is_open(kept));
}

BOOST_AUTO_TEST_CASE(closing_says_once_what_failed) {
  Descriptor file = any_file();
  BOOST_TEST(file.close() == 0);
  BOOST_TEST(file.close() == 0);
  // Somebody else has closed it: a defect that the owner hears of.
  Descriptor gone = any_file();
  ::close(gone.get());
  BOOST_TEST(gone.close() == EBADF);
  BOOST_TEST(gone.close() == 0);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_opened_is_none) {
  const Descriptor none(::open("/nowhere/at/all", O_RDONLY | O_CLOEXEC));
  BOOST_TEST(!none.is_open());
}

BOOST_AUTO_TEST_SUITE_END()
