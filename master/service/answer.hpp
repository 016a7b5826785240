#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <tl/expected.hpp>

#include "common/result.hpp"

namespace slicebus::service {

/// JSON whose fields keep their order.
using Json = nlohmann::ordered_json;

/// Why a use case says no; master/api/status.cpp turns it into an HTTP status.
enum class RefusalKind : std::uint8_t {
  invalid,        ///< a parameter or body is wrong
  invalid_job,    ///< the job does not pass validation (R-api-69, 70)
  unprocessable,  ///< well-formed, and never allowed (R-api-68)
  not_found,
  conflict,
  gone,           ///< the job is deleted
  not_available,  ///< nobody to ask at this moment (R-api-90)
  overloaded,     ///< too much of it waits already, or we are ending; later it may
  failed          ///< the records cannot be read or written, or our own mistake
};

/// `message` is what the user reads, whole.
struct Refusal {
  RefusalKind kind = RefusalKind::failed;
  std::string message;

  bool operator==(const Refusal&) const = default;
};

template <class T>
using Answer = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(RefusalKind kind, std::string message) {
  return tl::unexpected<Refusal>(Refusal{kind, std::move(message)});
}
/// An error from below: its kind and its whole text.
tl::unexpected<Refusal> refuse(const Error& error);

}  // namespace slicebus::service
