// A table that is made anew beside the old one, filled from it, and takes its place.

#ifndef DELTAMIRROR_MIRROR_REBUILD_H_
#define DELTAMIRROR_MIRROR_REBUILD_H_

#include <string>
#include <vector>

#include "mirror/table_definition.h"
#include "mirror/target_table.h"

namespace deltamirror::mirror {

struct RebuiltColumn {
  TargetColumn column;
  std::string value;  // what to fill it with: an expression over the old row
};

struct NewTable {
  std::vector<RebuiltColumn> columns;
  std::vector<std::string> key;      // the primary key; empty for none
  std::vector<std::string> dropped;  // columns that the old table alone has
};

// The statements that replace `old` by a table like `wanted`, with those of its indexes that name no dropped column,
// and all its triggers. To be run in a transaction, with ALTER TABLE in its legacy form: other tables, views and
// triggers that name the table go on naming it. Rows keep their order, not their rowids.
std::vector<std::string> RebuildStatements(const TargetTable& old, const TableDefinition& definition,
                                           const NewTable& wanted);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_REBUILD_H_
