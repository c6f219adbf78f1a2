#include "ext/version.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "ext/commit.h"
#include "postgres/library.h"

namespace deltamirror::ext {

void DeltamirrorVersion(sqlite3_context* context, int, sqlite3_value**) {
  sqlite3_result_text(context, kVersion, -1, SQLITE_STATIC);
}

void DeltamirrorDebug(sqlite3_context* context, int, sqlite3_value**) {
  const std::string text =
      absl::StrCat("deltamirror ", kVersion, "\ncommit ", kCommit, "\ncompiler ", __VERSION__, "\nsqlite built with ",
                   SQLITE_VERSION, ", running ", sqlite3_libversion(), "\nlibpq ", postgres::LibraryVersion());
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

}  // namespace deltamirror::ext
