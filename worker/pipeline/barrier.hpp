#pragma once
#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "common/result.hpp"

namespace slicebus::pipeline {

/// Calls an operation and turns what it throws into an error; errors are given its name. Running out of memory is not
/// caught: the process dies and is started again (style.md §11).
template <class Call>
auto guarded(const std::string& name, Call&& call) -> std::invoke_result_t<Call> {
  try {
    auto result = std::forward<Call>(call)();
    if (!result) {
      Error error = std::move(result).error();
      error.where = error.where.empty() ? name : name + ": " + error.where;
      return fail(std::move(error));
    }
    return result;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    return fail(Errc::internal, name, std::string("threw \"") + thrown.what() + "\"");
  } catch (...) {
    return fail(Errc::internal, name, "threw something that is no std::exception");
  }
}

}  // namespace slicebus::pipeline
