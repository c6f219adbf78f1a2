#include "postgres/library.h"

#include <libpq-fe.h>

namespace deltamirror::postgres {

int LibraryVersion() {
  return PQlibVersion();
}

}  // namespace deltamirror::postgres
