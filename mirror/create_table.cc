#include "mirror/create_table.h"

#include "copy/target.h"
#include "mirror/plan.h"

namespace deltamirror::mirror {

absl::StatusOr<std::string> CreateMirroredSql(const std::string& schema, const std::string& target,
                                              const types::Relation& shape, const types::Overrides& overrides) {
  copy::TableShape table;
  for (const types::Column& column : shape.columns) {
    if (column.generated == "virtual") continue;
    table.columns.push_back({column.name, std::string(types::MappingFor(column, overrides).declared), column.not_null});
  }
  if (table.columns.empty()) return std::string();
  table.primary_key = KeyColumns(shape);
  return copy::CreateTableSql({schema, target}, table);
}

}  // namespace deltamirror::mirror
