// On the wire a SmallVector is what a std::vector is, so that either end may change which one it has.
#include "common/wire/small_vector.hpp"

namespace {

using Small = slicebus::SmallVector<std::uint32_t, 2>;
using Vector = std::vector<std::uint32_t>;

template <class T>
std::string packed(const T& value) {
  msgpack::sbuffer bytes;
  msgpack::pack(bytes, value);
  return {bytes.data(), bytes.size()};
}

template <class T>
T unpacked(const std::string& bytes) {
  T value;
  msgpack::unpack(bytes.data(), bytes.size()).get().convert(value);
  return value;
}

Small small(const Vector& values) {
  Small out;
  for (const std::uint32_t value : values) {
    out.push_back(value);
  }
  return out;
}

/// None, as many as fit without an allocation, more than that, and more than msgpack's shorter forms of an array have.
const std::vector<Vector> samples{{}, {1}, {1, 70'000}, {1, 2, 300}, Vector(20, 7), Vector(70'000, 8)};

}  // namespace

BOOST_AUTO_TEST_SUITE(small_vector_on_the_wire)

BOOST_AUTO_TEST_CASE(it_is_packed_as_a_vector_is) {
  for (const Vector& sample : samples) {
    BOOST_TEST((packed(small(sample)) == packed(sample)), sample.size());
  }
}

BOOST_AUTO_TEST_CASE(it_reads_what_a_vector_wrote) {
  for (const Vector& sample : samples) {
    const auto read = unpacked<Small>(packed(sample));
    BOOST_TEST(Vector(read.begin(), read.end()) == sample, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(what_it_held_before_is_gone) {
  const std::string bytes = packed(Vector{9});
  const msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size());
  Small into = small({1, 2, 3});
  handle.get().convert(into);
  BOOST_TEST(into.size() == 1U);
  BOOST_TEST(into.front() == 9U);
}

BOOST_AUTO_TEST_CASE(anything_but_an_array_of_its_elements_is_refused) {
  BOOST_CHECK_THROW(unpacked<Small>(packed(7)), msgpack::type_error);
  BOOST_CHECK_THROW(unpacked<Small>(packed(std::string("a"))), msgpack::type_error);
  BOOST_CHECK_THROW(unpacked<Small>(packed(std::vector<std::string>{"a"})), msgpack::type_error);
}

BOOST_AUTO_TEST_SUITE_END()
