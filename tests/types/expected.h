// What PostgreSQL prints, and what SQLite has to hold for it: the rules of docs/types.md, written a second time and as
// plainly as can be.

#ifndef DELTAMIRROR_TESTS_TYPES_EXPECTED_H_
#define DELTAMIRROR_TESTS_TYPES_EXPECTED_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/lab/cluster.h"

namespace deltamirror {

// What an output function prints, or nothing: NULL.
using PrintedValue = std::optional<std::string>;

// The rows of a query as the types' output functions print them, with the settings that a mirror's sessions have.
std::vector<std::vector<PrintedValue>> Printed(lab::Cluster* cluster, const std::string& sql);

// What Shown must say of the value that PostgreSQL prints so. `type`: the base type, as format_type prints it without
// modifiers; "text" for whatever is text.
std::string Expected(const std::string& type, const PrintedValue& printed);

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_TYPES_EXPECTED_H_
