#pragma once

namespace slicebus {

/// One function out of a lambda per alternative, for std::visit: a forgotten alternative does not compile.
template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
/// clang 16 does not deduce the arguments of an aggregate.
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace slicebus
