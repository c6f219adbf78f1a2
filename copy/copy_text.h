// A row in PostgreSQL's text COPY format (its documentation, COPY, "Text Format").

#ifndef DELTAMIRROR_COPY_COPY_TEXT_H_
#define DELTAMIRROR_COPY_COPY_TEXT_H_

#include <string>

#include "sqlite/statement.h"

namespace deltamirror::copy {

// Appends the statement's current row, ended with a line feed: NULL as \N, integers in digits, reals in their shortest
// exact form, text escaped, blobs as bytea's hex form.
void AppendCopyRow(const sqlite::Statement& row, std::string* out);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_COPY_TEXT_H_
