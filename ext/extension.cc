// The entry point, and the index of everything that deltamirror brings to SQL.

#include <dlfcn.h>

#include "ext/deltaflood_parse.h"
#include "ext/deltamirror_bootstrap.h"
#include "ext/function.h"
#include "ext/pg_exec.h"
#include "ext/pg_export.h"
#include "ext/pg_import.h"
#include "ext/pg_schema_save.h"
#include "ext/pg_slot.h"
#include "ext/version.h"
#include "sqlite/api.h"
#include "sqlite/row_source.h"
#include "vtab/daystream.h"
#include "vtab/daystream_apply.h"
#include "vtab/deltamirror.h"
#include "vtab/deltamirror_status.h"
#include "vtab/deltamirror_verify.h"
#include "vtab/deltastream.h"
#include "vtab/pg_query.h"
#include "vtab/pg_schema.h"
#include "vtab/pg_slots.h"

namespace deltamirror::ext {
namespace {

// Functions without side effects may be used anywhere, also in the schema of a database that came from elsewhere.
constexpr int kPure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
// Functions that connect, read, write or change anything may not: only the application's own SQL calls them.
constexpr int kDirect = SQLITE_UTF8 | SQLITE_DIRECTONLY;

struct Function {
  const char* name;
  int least;  // arguments
  int most;
  int flags;
  ScalarFunction function;
};

constexpr Function kFunctions[] = {
    {"deltamirror_version", 0, 0, kPure, DeltamirrorVersion},
    {"deltamirror_debug", 0, 0, kPure, DeltamirrorDebug},
    {"deltaflood_parse", 1, 1, kPure, DeltafloodParse},
    {"pg_exec", 2, 2, kDirect, PgExec},
    {"pg_export", 3, 4, kDirect, PgExport},
    {"pg_import", 3, 4, kDirect, PgImport},
    {"pg_schema_save", 1, 2, kDirect, PgSchemaSave},
    {"pg_slot_create", 2, 3, kDirect, PgSlotCreate},
    {"pg_slot_drop", 2, 2, kDirect, PgSlotDrop},
    {"deltamirror_bootstrap", 3, 4, kDirect, DeltamirrorBootstrap},
};

using RegisterModule = int (*)(sqlite3* db);

constexpr RegisterModule kModules[] = {
    sqlite::RegisterRowSource,        // deltamirror_rows, internal
    vtab::RegisterDaystreamApply,     // daystream_apply
    vtab::RegisterDaystream,          // daystream
    vtab::RegisterDeltamirror,        // deltamirror
    vtab::RegisterDeltamirrorStatus,  // deltamirror_status
    vtab::RegisterDeltamirrorVerify,  // deltamirror_verify
    vtab::RegisterDeltastream,        // deltastream
    vtab::RegisterPgQuery,            // pg_query
    vtab::RegisterPgSchema,           // pg_schema
    vtab::RegisterPgSlots,            // pg_slots
};

int Register(sqlite3* db) {
  for (const Function& entry : kFunctions) {
    for (int count = entry.least; count <= entry.most; ++count) {
      const int rc = sqlite3_create_function_v2(db, entry.name, count, entry.flags, nullptr, entry.function, nullptr,
                                                nullptr, nullptr);
      if (rc != SQLITE_OK) return rc;
    }
  }
  for (const RegisterModule module : kModules) {
    if (const int rc = module(db); rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}

// The library stays where it is when the last connection that has loaded it is closed: what the C++ library and others
// have allocated for it once would be lost, and allocated again with the next connection; and a thread may still run
// (postgres/cancel.h).
void StayInMemory() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&StayInMemory), &self) == 0) return;
  if (void* const library = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) dlclose(library);
}

}  // namespace
}  // namespace deltamirror::ext

extern "C" __attribute__((visibility("default"))) int sqlite3_deltamirror_init(sqlite3* db, char** message,
                                                                               const sqlite3_api_routines* api) {
  if (!deltamirror::sqlite::InitializeApi(api)) {
    *message =
        sqlite3_mprintf("deltamirror needs SQLite 3.35.0 or later, but this host brings %s", sqlite3_libversion());
    return SQLITE_ERROR;
  }
  deltamirror::ext::StayInMemory();
  return deltamirror::ext::Register(db);
}
