#include "postgres/index.h"

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr char kIndexes[] =
    "SELECT x.relname, i.indisunique AND i.indimmediate, a.attname, i.indoption[k.place] & 1 = 1"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
    " JOIN pg_catalog.pg_am m ON m.oid = x.relam"
    " CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k(place)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.place]"
    " WHERE i.indrelid = $1 AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL AND m.amname = 'btree'"
    " ORDER BY x.relname, k.place";

}  // namespace

absl::StatusOr<std::vector<Index>> ReadIndexes(Connection& connection, uint32_t relid) {
  ASSIGN_OR_RETURN(const Result result, connection.Query(kIndexes, {absl::StrCat(relid)}));
  std::vector<Index> indexes;
  for (int row = 0; row < result.rows(); ++row) {
    if (indexes.empty() || indexes.back().name != result.text(row, 0))
      indexes.push_back(
          {.name = std::string(result.text(row, 0)), .unique = result.text(row, 1) == "t", .columns = {}});
    indexes.back().columns.push_back(
        {.name = std::string(result.text(row, 2)), .descending = result.text(row, 3) == "t"});
  }
  return indexes;
}

}  // namespace deltamirror::postgres
