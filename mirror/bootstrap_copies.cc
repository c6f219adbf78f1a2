#include "mirror/bootstrap_copies.h"

#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "copy/target.h"
#include "mirror/bootstrap_entry.h"
#include "mirror/bootstrap_table.h"
#include "postgres/index.h"
#include "postgres/schema.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

using postgres::CatalogTable;

absl::StatusOr<int64_t> CopyOne(sqlite3* db, postgres::Connection& connection, const CatalogTable& one,
                                const BootstrapOptions& options, State* state) {
  RETURN_IF_ERROR(ForgetOldName(db, one.relation, "", state));
  const bool known = state->FindTable(one.relation.schema, one.relation.table) != nullptr;
  ASSIGN_OR_RETURN(TableState entry, NewEntry(state, one.relation, options));
  entry.status = TableStatus::kCopied;
  const copy::Target target = {state->settings().schema, entry.target};
  RETURN_IF_ERROR(PrepareMirroredTable(db, target, one.relation, options.overrides, known));
  ASSIGN_OR_RETURN(const int64_t rows, CopyMirroredTable(db, connection, one, one.relation, target, options));
  if (options.indexes) RETURN_IF_ERROR(CopyIndexes(db, connection, one.relation, target, options));
  RETURN_IF_ERROR(state->AddTable(std::move(entry)).status());
  return rows;
}

using Read =
    absl::FunctionRef<absl::StatusOr<std::vector<CatalogTable>>(postgres::Connection&, const types::TableList&)>;

absl::StatusOr<int64_t> CopyList(sqlite3* db, postgres::Connection& connection, const std::string& list, Read read,
                                 const BootstrapOptions& options, State* state) {
  if (list.empty()) return 0;
  ASSIGN_OR_RETURN(const types::TableList parsed, types::TableList::Parse(list));
  ASSIGN_OR_RETURN(const std::vector<CatalogTable> found, read(connection, parsed));
  RETURN_IF_ERROR(postgres::CheckNames(found));
  int64_t rows = 0;
  for (const CatalogTable& one : found) {
    ASSIGN_OR_RETURN(const int64_t copied, CopyOne(db, connection, one, options, state));
    rows += copied;
  }
  return rows;
}

}  // namespace

absl::StatusOr<int64_t> CopyOnce(sqlite3* db, postgres::Connection& connection, const BootstrapOptions& options,
                                 State* state) {
  ASSIGN_OR_RETURN(const int64_t views,
                   CopyList(db, connection, options.matviews, postgres::ReadMaterializedViews, options, state));
  ASSIGN_OR_RETURN(const int64_t sequences,
                   CopyList(db, connection, options.sequences, postgres::ReadSequences, options, state));
  return views + sequences;
}

}  // namespace deltamirror::mirror
