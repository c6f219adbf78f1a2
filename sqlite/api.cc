#include "sqlite/api.h"

extern "C" {
SQLITE_EXTENSION_INIT1
}

namespace deltamirror::sqlite {

bool InitializeApi(const sqlite3_api_routines* api) {
  SQLITE_EXTENSION_INIT2(api);
  return sqlite3_libversion_number() >= kOldestVersion;
}

}  // namespace deltamirror::sqlite
