#include "master/service/answer.hpp"

namespace slicebus::service {

tl::unexpected<Refusal> refuse(const Error& error) {
  switch (error.code) {
    case Errc::invalid:
      return refuse(RefusalKind::invalid, error.text());
    case Errc::not_found:
      return refuse(RefusalKind::not_found, error.text());
    case Errc::conflict:
      return refuse(RefusalKind::conflict, error.text());
    case Errc::timed_out:
      return refuse(RefusalKind::overloaded, error.text());
    case Errc::unavailable:
    case Errc::exhausted:
    case Errc::internal:
      break;
  }
  return refuse(RefusalKind::failed, error.text());
}

}  // namespace slicebus::service
