#include "mirror/ddl.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mirror/check_names.h"
#include "mirror/create_table.h"
#include "mirror/follow.h"
#include "mirror/must_be_run.h"
#include "mirror/target_table.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {

using types::Relation;

namespace {

// The shape of a table that was kept here when it was dropped, as if the one that has its name now had come from it:
// its columns are those that have their names, and the others were dropped.
Relation ByName(Relation kept, const Relation& shape) {
  int dropped = 0;
  for (types::Column& column : kept.columns) {
    column.attnum = --dropped;
    for (const types::Column& now : shape.columns) {
      if (absl::EqualsIgnoreCase(now.name, column.name)) column.attnum = now.attnum;
    }
  }
  return kept;
}

}  // namespace

std::string Ddl::CopyAgain(const State& state, const TableState& table) {
  const std::string name =
      table.schema == "public" ? QuoteIdentifier(table.name) : QuoteQualified(table.schema, table.name);
  return absl::StrCat("Bootstrap the table again: SELECT deltamirror_bootstrap(", QuoteLiteral(state.name().Text()),
                      ", 'CONNINFO', ", QuoteLiteral(name), ", '{\"again\":true}')");
}

// Once the names differ, the stream still has the line that does not.
absl::Status Ddl::CheckColumns(const Relation& shape, const TableState& table) const {
  absl::Status status = CheckColumnNames(shape, table.target);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), ". Then: ", CopyAgain(*state_, table)));
}

absl::Status Ddl::Make(TableState* table, const Relation& shape) {
  RETURN_IF_ERROR(CheckColumns(shape, *table));
  RETURN_IF_ERROR(CheckTargetName(*state_, table->target, table));
  ASSIGN_OR_RETURN(const types::Overrides overrides, types::Overrides::Parse(table->overrides));
  ASSIGN_OR_RETURN(const std::optional<TargetTable> target, ReadTargetTable(db_, settings_.schema, table->target));
  const Relation before = std::exchange(table->relation, shape);
  ASSIGN_OR_RETURN(const std::string sql, CreateMirroredSql(settings_.schema, table->target, shape, overrides));
  if (sql.empty()) {
    table->status = TableStatus::kAbsent;
    return state_->SaveTable(*table);
  }
  if (target) {
    // Made by hand, or kept when it was dropped in PostgreSQL: then its rows are old ones.
    if (before.relid != 0) {
      RETURN_IF_ERROR(sqlite::Execute(db_, absl::StrCat("DELETE FROM ", QuoteQualified(target->schema, target->name))));
    }
    const bool kept = before.relid != 0 && settings_.on_ddl == OnDdl::kKeep;
    RETURN_IF_ERROR(
        FollowShape(db_, *target, kept ? ByName(before, shape) : Relation(), shape,
                    {.overrides = overrides, .policy = settings_.on_ddl, .remedy = CopyAgain(*state_, *table)}));
  } else if (settings_.on_ddl == OnDdl::kStop) {
    return MustBeRun(absl::StrCat("table \"", table->target, "\" is new"), kOnDdlIsStop, sql);
  } else {
    RETURN_IF_ERROR(sqlite::Execute(db_, sql));
  }
  table->status = TableStatus::kLive;
  table->last_error.clear();
  return state_->SaveTable(*table);
}

absl::Status Ddl::Follow(TableState* table, const Relation& shape) {
  RETURN_IF_ERROR(CheckColumns(shape, *table));
  ASSIGN_OR_RETURN(const std::optional<TargetTable> target, ReadTargetTable(db_, settings_.schema, table->target));
  if (!target) {
    return absl::NotFoundError(absl::StrCat("it does not exist any more. ", CopyAgain(*state_, *table)));
  }
  if (shape.columns.empty()) {
    ASSIGN_OR_RETURN(const int64_t has_rows,
                     sqlite::QueryInt64(db_, absl::StrCat("SELECT EXISTS (SELECT 1 FROM ",
                                                          QuoteQualified(target->schema, target->name), ")")));
    if (has_rows == 0) {
      RETURN_IF_ERROR(Drop(table));
      table->relation = shape;
      return state_->SaveTable(*table);
    }
    return absl::FailedPreconditionError(absl::StrCat(
        "it has rows, but no column any more, and SQLite knows no such tables. Add a column in PostgreSQL. "
        "Then: ",
        CopyAgain(*state_, *table)));
  }
  ASSIGN_OR_RETURN(const types::Overrides overrides, types::Overrides::Parse(table->overrides));
  RETURN_IF_ERROR(
      FollowShape(db_, *target, table->relation, shape,
                  {.overrides = overrides, .policy = settings_.on_ddl, .remedy = CopyAgain(*state_, *table)}));
  table->relation = shape;
  return state_->SaveTable(*table);
}

absl::Status Ddl::Rename(TableState* table, absl::string_view schema, absl::string_view name) {
  const std::string target = types::TargetName(schema, name);
  std::optional<TargetTable> here;
  if (HasTable(*table)) {
    ASSIGN_OR_RETURN(here, ReadTargetTable(db_, settings_.schema, table->target));
  }
  if (here && here->name != target) {
    RETURN_IF_ERROR(CheckTargetName(*state_, target, table));
    const std::string sql = absl::StrCat("ALTER TABLE ", QuoteQualified(settings_.schema, here->name), " RENAME TO ",
                                         QuoteIdentifier(target));
    if (settings_.on_ddl == OnDdl::kStop) {
      return MustBeRun(absl::StrCat("table \"", table->target, "\" is called \"", target, "\""), kOnDdlIsStop, sql);
    }
    RETURN_IF_ERROR(sqlite::Execute(db_, sql));
  }
  table->schema = std::string(schema);
  table->name = std::string(name);
  table->target = target;
  table->relation.schema = table->schema;
  table->relation.table = table->name;
  return state_->SaveTable(*table);
}

absl::Status Ddl::SetAside(TableState* table) {
  std::string name = absl::StrCat(table->name, " (", table->relation.relid, ")");
  while (state_->FindTable(table->schema, name) != nullptr) absl::StrAppend(&name, " (old)");
  return Rename(table, std::string(table->schema), name);
}

absl::Status Ddl::DropTable(const TableState& table) {
  ASSIGN_OR_RETURN(const std::optional<TargetTable> here, ReadTargetTable(db_, settings_.schema, table.target));
  if (!here) return absl::OkStatus();
  const std::string sql = absl::StrCat("DROP TABLE ", QuoteQualified(here->schema, here->name));
  const std::string what = absl::StrCat("table \"", table.target, "\" was dropped");
  if (settings_.on_ddl == OnDdl::kStop) return MustBeRun(what, kOnDdlIsStop, sql);
  if (sqlite::HasRunningStatement(db_)) return MustBeRun(what, "SQLite drops no table while a statement runs", sql);
  return sqlite::Execute(db_, sql);
}

absl::Status Ddl::Drop(TableState* table) {
  if (settings_.on_ddl != OnDdl::kKeep && HasTable(*table)) RETURN_IF_ERROR(DropTable(*table));
  table->status = TableStatus::kAbsent;
  table->last_error.clear();
  table->handover.clear();
  return state_->SaveTable(*table);
}

absl::Status Ddl::Attach(TableState* partition, const TableState& root) {
  ASSIGN_OR_RETURN(const std::optional<TargetTable> here, ReadTargetTable(db_, settings_.schema, partition->target));
  if (here) {
    std::string columns;
    for (const types::Column& column : root.relation.columns) {
      if (column.generated == "virtual") continue;
      absl::StrAppend(&columns, columns.empty() ? "" : ", ", QuoteIdentifier(column.name));
    }
    const std::string sql = absl::StrCat("INSERT INTO ", QuoteQualified(settings_.schema, root.target), " (", columns,
                                         ") SELECT ", columns, " FROM ", QuoteQualified(here->schema, here->name));
    if (settings_.on_ddl == OnDdl::kStop) {
      return MustBeRun(
          absl::StrCat("table \"", partition->target, "\" has become a partition of \"", root.target, "\""),
          kOnDdlIsStop, absl::StrCat(sql, "; DROP TABLE ", QuoteQualified(here->schema, here->name)));
    }
    RETURN_IF_ERROR(sqlite::Execute(db_, sql));
    RETURN_IF_ERROR(DropTable(*partition));
  }
  partition->status = TableStatus::kAbsent;
  return state_->SaveTable(*partition);
}

}  // namespace deltamirror::mirror
