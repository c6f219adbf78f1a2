// What a user may want to know beside a statement's result.

#ifndef DELTAMIRROR_SQLITE_NOTICE_H_
#define DELTAMIRROR_SQLITE_NOTICE_H_

#include "absl/strings/string_view.h"

namespace deltamirror::sqlite {

// Into SQLite's error log, as SQLITE_NOTICE: the shell shows it with `.log stderr`, a host that called
// sqlite3_config(SQLITE_CONFIG_LOG, ...) gets it there.
void Notice(absl::string_view text);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_NOTICE_H_
