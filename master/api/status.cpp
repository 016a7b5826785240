#include "master/api/status.hpp"

namespace slicebus::api {

int http_status(service::RefusalKind kind, int validation_status) {
  switch (kind) {
    case service::RefusalKind::invalid:
      return 400;
    case service::RefusalKind::invalid_job:
      return validation_status;
    case service::RefusalKind::unprocessable:
      return 422;
    case service::RefusalKind::not_found:
      return 404;
    case service::RefusalKind::conflict:
      return 409;
    case service::RefusalKind::gone:
      return 410;
    case service::RefusalKind::overloaded:
      return 503;
    case service::RefusalKind::not_available:
    case service::RefusalKind::failed:
      break;
  }
  return 500;
}

}  // namespace slicebus::api
