// The SQL statement for one kind of change to one table with one list of columns, and a cache of such statements.

#ifndef DELTAMIRROR_MIRROR_ROW_STATEMENT_H_
#define DELTAMIRROR_MIRROR_ROW_STATEMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltaflood/record.h"
#include "mirror/plan.h"
#include "mirror/row_action.h"
#include "mirror/settings.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"
#include "types/decoder.h"

namespace deltamirror::mirror {

using RowColumns = std::vector<deltaflood::Column>;

// Binds what a line says of a column. The value must live until the statement has run.
absl::Status BindColumn(sqlite::Statement& statement, int index, const PlanColumn& column,
                        const deltaflood::Column& value, types::Scratch& scratch);

// The columns' places in the plan. FailedPrecondition or InvalidArgument, naming table and column, if one is not the
// table's or stands twice.
absl::Status FindColumns(const Plan& plan, const RowColumns& columns, std::vector<int>* indexes);

class RowStatement {
 public:
  // The plan must outlive the statement. `columns`: of the new row, or of the row to delete; `old`: for kMove, what
  // describes the row. InvalidArgument, naming table and column, if the columns are not the table's, or do not find a
  // row.
  static absl::StatusOr<std::unique_ptr<RowStatement>> Make(sqlite3* db, const Plan& plan, RowAction action,
                                                            OnConflict policy, const RowColumns& columns,
                                                            const RowColumns& old);

  // Whether it is for these columns, in this order.
  bool Fits(const RowColumns& columns, const RowColumns& old) const;

  // Runs it for the values of such a list; returns how many rows changed. Decodes in place: the values must live
  // during the call only.
  absl::StatusOr<int> Run(const RowColumns& columns, const RowColumns& old);

  // Whether the columns are all that the row has, so that it can be inserted.
  bool complete() const { return complete_; }

 private:
  struct Parameter {
    std::string name;  // of the column in the line
    const PlanColumn* column;
    types::Scratch scratch;
  };

  RowStatement() = default;
  absl::Status AddParameters(const Plan& plan, const RowColumns& columns, std::vector<int>* indexes);
  absl::Status BindAll(const RowColumns& columns, size_t first);

  std::vector<Parameter> parameters_;  // columns, then old
  size_t column_count_ = 0;            // how many of them are columns
  bool complete_ = false;
  sqlite::Statement statement_;
};

// Keeps statements until it goes. At most kMostStatements an action: partial updates can have many lists of columns.
class RowStatements {
 public:
  static constexpr size_t kMostStatements = 64;

  // The plan must outlive the cache.
  RowStatements(sqlite3* db, const Plan* plan, OnConflict policy) : db_(db), plan_(plan), policy_(policy) {}

  // Valid until the next call.
  absl::StatusOr<RowStatement*> Find(RowAction action, const RowColumns& columns, const RowColumns& old);

 private:
  sqlite3* db_;
  const Plan* plan_;
  OnConflict policy_;
  // The one used last comes first.
  std::vector<std::unique_ptr<RowStatement>> statements_[kRowActions];
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_ROW_STATEMENT_H_
