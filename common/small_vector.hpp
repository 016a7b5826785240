#pragma once
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace slicebus {

/// boost::container::small_vector of plain values, whose first N need no allocation. Boost does not promise that its
/// move throws nothing, so that vectors of anything that contains one would copy whole messages when they grow. Plain
/// values inside are copied, those outside change hands: neither can throw.
template <class T, std::size_t N>
class SmallVector : public boost::container::small_vector<T, N> {
  static_assert(std::is_trivially_copyable_v<T>, "SmallVector is for plain values");
  using Base = boost::container::small_vector<T, N>;

 public:
  using Base::Base;
  SmallVector() = default;
  SmallVector(const SmallVector&) = default;
  SmallVector& operator=(const SmallVector&) = default;
  SmallVector(SmallVector&& other) noexcept : Base(static_cast<Base&&>(other)) {}
  SmallVector& operator=(SmallVector&& other) noexcept {
    Base::operator=(static_cast<Base&&>(other));
    return *this;
  }
  ~SmallVector() = default;
};

}  // namespace slicebus
