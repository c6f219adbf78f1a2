// What SQLite has to hold for what PostgreSQL prints: the rules of docs/types.md, written a second time and as plainly
// as can be, and without any code of what is tested.

#ifndef DELTAMIRROR_TESTS_TYPES_EXPECTED_H_
#define DELTAMIRROR_TESTS_TYPES_EXPECTED_H_

#include <sqlite3.h>

#include <optional>
#include <string>

namespace deltamirror {

// What an output function prints, or nothing: NULL.
using PrintedValue = std::optional<std::string>;

// What ShownValue must say of the value that PostgreSQL prints so. `type`: the base type, as format_type prints it
// without modifiers; "text" for whatever is text.
std::string Expected(const std::string& type, const PrintedValue& printed);

// The type that its column is declared with.
std::string DeclaredType(const std::string& type);

// A value in SQLite with its storage class, and every byte of it: "null", "integer 7", "real 0x1.8p+0", "text fox",
// "blob 00ff".
std::string ShownValue(sqlite3_stmt* row, int column);

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_TYPES_EXPECTED_H_
