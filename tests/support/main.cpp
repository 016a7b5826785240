#define BOOST_TEST_MODULE slicebus
#include <boost/test/unit_test.hpp>
