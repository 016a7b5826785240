#include "tests/support/wishes.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <random>

namespace slicebus::support {

long asked_for(const char* variable, long otherwise) {
  const char* value = std::getenv(variable);  // NOLINT: one thread
  return value != nullptr ? std::atol(value) : otherwise;
}

unsigned drawn_seed() {
  const auto seed = static_cast<unsigned>(asked_for("SLICEBUS_SEED", static_cast<long>(std::random_device()())));
  BOOST_TEST_MESSAGE("seed " << seed << "; again with SLICEBUS_SEED=" << seed);
  return seed;
}

long records_of_job() { return asked_for("SLICEBUS_TEST_RECORDS", 100'000); }

}  // namespace slicebus::support
