#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace slicebus {

/// What kind of failure, coarse on purpose: one table turns it into an HTTP status (master/api/status.cpp), one into a
/// retry decision (worker/pipeline/retry.cpp).
enum class Errc : std::uint8_t {
  invalid,      ///< the caller's input is wrong and will stay wrong
  not_found,    ///< the named thing does not exist
  conflict,     ///< the named thing exists in a state that forbids this
  unavailable,  ///< a peer, file or disk cannot serve now; later it may
  timed_out,    ///< no answer within the stated limit
  exhausted,    ///< a limit in records, bytes, slots or disk space is reached
  internal      ///< our own mistake
};

/// An error says where it happened, what happened and what to do about it; values quoted, numbers with units.
struct Error {
  Errc code = Errc::internal;
  std::string where;   ///< "job \"orders\": operations[2]._op"
  std::string what;    ///< "no operation \"dedup\""
  std::string remedy;  ///< "did you mean \"dedupe\"? GET /operations lists all 14"; may be empty

  bool operator==(const Error&) const = default;
  /// "where: what; remedy", without the parts that are empty.
  std::string text() const {
    std::string out = where.empty() ? what : where + ": " + what;
    return remedy.empty() ? out : out + "; " + remedy;
  }
};

/// A value or an Error. Read it with SB_TRY or `if (!r)`; a bare `*r` on an error is undefined.
template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, std::string where, std::string what, std::string remedy = {}) {
  return tl::unexpected<Error>(Error{code, std::move(where), std::move(what), std::move(remedy)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace slicebus

#define SB_TRY(name, expression)                                                    \
  auto name##_result = (expression);                                                \
  if (!name##_result) return tl::make_unexpected(std::move(name##_result).error()); \
  auto&& name = *std::move(name##_result)

#define SB_TRY_VOID(expression)                                                         \
  do {                                                                                  \
    auto sb_void_result = (expression);                                                 \
    if (!sb_void_result) return tl::make_unexpected(std::move(sb_void_result).error()); \
  } while (false)
