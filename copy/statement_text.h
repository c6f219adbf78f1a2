// One SQL statement, as a person typed it.

#ifndef DELTAMIRROR_COPY_STATEMENT_TEXT_H_
#define DELTAMIRROR_COPY_STATEMENT_TEXT_H_

#include "absl/strings/string_view.h"

namespace deltamirror::copy {

// The statement without the semicolon that ends it and what follows that: blanks, comments, more semicolons. A query
// has to go without them into a larger statement. A text in which something else follows a semicolon is several
// statements and comes back as it is, for PostgreSQL to refuse. The result lies in 'text'.
//
//   StatementBody("SELECT ';' ; -- all of it\n") == "SELECT ';' "
absl::string_view StatementBody(absl::string_view text);

// Whether the text, put into parentheses, stays in them: it closes none that it has not opened, and nothing in it ends
// the statement. Behind it must come a line feed, for a comment that ends with the line.
bool StaysInParentheses(absl::string_view text);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_STATEMENT_TEXT_H_
