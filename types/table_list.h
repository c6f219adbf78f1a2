// The argument `tables`: which PostgreSQL tables are meant. No PostgreSQL in here, so that every room can use it.

#ifndef DELTAMIRROR_TYPES_TABLE_LIST_H_
#define DELTAMIRROR_TYPES_TABLE_LIST_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::types {

// A list of names separated by commas: `flights` (of the schema public), `ops.crew`, `ops.*`, `*` for all. Names are
// SQL identifiers: without double quotes they are folded to lower case, "Crew, old" keeps them as they are. The plugin
// reads its option `tables` by the same rules.
//
//   ASSIGN_OR_RETURN(const TableList tables, TableList::Parse("flights, ops.*"));
//   tables.Matches("ops", "crew");   // true
class TableList {
 public:
  struct Entry {
    std::optional<std::string> schema;  // nothing: every schema
    std::optional<std::string> table;   // nothing: every table

    bool operator==(const Entry&) const = default;
  };

  // InvalidArgument, naming what was expected and what came, for a text that is no such list, an empty one included,
  // and for a name in a schema that is never mirrored.
  static absl::StatusOr<TableList> Parse(absl::string_view text);

  // `*`.
  TableList() : entries_(1) {}

  // Whether the list asks for the table. Never for the schemas of IsReservedSchema.
  bool Matches(absl::string_view schema, absl::string_view table) const;

  const std::vector<Entry>& entries() const { return entries_; }

  // The list again, each name with its schema and in quotes: "flights, ops.*" gives "public"."flights","ops".*
  std::string ToString() const;

 private:
  explicit TableList(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  std::vector<Entry> entries_;
};

// PostgreSQL's own schemas (pg_..., information_schema) and ours (deltamirror).
bool IsReservedSchema(absl::string_view schema);

// What a table is called as a mirrored table, and in messages: `flights` for public.flights, `ops.crew` for others. Two
// tables may share it: public."ops.crew" and ops.crew.
std::string TargetName(absl::string_view schema, absl::string_view table);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_TABLE_LIST_H_
