#include "mirror/row_statement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mirror/row_sql.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror::mirror {
namespace {

bool SameNames(const RowColumns& columns, size_t count, size_t first, const auto& parameters) {
  if (columns.size() != count) return false;
  for (size_t i = 0; i < count; ++i) {
    if (columns[i].name != parameters[first + i].name) return false;
  }
  return true;
}

bool BringsAll(const Plan& plan, const std::vector<int>& indexes) {
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (plan.columns[i].required && std::find(indexes.begin(), indexes.end(), static_cast<int>(i)) == indexes.end()) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::Status BindColumn(sqlite::Statement& statement, int index, const PlanColumn& column,
                        const deltaflood::Column& value, types::Scratch& scratch) {
  if (value.is_null) {
    statement.BindNull(index);
  } else {
    types::Value decoded;
    RETURN_IF_ERROR(column.decoder(value.value, scratch, &decoded));
    statement.Bind(index, decoded);
  }
  return absl::OkStatus();
}

absl::Status FindColumns(const Plan& plan, const RowColumns& columns, std::vector<int>* indexes) {
  for (const deltaflood::Column& column : columns) {
    const int index = plan.Find(column.name);
    if (index < 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("table \"", plan.name, "\" has no column \"", column.name, "\""));
    }
    if (std::find(indexes->begin(), indexes->end(), index) != indexes->end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("column \"", column.name, "\" of table \"", plan.name, "\" stands twice in the line"));
    }
    indexes->push_back(index);
  }
  return absl::OkStatus();
}

absl::Status RowStatement::AddParameters(const Plan& plan, const RowColumns& columns, std::vector<int>* indexes) {
  RETURN_IF_ERROR(FindColumns(plan, columns, indexes));
  for (size_t i = 0; i < columns.size(); ++i) {
    parameters_.push_back({std::string(columns[i].name), &plan.columns[(*indexes)[i]], {}});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RowStatement>> RowStatement::Make(sqlite3* db, const Plan& plan, RowAction action,
                                                                 OnConflict policy, const RowColumns& columns,
                                                                 const RowColumns& old) {
  auto statement = std::unique_ptr<RowStatement>(new RowStatement());
  statement->column_count_ = columns.size();
  std::vector<int> indexes;
  std::vector<int> old_indexes;
  RETURN_IF_ERROR(statement->AddParameters(plan, columns, &indexes));
  RETURN_IF_ERROR(statement->AddParameters(plan, old, &old_indexes));
  statement->complete_ = BringsAll(plan, indexes);
  ASSIGN_OR_RETURN(const std::string sql, RowSql(plan, action, policy, indexes, old_indexes));
  ASSIGN_OR_RETURN(statement->statement_, sqlite::Statement::Prepare(db, sql, sqlite::Statement::kPersistent));
  return statement;
}

bool RowStatement::Fits(const RowColumns& columns, const RowColumns& old) const {
  return SameNames(columns, column_count_, 0, parameters_) &&
         SameNames(old, parameters_.size() - column_count_, column_count_, parameters_);
}

absl::Status RowStatement::BindAll(const RowColumns& columns, size_t first) {
  // What comes last may have no place in the statement: of a row's old values, those beside the key.
  const size_t count = static_cast<size_t>(statement_.parameter_count());
  for (size_t i = 0; i < columns.size() && first + i < count; ++i) {
    Parameter& parameter = parameters_[first + i];
    const absl::Status status =
        BindColumn(statement_, static_cast<int>(first + i) + 1, *parameter.column, columns[i], parameter.scratch);
    if (!status.ok()) return Named(absl::StrCat("column \"", parameter.name, "\""), status);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> RowStatement::Run(const RowColumns& columns, const RowColumns& old) {
  RETURN_IF_ERROR(BindAll(columns, 0));
  RETURN_IF_ERROR(BindAll(old, column_count_));
  return statement_.RunAndCount();
}

absl::StatusOr<RowStatement*> RowStatements::Find(RowAction action, const RowColumns& columns, const RowColumns& old) {
  auto& statements = statements_[static_cast<int>(action)];
  for (size_t i = 0; i < statements.size(); ++i) {
    if (!statements[i]->Fits(columns, old)) continue;
    if (i > 0) std::rotate(statements.begin(), statements.begin() + i, statements.begin() + i + 1);
    return statements.front().get();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<RowStatement> made, RowStatement::Make(db_, *plan_, action, policy_, columns, old));
  if (statements.size() == kMostStatements) statements.pop_back();
  statements.insert(statements.begin(), std::move(made));
  return statements.front().get();
}

}  // namespace deltamirror::mirror
