// What is copied: a query on the server, and how its columns come over.

#ifndef DELTAMIRROR_COPY_SOURCE_H_
#define DELTAMIRROR_COPY_SOURCE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "postgres/connection.h"
#include "types/mapping.h"
#include "types/relation.h"

namespace deltamirror::copy {

struct Source {
  std::string query;                   // one statement that gives rows
  std::string table;                   // as the user wrote it, if the source is a bare table name; else ""
  std::vector<types::Column> columns;  // what it gives: name, type, oid (of a domain its base type), elem
};

// A column on its way: which of the source's it is (from 0), its name in the target, and what decodes it.
struct Field {
  size_t source = 0;
  std::string name;
  types::Mapping mapping;
};

// All of the source's columns, under their own names.
std::vector<Field> AllFields(const Source& source, const types::Overrides& overrides);

// Describes a query or, if `text` is nothing but a name (t, s.t, "S"."T"), the table of that name. Nothing runs.
absl::StatusOr<Source> DescribeSource(postgres::Connection& connection, absl::string_view text);

// Whether the text is a table name and nothing else.
bool IsTableName(absl::string_view text);

// COPY (...) TO STDOUT (FORMAT binary) that gives the fields in their order, each in its binary form if its field has a
// decoder for that, else as the text that the type's output function prints. (A cast to text is not the same: it drops
// the blanks of char(n) and makes ::1/128 of the inet ::1.) Types that send their text anyway (enums, citext) get the
// text decoder as their binary one: `fields` is changed there.
absl::StatusOr<std::string> CopyStatement(postgres::Connection& connection, const Source& source,
                                          std::vector<Field>* fields);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_SOURCE_H_
