#include "mirror/create_table.h"

#include <vector>

#include "copy/target.h"
#include "mirror/plan.h"
#include "types/mapping.h"

namespace deltamirror::mirror {

absl::Status CreateMirroredTable(sqlite3* db, const std::string& schema, const std::string& target,
                                 const types::Relation& shape) {
  copy::TableShape table;
  for (const types::Column& column : shape.columns) {
    if (column.generated == "virtual") continue;
    table.columns.push_back({column.name, std::string(types::MappingFor(column).declared), column.not_null});
  }
  table.primary_key = KeyColumns(shape);
  return copy::CreateTable(db, {schema, target}, table);
}

}  // namespace deltamirror::mirror
