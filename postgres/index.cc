#include "postgres/index.h"

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr char kIndexes[] =
    "SELECT x.relname, i.indisunique AND i.indimmediate, a.attname, i.indoption[k.place] & 1 = 1,"
    " CASE WHEN m.amname <> 'btree' THEN 'it is of kind ' || m.amname WHEN i.indexprs IS NOT NULL THEN 'it is on an"
    " expression' WHEN i.indpred IS NOT NULL THEN 'it is partial' WHEN NOT i.indisvalid THEN 'it is not valid' END"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
    " JOIN pg_catalog.pg_am m ON m.oid = x.relam"
    " CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k(place)"
    " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.place]"
    " WHERE i.indrelid = $1 ORDER BY x.relname, k.place";

}  // namespace

absl::StatusOr<std::vector<Index>> ReadIndexes(Connection& connection, uint32_t relid) {
  ASSIGN_OR_RETURN(const Result result, connection.Query(kIndexes, {absl::StrCat(relid)}));
  std::vector<Index> indexes;
  for (int row = 0; row < result.rows(); ++row) {
    if (indexes.empty() || indexes.back().name != result.text(row, 0))
      indexes.push_back({.name = std::string(result.text(row, 0)),
                         .unique = result.text(row, 1) == "t",
                         .columns = {},
                         .unfit = std::string(result.text(row, 4))});
    if (result.is_null(row, 2)) continue;
    indexes.back().columns.push_back(
        {.name = std::string(result.text(row, 2)), .descending = result.text(row, 3) == "t"});
  }
  return indexes;
}

}  // namespace deltamirror::postgres
