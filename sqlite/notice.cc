#include "sqlite/notice.h"

#include <string>

#include "sqlite/api.h"

namespace deltamirror::sqlite {

void Notice(absl::string_view text) {
  sqlite3_log(SQLITE_NOTICE, "%s", std::string(text).c_str());
}

}  // namespace deltamirror::sqlite
