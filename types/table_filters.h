// The argument `filters`: which columns and rows of a table are mirrored. No PostgreSQL in here, so that every room can
// use it.

#ifndef DELTAMIRROR_TYPES_TABLE_FILTERS_H_
#define DELTAMIRROR_TYPES_TABLE_FILTERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::types {

struct TableFilter {
  std::string schema;
  std::string table;
  std::optional<std::vector<std::string>> columns;  // nothing: all
  std::string where;                                // an SQL expression; empty: all rows
  // What the names above meant when the filter was made: the table's OID, and the numbers of all of its columns. By
  // them the filter follows what is renamed. 0 and empty: names mean what they mean at the moment.
  uint32_t relid = 0;
  std::vector<std::pair<std::string, int>> attributes;

  bool operator==(const TableFilter&) const = default;
};

// The plugin reads the same text by the same rules (plugin/selection.c).
//
//   ASSIGN_OR_RETURN(TableFilters filters,
//                    TableFilters::Parse(R"({"flights":{"columns":["id","gate"],"where":"price > 100"}})"));
//   filters.Find(16402, "public", "flights")->where;
class TableFilters {
 public:
  // "" has no filters. InvalidArgument, naming what was expected and what came, for a text that is not such an object,
  // for a name that is not that of one table (see TableList), and for a table that has two filters.
  static absl::StatusOr<TableFilters> Parse(absl::string_view json);

  TableFilters() = default;

  bool empty() const { return filters_.empty(); }
  const std::vector<TableFilter>& filters() const { return filters_; }
  std::vector<TableFilter>& filters() { return filters_; }

  // That of the table with the OID, else of the one with the name; null: all of it is wanted.
  const TableFilter* Find(uint32_t relid, absl::string_view schema, absl::string_view table) const;

  // For Parse; "" without filters.
  std::string ToJson() const;

  // The same as the user has written them, whatever the names mean.
  bool AsksForTheSame(const TableFilters& other) const;

 private:
  std::vector<TableFilter> filters_;  // by schema and table
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_TABLE_FILTERS_H_
